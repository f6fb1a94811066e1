#include "lifted/viewer/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <sys/socket.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/printable.h"

namespace lifted::viewer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t connection_memory = 256 << 10;  // well above max_address and max_headers, so that we can refuse those
constexpr size_t drain_factor = 16;              // bodies this many times too large are cut off instead of answered
constexpr std::chrono::seconds farewell{5};      // how long what is being answered may delay the end
constexpr std::chrono::milliseconds watch_interval{250};
constexpr size_t slowest_reader = 16 << 10;  // bytes per second that a client must take of an answer

/// An address as the sockets take it.
struct Endpoint {
  sockaddr_storage storage{};
  bool v6 = false;

  Endpoint(const std::string& address, uint16_t port) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
    if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET;
      v4->sin_port = htons(port);
      return;
    }
    if (inet_pton(AF_INET6, address.c_str(), &six->sin6_addr) != 1) {
      usage_error("{}: not an IP address to listen on, expected one such as 127.0.0.1 or ::1", address);
    }
    v6 = true;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
  }
};

struct Exchange {
  HttpRequest request;
  size_t received = 0, most = 0;  // bytes of the body
  std::shared_ptr<void> place;    // among uploads
};

MHD_Result add_query(void* target, MHD_ValueKind, const char* key, size_t key_size, const char* value,
                     size_t value_size) {
  static_cast<HttpRequest*>(target)->query.emplace_back(std::string(key, key_size),
                                                        std::string(value ? value : "", value ? value_size : 0));
  return MHD_YES;
}

MHD_Result add_header(void* target, MHD_ValueKind, const char* key, size_t key_size, const char* value,
                      size_t value_size) {
  std::string name(key, key_size);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  static_cast<HttpRequest*>(target)->headers[name] = std::string(value ? value : "", value ? value_size : 0);
  return MHD_YES;
}

MHD_Result send(MHD_Connection* connection, const HttpResponse& answer) {
  MHD_Response* response =
      MHD_create_response_from_buffer(answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.type.c_str());
  for (const auto& [name, value] : answer.headers) MHD_add_response_header(response, name.c_str(), value.c_str());
  const MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return result;
}

/// Decodes %XX in place; text that hides its end (%00) stays as it is, and so matches nothing.
size_t decode(void*, MHD_Connection*, char* text) {
  return std::strstr(text, "%00") ? std::strlen(text) : MHD_http_unescape(text);
}

int socket_of(MHD_Connection* connection) {
  const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

/// The sockets of open connections, so that they can be told to end: all of them at the end, and before that those
/// which are late with what they owe. libmicrohttpd's own timeout begins anew with every byte.
class OpenConnections {
 public:
  explicit OpenConnections(std::chrono::seconds first_head) : first_head_(first_head) {
    watch_ = std::thread([this] { watch(); });
  }
  ~OpenConnections() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = watched_ = true;
    }
    changed_.notify_all();
    watch_.join();
  }
  OpenConnections(const OpenConnections&) = delete;
  OpenConnections& operator=(const OpenConnections&) = delete;

  static void on_change(void* self, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode what) {
    static_cast<OpenConnections*>(self)->note(socket_of(connection), what == MHD_CONNECTION_NOTIFY_STARTED);
  }
  /// The client's next step (a head, a body, taking an answer) must be over within that time.
  void expect(MHD_Connection* connection, Clock::duration within) { set(connection, Clock::now() + within); }
  /// It is the server's turn.
  void be_patient(MHD_Connection* connection) { set(connection, Clock::time_point::max()); }
  /// Nothing more is read from anybody; returns when all are gone, or after `limit`.
  void end(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    ending_ = true;
    for (const auto& [socket, deadline] : deadlines_) shutdown(socket, SHUT_RD);
    changed_.wait_for(lock, limit, [this] { return deadlines_.empty(); });
  }

 private:
  void note(int socket, bool open) {
    const std::lock_guard lock(mutex_);
    if (open) {
      deadlines_[socket] = Clock::now() + first_head_;
      if (ending_) shutdown(socket, SHUT_RD);
    } else {
      deadlines_.erase(socket);
    }
    changed_.notify_all();
  }
  void set(MHD_Connection* connection, Clock::time_point deadline) {
    const std::lock_guard lock(mutex_);
    const auto found = deadlines_.find(socket_of(connection));
    if (found != deadlines_.end()) found->second = deadline;
  }
  void watch() {
    std::unique_lock lock(mutex_);
    while (!watched_) {
      changed_.wait_for(lock, watch_interval, [this] { return watched_; });
      const Clock::time_point now = Clock::now();
      for (const auto& [socket, deadline] : deadlines_) {
        if (deadline < now) shutdown(socket, SHUT_RDWR);
      }
    }
  }

  const std::chrono::seconds first_head_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, Clock::time_point> deadlines_;
  bool ending_ = false, watched_ = false;
  std::thread watch_;
};

bool is_closed(int socket) {
  char byte = 0;
  const ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/// What is too large in a request's head.
Refusal head_refusal(const HttpRequest& request, const HttpOptions& options) {
  size_t address = request.path.size(), headers = 0;
  for (const auto& [name, value] : request.query) address += name.size() + value.size() + 2;
  for (const auto& [name, value] : request.headers) headers += name.size() + value.size() + 4;
  if (address > options.max_address) {
    return {414, fmt::format("the address is longer than {} bytes", options.max_address)};
  }
  if (headers > options.max_headers) {
    return {431, fmt::format("the headers are longer than {} bytes", options.max_headers)};
  }
  return {};
}

}  // namespace

