#include "lifted/viewer/page_assets.h"

#include <zlib.h>

#include <algorithm>

#include "lifted/base/file.h"
#include "lifted/viewer/http_error.h"

namespace lifted::viewer {
namespace {

constexpr int gzip_window = 15 + 16;  // zlib's way to ask for a gzip header
constexpr int gzip_memory = 8;

/// Whether a list such as "gzip;q=0.5, br" accepts gzip.
bool accepts_gzip(const std::string& list) {
  const size_t at = list.find("gzip");
  if (at == std::string::npos) return false;
  std::string parameters = list.substr(at + 4, list.find(',', at) - at - 4);
  parameters.erase(std::remove(parameters.begin(), parameters.end(), ' '), parameters.end());
  const bool refused = parameters.rfind(";q=0", 0) == 0 && parameters.find_first_not_of("0.", 3) == std::string::npos;
  return !refused;
}

}  // namespace

std::string gzipped(std::string_view text) {
  z_stream stream{};
  require(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, gzip_memory, Z_DEFAULT_STRATEGY) == Z_OK,
          "zlib cannot start");
  std::string bytes(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  const int status = deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  require(status == Z_STREAM_END, "zlib cannot compress");
  return bytes;
}

PageAssets::PageAssets(const std::vector<PageFile>& files) {
  for (const PageFile& file : files) {
    Asset asset{file, "\"" + sha256_of(file.content.data(), file.content.size()).substr(0, 16) + "\"",
                gzipped(file.content)};
    if (asset.compressed.size() >= file.content.size()) asset.compressed.clear();
    assets_.push_back(std::move(asset));
  }
}

HttpResponse PageAssets::answer(const HttpRequest& request) const {
  const auto found =
      std::find_if(assets_.begin(), assets_.end(), [&](const Asset& asset) { return asset.file.path == request.path; });
  if (found == assets_.end()) refuse(404, "no such address; see docs/viewer.md");
  if (request.method != "GET") refuse(405, "expected GET");
  HttpResponse response{200, found->file.type, "", {{"ETag", found->etag}, {"Cache-Control", "no-cache"}}};
  if (!found->compressed.empty()) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (request.header("if-none-match").find(found->etag) != std::string::npos) {
    response.status = 304;
  } else if (!found->compressed.empty() && accepts_gzip(request.header("accept-encoding"))) {
    response.body = found->compressed;
    response.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    response.body = found->file.content;
  }
  return response;
}

}  // namespace lifted::viewer
