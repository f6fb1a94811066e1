// The processes that train together. The only place that knows how they talk (libtorch's c10d).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lifted/base/error.h"
#include "lifted/base/tensor.h"

namespace lifted::train {

/// Which of several processes this is, and how they find one another.
struct WorldPlace {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;  // among those of this machine
  std::string address;                 // of rank 0, with
  int port = 0;                        // its port; or
  std::filesystem::path file;          // a file that all see, new for every start
  std::string attempt;                 // which start of the same job this is
  double wait_seconds = 600;           // how long a process waits for another before it calls it lost
  double start_seconds = 600;          // and at the start

  /// What `liftedgan launch`, torchrun, mpirun or Slurm set: LIFTED_INIT_FILE, RANK, WORLD_SIZE, LOCAL_RANK,
  /// LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT; OMPI_COMM_WORLD_*; SLURM_*; LIFTED_WAIT_SECONDS,
  /// LIFTED_START_SECONDS. One process where none did. UsageError naming the variable that makes no sense or is
  /// missing.
  static WorldPlace from_environment();
};

/// Another process failed, or did not answer in time. All that are left say the same sentence.
class LostRankError : public Error {
 public:
  using Error::Error;
};

/// Copies are handles of the same world. All processes must make the same calls in the same order; one thread at a time
/// may. Every wait ends after `wait_seconds` at the latest, with a LostRankError that names the process that is lost
/// and what was waited for.
class World {
 public:
  /// A single process: every call below does nothing.
  static World alone() { return {}; }
  /// Meets the others. Error naming those that did not come in time, or if this build knows one process only.
  static World join(const WorldPlace& place);
  /// Whether this build can join().
  static bool is_supported();
  /// What is to be said if it cannot.
  static const char* unsupported();

  int rank() const { return place_.rank; }
  int size() const { return place_.size; }
  const WorldPlace& place() const { return place_; }
  /// Whether it is this process that writes files and talks.
  bool writes() const { return rank() == 0; }

  /// values ← their sum over all processes: the same bits everywhere, and of 2^k processes the sum of neighbours
  /// 2^(k−1) apart first, then 2^(k−2), … (Shards go on with that order within a process.) A dense tensor of any type.
  void sum(torch::Tensor values, const char* what) const;
  /// Everyone's text, by rank.
  std::vector<std::string> gather(const std::string& text, const char* what) const;
  /// Rank 0's text.
  std::string broadcast(const std::string& text, const char* what) const { return gather(text, what).front(); }
  /// The bits that any process has set (of the lowest 16).
  unsigned any(unsigned bits, const char* what) const;
  void barrier(const char* what) const { any(0, what); }

  /// Error naming the first process whose text is not rank 0's, on all of them. `what` is plural: "options".
  void require_same(const std::string& text, const char* what) const;
  /// Does the work, which must not call the world; if it fails anywhere all throw the first failing rank's error.
  void together(const std::function<void()>& work, const char* what) const;

  /// Tells the others that this process ends with an error, and returns what all end with: this sentence, or one that
  /// was told before it. Afterwards the world is over.
  std::string tell(const std::string& sentence) const;

  struct Traffic {
    int64_t bytes = 0;   // sent by this process
    double seconds = 0;  // spent in calls
  };
  Traffic traffic() const;

  class Group;

 private:
  World() = default;
  WorldPlace place_;
  std::shared_ptr<Group> group_;
};

}  // namespace lifted::train
