// HTTP/1.1 over libmicrohttpd: requests in, answers out, everything bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lifted::viewer {

struct HttpRequest {
  std::string method, path;  ///< path is decoded; HEAD arrives as GET
  std::vector<std::pair<std::string, std::string>> query;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::function<bool()> gone = [] { return false; };  ///< the client has closed the connection
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Called from one thread per connection; an exception becomes a bare 500.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6
  uint16_t port = 0;                  ///< 0: any that is free
  size_t max_body = 64 << 10;         ///< larger ones are answered with 413
  unsigned connections = 128;         ///< more wait in the kernel's queue
  unsigned idle_seconds = 20;         ///< silent connections are closed
};

class HttpServer {
 public:
  /// Listens from here on. Error if the address is not one, or is taken.
  HttpServer(const HttpOptions& options, HttpHandler handler);
  /// Answers what is being handled, then closes everything.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether only this machine can reach an address.
bool is_loopback(const std::string& address);

}  // namespace lifted::viewer
