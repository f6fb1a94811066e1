// run.json: what made the files beside it, so that anyone can make them again.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "lifted/formats/image.h"

namespace lifted::app {

/// Where `outdir` holds the run.json of an earlier run with other arguments, keeps it as run-DATE.json and says so:
/// what that run made under names of its own stays beside what is made now.
void keep_earlier_record(const std::filesystem::path& outdir);

class RunRecord {
 public:
  /// `command` is the subcommand's name; the clock starts here.
  explicit RunRecord(std::string command);

  /// Remembers a network by path and SHA-256.
  void add_network(const std::filesystem::path& path);
  /// A setting or result under its own name ("seeds", "trunc").
  template <typename T>
  void set(const std::string& name, const T& value) {
    fields_[name] = value;
  }
  /// What every picture of this run says of how it was made: program, command line (command_text.h), and name and
  /// SHA-256 of each network.
  formats::PngText provenance() const;
  /// Writes `outdir`/run.json with versions, threads, device and seconds.
  void write(const std::filesystem::path& outdir) const;

  /// The command line of this process, remembered by main().
  static void set_command_line(std::vector<std::string> arguments);

 private:
  nlohmann::ordered_json fields_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace lifted::app
