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

/// What the transport already knows to be wrong with a request; status 0: nothing.
struct Refusal {
  int status = 0;
  std::string sentence;
};

struct HttpRequest {
  std::string method, path;  ///< path is decoded; HEAD arrives as GET
  std::vector<std::pair<std::string, std::string>> query;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::function<bool()> gone = [] { return false; };  ///< the client has closed the connection
  Refusal refusal;                                    ///< too large in one of its parts, which may be incomplete

  /// The value of a header, its name in lower case; empty where there is none.
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Called from one thread per connection, also for what is refused already; an exception becomes a bare 500.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6
  uint16_t port = 0;                  ///< 0: any that is free
  size_t max_body = 64 << 10;         ///< larger ones are refused with 413
  std::string upload_path;            ///< of a POST that may be larger: a picture
  size_t max_upload = 16 << 20;       ///< so large
  int uploads = 4;                    ///< at a time; more are refused with 503
  size_t max_address = 16 << 10;      ///< path and query, 414
  size_t max_headers = 32 << 10;      ///< all together, 431
  unsigned connections = 128;         ///< more are closed as they come
  unsigned connections_each = 64;     ///< of one address, so that none can take them all
  unsigned head_seconds = 10;         ///< from a connection's start to the end of its first request's head
  unsigned idle_seconds = 20;         ///< without a byte; also for a whole body, and from an answer to the next head
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
