// The viewer: its API under /api/v1 and its page, over one studio and one render pool. docs/viewer.md has the contract.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lifted/viewer/http_server.h"
#include "lifted/viewer/page_assets.h"
#include "lifted/viewer/studio.h"

namespace lifted::viewer {

struct ServerOptions {
  HttpOptions http;
  std::string token;  ///< asked of every API request unless empty; needed on addresses that are not loopback
  int threads = 0;    ///< computing threads, 0 for all cores
  size_t queue = 64;  ///< renders that may wait
  int64_t cache_bytes = int64_t{512} << 20;
  double timeout_seconds = 30;  ///< of one render; a whole animation has four times as long
  std::vector<PageFile> page;
  std::shared_ptr<const photo::FaceFinder> finder;  ///< of faces in photographs; null: people show where they are
};

/// UsageError for an address that is none, and for an open one without a token: before networks are read for it.
void check_address(const ServerOptions& options);

class Server {
 public:
  /// Serves from here on. UsageError for an open address without a token.
  Server(std::vector<ShownNetwork> networks, const ServerOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Where a browser finds it, without the token.
  std::string url() const;
  uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Compares without telling by its duration where two texts differ.
bool same_secret(const std::string& given, const std::string& expected);

}  // namespace lifted::viewer
