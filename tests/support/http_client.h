// The simplest HTTP client: one connection, bytes out, bytes in.
#pragma once

#include <cstdint>
#include <string>

namespace lifted::test {

struct HttpAnswer {
  int status = 0;  // 0: no answer
  std::string head, body;
};

/// Sends these bytes to 127.0.0.1 and reads until the server closes the connection.
HttpAnswer send_raw(uint16_t port, const std::string& bytes);
/// A request with a Host header, `more` header lines (each ending in \r\n) and a body.
HttpAnswer http(uint16_t port, const std::string& method, const std::string& target, const std::string& body = "",
                const std::string& more = "");
/// A connected socket that has sent these bytes, from one of this machine's addresses; -1 if there is no connection.
int open_connection(uint16_t port, const std::string& bytes, const std::string& from = "127.0.0.1");

}  // namespace lifted::test
