#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace lifted::test {

int open_connection(uint16_t port, const std::string& bytes, const std::string& from) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  timeval limit{60, 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  inet_pton(AF_INET, from.c_str(), &own.sin_addr);
  bind(connection, reinterpret_cast<sockaddr*>(&own), sizeof own);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(connection);
    return -1;
  }
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t now = send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) break;  // The server has had enough.
    sent += static_cast<size_t>(now);
  }
  return connection;
}

HttpAnswer send_raw(uint16_t port, const std::string& bytes) {
  const int connection = open_connection(port, bytes);
  if (connection < 0) return {};
  std::string all;
  char buffer[65536];
  for (ssize_t got = 0; (got = recv(connection, buffer, sizeof buffer, 0)) > 0;)
    all.append(buffer, static_cast<size_t>(got));
  close(connection);
  HttpAnswer answer;
  const size_t end = all.find("\r\n\r\n");
  if (all.rfind("HTTP/1.", 0) == 0) answer.status = std::atoi(all.c_str() + 9);
  answer.head = all.substr(0, end);
  if (end != std::string::npos) answer.body = all.substr(end + 4);
  return answer;
}

HttpAnswer http(uint16_t port, const std::string& method, const std::string& target, const std::string& body,
                const std::string& more) {
  const std::string length = body.empty() ? "" : fmt::format("Content-Length: {}\r\n", body.size());
  return send_raw(port, fmt::format("{} {} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n{}{}\r\n{}", method,
                                    target, port, length, more, body));
}

}  // namespace lifted::test
