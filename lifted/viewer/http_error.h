// Errors that become HTTP answers.
#pragma once

#include "lifted/base/error.h"

namespace lifted::viewer {

/// A request that cannot be served, with the status that says why.
class HttpError : public Error {
 public:
  HttpError(int status, const std::string& message) : Error(message), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

template <typename... Args>
[[noreturn]] void refuse(int status, fmt::format_string<Args...> format, Args&&... args) {
  throw HttpError(status, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace lifted::viewer
