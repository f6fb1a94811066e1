// Names of files that must not outlive the program.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>

namespace lifted {

/// A file's name. The file is removed when this is destroyed, or when SIGINT, SIGTERM or SIGHUP end the program (where
/// they have another handler already, that one decides), unless keep() was called. At most 64 names are known to the
/// signal handler at a time; more are removed by the destructor only.
class TemporaryName {
 public:
  explicit TemporaryName(std::string name);
  ~TemporaryName();
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;

  const std::string& name() const { return name_; }
  /// The file has another name now.
  void keep() { forget(), kept_ = true; }

 private:
  void forget();

  std::string name_;
  std::atomic<char*>* slot_ = nullptr;
  bool kept_ = false;
};

}  // namespace lifted
