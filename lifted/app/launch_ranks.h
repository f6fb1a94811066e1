// Several processes of this program on one machine: started, watched, ended together.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lifted::app {

struct RankSettings {
  std::vector<std::string> words;  // the command line, without the program
  int count = 1;
  std::string attempt;           // which start of the job this is
  std::filesystem::path folder;  // for what processes tell one another
  double hang_seconds = 20;      // a process that neither computes nor waits for so long, while another waits, hangs
};

/// How a start ended.
struct Ending {
  int exit_code = 0;
  bool lost = false;     // a process was killed, or hung; otherwise they ended by themselves
  bool stopped = false;  // somebody asked this program to stop
  std::string sentence;  // which and how; empty where all went well
};

/// Starts the processes and waits until all have ended: within 15 seconds after the first that did not end well. Those
/// that are left may say their last words before they are killed. SIGINT and SIGTERM are handed on.
Ending run_ranks(const RankSettings& settings);

/// Where rank 0 said its run folder is; empty if it has none.
std::filesystem::path run_folder_of(const RankSettings& settings);

}  // namespace lifted::app
