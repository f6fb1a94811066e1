// The page's files as HTTP sends them: compressed, and only when the browser's copy is another one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lifted/viewer/http_server.h"

namespace lifted::viewer {

/// A file of the page, in memory for as long as the server lives.
struct PageFile {
  std::string path, type;
  std::string_view content;
};

class PageAssets {
 public:
  explicit PageAssets(const std::vector<PageFile>& files);

  /// The answer to a GET of `request.path`: with ETag, 304 where If-None-Match names it, gzip where Accept-Encoding
  /// allows it. HttpError 404 where there is no such file, 405 for another method.
  HttpResponse answer(const HttpRequest& request) const;

 private:
  struct Asset {
    PageFile file;
    std::string etag, compressed;  // not compressed where that saves nothing
  };
  std::vector<Asset> assets_;
};

/// RFC 1952 bytes of `text`.
std::string gzipped(std::string_view text);

}  // namespace lifted::viewer
