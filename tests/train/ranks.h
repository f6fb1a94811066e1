// Tests in several processes: the test program starts itself again as each of the ranks.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "lifted/train/world.h"
#include "tests/support/golden.h"

namespace lifted::test {

/// How a rank ended: its exit code (or minus the signal), and all it printed.
struct RankEnding {
  int code = 0;
  std::string output;
};

/// `count` processes of this program that run the disabled test WorldRank.* as `role`: each finds its place in the
/// environment, and `folder` for files. A rank that is not done after a minute is killed.
class Ranks {
 public:
  Ranks(const std::string& role, int count, const TemporaryFolder& folder);
  pid_t process(int rank) const { return processes_[static_cast<size_t>(rank)]; }
  RankEnding wait_for(int rank);
  std::vector<RankEnding> wait();

 private:
  std::vector<pid_t> processes_;
  std::chrono::steady_clock::time_point deadline_;
  std::filesystem::path folder_;
  std::string role_;
};

/// The role this process plays; empty if it is no rank.
std::string own_role();
/// The folder that was given to the ranks.
std::filesystem::path role_folder();

}  // namespace lifted::test
