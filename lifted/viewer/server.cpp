#include "lifted/viewer/server.h"

#include <arpa/inet.h>

#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>

#include "lifted/base/log.h"
#include "lifted/base/printable.h"
#include "lifted/formats/color_map.h"
#include "lifted/formats/webp.h"
#include "lifted/viewer/http_error.h"
#include "lifted/viewer/memory_keeper.h"
#include "lifted/viewer/render_pool.h"
#include "lifted/viewer/request_statistics.h"
#include "lifted/viewer/video.h"

namespace lifted::viewer {
namespace {

constexpr int max_videos = 2;         // at a time: each holds a connection for seconds
constexpr double video_patience = 4;  // times the timeout of one render
constexpr const char* api_root = "/api/v1/";

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

HttpResponse json_answer(const nlohmann::ordered_json& value, int status = 200) {
  return {status, "application/json", value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", {}};
}

HttpResponse error_answer(int status, const std::string& message) {
  HttpResponse response = json_answer({{"error", {{"status", status}, {"message", message}}}}, status);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (status == 405) response.headers.emplace_back("Allow", "GET, HEAD, POST");
  return response;
}

Bytes encoded(const formats::Image& image, const EncodingRequest& encoding) {
  if (encoding.format == "jpeg") return formats::encode_jpeg(image, encoding.quality);
  if (encoding.format == "webp") return formats::encode_webp(image, encoding.quality);
  return formats::encode_png(image);
}

std::string file_name(const LatentRequest& latent, const std::string& extension) {
  if (latent.code) return fmt::format("attachment; filename=\"photo.{}\"", extension);
  return fmt::format("attachment; filename=\"seed{:04}.{}\"", latent.seed, extension);
}

/// N×C floats as NumPy's file.
std::string npy_of(const torch::Tensor& values) {
  const torch::Tensor own = values.to(torch::kCPU, torch::kFloat32).contiguous();
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", own.size(0), own.size(1));
  header.resize(118 - 1, ' ');  // with the ten bytes before it, a multiple of 64
  header += '\n';
  const std::string magic("\x93NUMPY\x01\x00\x76\x00", 10);
  return magic + header + std::string(static_cast<const char*>(own.data_ptr()), own.nbytes());
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// "localhost:8765" without the port.
std::string host_name(const std::string& host) {
  if (host.rfind('[', 0) == 0) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.rfind(':'));
}

/// Another site's name that resolves to this machine must not reach a server without a token.
bool is_local_name(const std::string& host) {
  const std::string name = lower(host_name(host));
  return name == "localhost" || name == "[::1]" || is_loopback(name);
}

/// Browsers say where a request comes from, and pages cannot change what they say: another site's page could make this
/// server work, if not read its answers. Other programs send neither header.
void refuse_other_sites(const HttpRequest& request) {
  const std::string site = request.header("sec-fetch-site"), origin = lower(request.header("origin"));
  const auto authority = [](const std::string& text) {
    const std::string rest = text.substr(text.find("://") == std::string::npos ? 0 : text.find("://") + 3);
    const size_t port = rest.rfind(":80");
    return port != std::string::npos && port + 3 == rest.size() ? rest.substr(0, port) : rest;
  };
  const bool from_here = site.empty() || site == "same-origin" || site == "none";
  if (!from_here || (!origin.empty() && authority(origin) != authority(lower(request.header("host"))))) {
    refuse(403, "another site's page asked for this; only the viewer's own page and programs may");
  }
}

/// The token of "Bearer TOKEN"; the scheme's case does not matter (RFC 9110, 11.1).
std::string bearer_token(const std::string& authorization) {
  const std::string scheme = "bearer ";
  return lower(authorization.substr(0, scheme.size())) == scheme ? authorization.substr(scheme.size()) : "";
}

}  // namespace

bool same_secret(const std::string& given, const std::string& expected) {
  const std::string a = sha256_of(given.data(), given.size()), b = sha256_of(expected.data(), expected.size());
  return CRYPTO_memcmp(a.data(), b.data(), b.size()) == 0;
}

struct Server::State {
  State(std::vector<ShownNetwork> networks, const ServerOptions& given)
      : options(given),
        studio(std::make_shared<Studio>(std::move(networks), given.cache_bytes, given.finder)),
        pool(given.queue, given.threads),
        page(given.page) {}