struct HttpServer::State {
  State(const HttpOptions& given, HttpHandler answering)
      : options(given), handler(std::move(answering)), connections(std::chrono::seconds(given.head_seconds)) {}

  HttpOptions options;
  HttpHandler handler;
  MHD_Daemon* daemon = nullptr;
  OpenConnections connections;
  std::atomic<int> uploads{0};

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* upload, size_t* upload_size, void** exchange);
  MHD_Result begin(MHD_Connection* connection, const char* url, const char* method, void** slot);
  MHD_Result receive(Exchange& exchange, const char* upload, size_t size) const;
  MHD_Result answer(MHD_Connection* connection, Exchange& exchange);
  /// How large its body may be.
  void admit(Exchange& exchange);
  std::chrono::seconds idle() const { return std::chrono::seconds(options.idle_seconds); }
};

void HttpServer::State::admit(Exchange& exchange) {
  HttpRequest& request = exchange.request;
  exchange.most = options.max_body;
  if (options.upload_path.empty() || request.path != options.upload_path || request.method != "POST") return;
  exchange.place = std::shared_ptr<void>(nullptr, [this](void*) { --uploads; });
  if (++uploads <= options.uploads) {
    exchange.most = options.max_upload;
  } else if (request.refusal.status == 0) {
    request.refusal = {503, fmt::format("{} pictures are on their way already; try again later", options.uploads)};
  }
}

MHD_Result HttpServer::State::begin(MHD_Connection* connection, const char* url, const char* method, void** slot) {
  connections.expect(connection, idle());
  auto exchange = std::make_unique<Exchange>();
  HttpRequest& request = exchange->request;
  request.method = std::strcmp(method, "HEAD") == 0 ? "GET" : method;
  request.path = url;
  MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, add_query, &request);
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_header, &request);
  request.refusal = head_refusal(request, options);
  admit(*exchange);
  if (const int socket = socket_of(connection); socket >= 0) request.gone = [socket] { return is_closed(socket); };
  *slot = exchange.release();  // on_completed takes it back.
  return MHD_YES;
}

MHD_Result HttpServer::State::receive(Exchange& exchange, const char* upload, size_t size) const {
  exchange.received += size;
  if (exchange.received <= exchange.most) exchange.request.body.append(upload, size);
  return exchange.received <= exchange.most + drain_factor * options.max_body ? MHD_YES : MHD_NO;
}

MHD_Result HttpServer::State::answer(MHD_Connection* connection, Exchange& exchange) {
  connections.be_patient(connection);
  if (exchange.received > exchange.most && exchange.request.refusal.status == 0) {
    exchange.request.refusal = {413, fmt::format("the body is larger than {} bytes", exchange.most)};
  }
  const HttpResponse response = handler(exchange.request);
  connections.expect(connection, idle() + std::chrono::seconds(response.body.size() / slowest_reader));
  return send(connection, response);
}

MHD_Result HttpServer::State::on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                         const char* /*version*/, const char* upload, size_t* upload_size,
                                         void** slot) {
  auto* state = static_cast<State*>(self);
  try {
    if (*slot == nullptr) return state->begin(connection, url, method, slot);
    auto& exchange = *static_cast<Exchange*>(*slot);
    if (*upload_size > 0) {
      const size_t size = std::exchange(*upload_size, 0);
      return state->receive(exchange, upload, size);
    }
    return state->answer(connection, exchange);
  } catch (const std::exception& error) {
    log_warning("{} {}: {}", method, url, library_sentence(error.what()));
    return send(connection, {500, "text/plain", "internal error\n", {}});
  }
}

HttpServer::HttpServer(const HttpOptions& options, HttpHandler handler)
    : state_(std::make_unique<State>(options, std::move(handler))) {
  const Endpoint endpoint(options.address, options.port);
  unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC;
  if (endpoint.v6) flags |= MHD_USE_IPv6;
  const MHD_RequestCompletedCallback on_completed = [](void* self, MHD_Connection* connection, void** slot,
                                                       MHD_RequestTerminationCode) {
    auto* state = static_cast<State*>(self);
    state->connections.expect(connection, state->idle());
    const std::unique_ptr<Exchange> done(static_cast<Exchange*>(std::exchange(*slot, nullptr)));
  };
  state_->daemon = MHD_start_daemon(
      flags, options.port, nullptr, nullptr, &State::on_request, state_.get(), MHD_OPTION_SOCK_ADDR, &endpoint.storage,
      MHD_OPTION_CONNECTION_LIMIT, options.connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, options.connections_each,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, MHD_OPTION_CONNECTION_TIMEOUT, options.idle_seconds,
      MHD_OPTION_NOTIFY_COMPLETED, on_completed, state_.get(), MHD_OPTION_NOTIFY_CONNECTION,
      &OpenConnections::on_change, &state_->connections, MHD_OPTION_UNESCAPE_CALLBACK, decode, nullptr, MHD_OPTION_END);
  require(state_->daemon != nullptr, "cannot listen on {} port {}: {}", options.address, options.port,
          std::strerror(errno));
}

// libmicrohttpd 0.9.75 reads a null pointer when it refuses a malformed request while it is being stopped
// (MHD_queue_response then leaves the connection without the response that transmit_error_response_len goes on with).
// So connections end first.
HttpServer::~HttpServer() {
  const int listening = MHD_quiesce_daemon(state_->daemon);
  state_->connections.end(farewell);
  MHD_stop_daemon(state_->daemon);
  if (listening >= 0) close(listening);
}

uint16_t HttpServer::port() const {
  return MHD_get_daemon_info(state_->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

bool is_loopback(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return address == "::1";
}

}  // namespace lifted::viewer
