// In place of http_server.cpp where a build has no libmicrohttpd.
#include "lifted/base/parts.h"
#include "lifted/viewer/http_server.h"

namespace lifted::viewer {
namespace {

[[noreturn]] void no_server() {
  left_out("view", "libmicrohttpd", "LIFTED_VIEWER");
}

}  // namespace

struct HttpServer::State {};

HttpServer::HttpServer(const HttpOptions&, HttpHandler) {
  no_server();
}
HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const {
  return 0;
}

/// The first that is asked of an address, before a network is read.
bool is_loopback(const std::string&) {
  no_server();
}

}  // namespace lifted::viewer