  HttpResponse handle(const HttpRequest& request);
  HttpResponse dispatch(const HttpRequest& request);
  HttpResponse api(const std::string& name, const HttpRequest& request);
  void check_access(const HttpRequest& request) const;
  Fields fields_of(const HttpRequest& request) const;
  Waiting waiting_for(const HttpRequest& request) const;

  HttpResponse render(Fields fields, const HttpRequest& request);
  HttpResponse face(Fields fields, const HttpRequest& request);
  HttpResponse mesh(Fields fields, const HttpRequest& request);
  HttpResponse video(Fields fields, const HttpRequest& request);
  HttpResponse photo(const HttpRequest& request);
  HttpResponse fit(Fields fields, const HttpRequest& request);
  HttpResponse refine(Fields fields, const HttpRequest& request);
  HttpResponse codes(Fields fields, const HttpRequest& request);
  HttpResponse networks(Fields fields) const;
  HttpResponse health(Fields fields) const;
  HttpResponse stats(Fields fields, const HttpRequest& request);

  ServerOptions options;
  std::shared_ptr<Studio> studio;  // shared with jobs that outlive their request
  RenderPool pool;
  PageAssets page;
  RequestStatistics statistics;
  MemoryKeeper memory;
  std::atomic<int> videos{0};
  std::optional<HttpServer> http;
};

Fields Server::State::fields_of(const HttpRequest& request) const {
  if (request.method == "GET") return Fields::of_query(request.query);
  if (!request.query.empty()) refuse(400, "values belong into the JSON body of a POST, not into its address");
  return Fields::of_json(request.body);
}

Waiting Server::State::waiting_for(const HttpRequest& request) const {
  return {std::chrono::milliseconds(static_cast<int64_t>(options.timeout_seconds * 1000)), request.gone};
}

HttpResponse Server::State::render(Fields fields, const HttpRequest& request) {
  const PictureRequest picture = read_picture(fields, studio->network_count());
  const EncodingRequest encoding = read_encoding(fields);
  fields.finish();
  const auto start = Clock::now();
  double waited = 0;
  struct Drawn {
    formats::Image image;
    double began, took;
  };
  const Drawn drawn = pool.run(waiting_for(request), [studio = studio, picture, start] {
    const double began = milliseconds_since(start);
    formats::Image image = studio->picture(picture);
    return Drawn{std::move(image), began, milliseconds_since(start) - began};
  });
  waited = drawn.began;
  const auto encoding_start = Clock::now();
  HttpResponse response{200, "image/" + encoding.format, text_of(encoded(drawn.image, encoding)), {}};
  response.headers.emplace_back("Server-Timing", fmt::format("queue;dur={:.2f}, render;dur={:.2f}, encode;dur={:.2f}",
                                                             waited, drawn.took, milliseconds_since(encoding_start)));
  return response;
}

HttpResponse Server::State::face(Fields fields, const HttpRequest& request) {
  const FaceRequest face = read_face(fields, studio->network_count());
  fields.finish();
  return json_answer(pool.run(waiting_for(request),
                              [studio = studio, face] { return studio->describe_face(face.network, face.latent); }));
}

HttpResponse Server::State::mesh(Fields fields, const HttpRequest& request) {
  const MeshRequest wanted = read_mesh(fields, studio->network_count());
  fields.finish();
  const formats::Mesh mesh = pool.run(waiting_for(request), [studio = studio, wanted] { return studio->mesh(wanted); });
  const std::string name = fmt::format("seed{:04}", wanted.latent.seed);
  const bool glb = wanted.format == "glb";
  return {200,
          glb ? "model/gltf-binary" : "model/ply",
          text_of(glb ? formats::encode_glb(mesh, name) : formats::encode_ply(mesh, name)),
          {{"Content-Disposition", file_name(wanted.latent, wanted.format)}}};
}

HttpResponse Server::State::video(Fields fields, const HttpRequest& request) {
  const VideoRequest wanted = read_video(fields, studio->network_count());
  fields.finish();
  check_length(wanted, studio->picture_size(wanted.picture));
  const std::shared_ptr<void> place(nullptr, [this](void*) { --videos; });
  if (++videos > max_videos) refuse(503, "{} animations are being made already; try again later", max_videos);
  const auto seconds = std::chrono::duration<double>(video_patience * options.timeout_seconds);
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds);
  const Bytes bytes = encode_video(wanted, [&](const PictureRequest& picture) {
    if (Clock::now() > end) refuse(504, "no animation within {} s: fewer frames or a smaller size", seconds.count());
    return pool.run(waiting_for(request), [studio = studio, picture] { return studio->picture(picture); });
  });
  return {200,
          wanted.format == "mp4" ? "video/mp4" : "image/" + wanted.format,
          text_of(bytes),
          {{"Content-Disposition", file_name(wanted.picture.latent, wanted.format)}}};
}

HttpResponse Server::State::photo(const HttpRequest& request) {
  if (request.method != "POST") refuse(405, "expected POST, the picture as its body");
  if (request.body.empty()) refuse(400, "the body is empty, expected a picture");
  // Decoded once, on the connection's own thread: the others are not kept waiting.
  const auto decoded = std::make_shared<Photos::Photo>(Photos::decoded(request.body));
  return json_answer(
      pool.run(waiting_for(request), [studio = studio, decoded] { return studio->add_photo(std::move(*decoded)); }));
}

HttpResponse Server::State::fit(Fields fields, const HttpRequest& request) {
  const FitRequest wanted = read_fit(fields);
  fields.finish();
  return json_answer(pool.run(waiting_for(request), [studio = studio, wanted] { return studio->fit_photo(wanted); }));
}

HttpResponse Server::State::refine(Fields fields, const HttpRequest& request) {
  const RefineRequest wanted = read_refine(fields);
  fields.finish();
  return json_answer(
      pool.run(waiting_for(request), [studio = studio, wanted] { return studio->refine_photo(wanted); }));
}

/// The w of a photograph's code, as --latents takes it.
HttpResponse Server::State::codes(Fields fields, const HttpRequest& request) {
  const FaceRequest wanted = read_face(fields, studio->network_count());
  fields.finish();
  if (!wanted.latent.code) refuse(400, "code: expected that of a photograph");
  std::string file = pool.run(waiting_for(request), [studio = studio, wanted] {
    return npy_of(studio->code_of(*wanted.latent.code, wanted.network));
  });
  return {200,
          "application/octet-stream",
          std::move(file),
          {{"Content-Disposition", "attachment; filename=\"photo.npy\""}}};
}

HttpResponse Server::State::networks(Fields fields) const {
  fields.finish();
  std::string colors;
  for (const auto& [red, green, blue] : formats::perceptual_colors())
    colors += fmt::format("{:02x}{:02x}{:02x}", red, green, blue);
  return json_answer({{"networks", studio->describe_networks()}, {"what", picture_kinds()}, {"depth_colors", colors}});
}

HttpResponse Server::State::health(Fields fields) const {
  fields.finish();
  return json_answer({{"status", "ok"}});
}

HttpResponse Server::State::stats(Fields fields, const HttpRequest& request) {
  fields.finish();
  const PoolStatistics work = pool.statistics();
  const CacheStatistics cache = pool.run(waiting_for(request), [studio = studio] { return studio->cache(); });
  nlohmann::ordered_json result = statistics.describe();
  result["uptime_s"] = statistics.uptime_seconds();
  result["render_queue"] = {{"queued", work.queued},   {"capacity", work.capacity},   {"done", work.done},
                            {"refused", work.refused}, {"abandoned", work.abandoned}, {"timed_out", work.timed_out}};
  result["cache"] = {{"entries", cache.entries},
                     {"bytes", cache.bytes},
                     {"limit_bytes", cache.limit},
                     {"hits", cache.hits},
                     {"misses", cache.misses}};
  result["resident_mib"] = resident_mebibytes();
  return json_answer(result);
}

HttpResponse Server::State::api(const std::string& name, const HttpRequest& request) {
  static const std::set<std::string> known = {"render", "face",  "mesh",     "video",  "photo", "fit",
                                              "refine", "codes", "networks", "health", "stats"};
  if (known.count(name) == 0) refuse(404, "no such address; see docs/viewer.md");
  if (request.method != "GET" && request.method != "POST") refuse(405, "expected GET or POST");
  if (name == "photo") return photo(request);
  Fields fields = fields_of(request);
  if (name == "render") return render(std::move(fields), request);
  if (name == "face") return face(std::move(fields), request);
  if (name == "mesh") return mesh(std::move(fields), request);
  if (name == "video") return video(std::move(fields), request);
  if (name == "fit") return fit(std::move(fields), request);
  if (name == "refine") return refine(std::move(fields), request);
  if (name == "codes") return codes(std::move(fields), request);
  if (name == "networks") return networks(std::move(fields));
  if (name == "health") return health(std::move(fields));
  return stats(std::move(fields), request);
}

void Server::State::check_access(const HttpRequest& request) const {
  refuse_other_sites(request);
  if (options.token.empty()) {
    if (!is_local_name(request.header("host"))) refuse(403, "this server answers to localhost only");
    return;
  }
  if (!same_secret(bearer_token(request.header("authorization")), options.token)) {
    refuse(401, "expected the header 'Authorization: Bearer TOKEN' with the server's token");
  }
}

HttpResponse Server::State::dispatch(const HttpRequest& request) {
  if (request.refusal.status != 0) refuse(request.refusal.status, "{}", request.refusal.sentence);
  const std::string root = api_root;
  if (request.path.rfind(root, 0) != 0) return page.answer(request);
  check_access(request);
  return api(request.path.substr(root.size()), request);
}

HttpResponse Server::State::handle(const HttpRequest& request) {
  const auto start = Clock::now();
  const std::shared_ptr<void> busy = memory.busy();
  HttpResponse response;
  try {
    response = dispatch(request);
  } catch (const HttpError& error) {
    response = error_answer(error.status(), error.what());
  } catch (const std::exception& error) {
    log_warning("{} {}: {}", request.method, request.path, library_sentence(error.what()));
    response = error_answer(500, "the server could not do this; its log says why");
  }
  statistics.add(response.status, milliseconds_since(start));
  const bool has_policy = std::any_of(response.headers.begin(), response.headers.end(),
                                      [](const auto& header) { return header.first == "Cache-Control"; });
  if (!has_policy) response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
      "connect-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  return response;
}

void check_address(const ServerOptions& options) {
  const std::string& address = options.http.address;
  unsigned char ignored[16];
  if (inet_pton(AF_INET, address.c_str(), ignored) != 1 && inet_pton(AF_INET6, address.c_str(), ignored) != 1)
    usage_error("--host {}: expected an IP address to listen on, such as 127.0.0.1 or ::1", address);
  if (!is_loopback(address) && options.token.empty())
    usage_error("--host {}: other machines can reach this address; give --token as well", address);
}

Server::Server(std::vector<ShownNetwork> networks, const ServerOptions& options) {
  check_address(options);
  state_ = std::make_unique<State>(std::move(networks), options);
  HttpOptions http = options.http;
  http.upload_path = std::string(api_root) + "photo";
  state_->http.emplace(http, [state = state_.get()](const HttpRequest& request) { return state->handle(request); });
}

Server::~Server() {
  state_->pool.stop();  // Who waits for a render gets 503, and its connection can end.
  state_->http.reset();
}

uint16_t Server::port() const {
  return state_->http->port();
}

std::string Server::url() const {
  const std::string& address = state_->options.http.address;
  const bool v6 = address.find(':') != std::string::npos;
  return fmt::format("http://{}:{}/", v6 ? "[" + address + "]" : address, port());
}

}  // namespace lifted::viewer
