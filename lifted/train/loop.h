// The training loop, written once: ticks, status lines, statistics, snapshots, resuming, signals, stopping at NaN. What
// is trained is a task.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lifted/base/state_dict.h"
#include "lifted/train/run_directory.h"
#include "lifted/train/snapshot.h"

namespace lifted::train {

/// What the loop asks of the thing that is trained.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;

  /// Gets what the next step needs from outside: images. If that fails, state() is still what it was after the last
  /// step.
  virtual void fetch() {}
  /// One training step, of what was fetched: optimizer updates included. Adds what it measured ("Loss/G/loss") to
  /// `statistics`. A loss or gradient that is not finite is a NonFiniteError that names it, thrown before any parameter
  /// is changed by it (earlier updates of the same step may have changed others). After any error state() is no longer
  /// worth keeping.
  virtual void step(Statistics& statistics) = 0;
  /// Called before anything is read or kept. A task on a GPU, whose steps wait for nothing, throws the NonFiniteError
  /// of an earlier step here; that step and those since have changed no parameter.
  virtual void check() {}
  /// How many images one step shows.
  virtual int64_t images_per_step() const = 0;

  /// Everything that decides how training goes on, and the reverse. What load_state gets has been verified to be what
  /// state gave.
  virtual StateDict state() const = 0;
  virtual nlohmann::json values() const = 0;
  virtual void load_state(const StateDict& state, const nlohmann::json& values) = 0;

  /// The weights for use, as network-snapshot-NNNNNN.safetensors.
  virtual void write_network(const std::filesystem::path& path) const = 0;
  /// Pictures on fixed latents; called at the start (images 0) and at every image snapshot.
  virtual void write_pictures(RunDirectory& run, int64_t images) = 0;
  /// Numbers for the status line: "loss G 0.693 D 1.386  augment 0.012".
  virtual std::string status(const Statistics& statistics) const = 0;
};

struct LoopOptions {
  int64_t total_images = 25'000'000;
  int64_t images_per_tick = 4'000;
  int image_ticks = 50;     // ticks between pictures; 0: only at the end
  int snapshot_ticks = 50;  // ticks between snapshots; 0: only at the end
  int keep_states = 2;      // training states kept for resuming
};

enum class LoopEnd { finished, interrupted };

/// Trains until `total_images` were shown, or SIGINT or SIGTERM asks to stop; then snapshots. `start` continues a run.
/// Errors, all of them noted in log.txt too: what fetch() throws, after a snapshot, which the message names;
/// NonFiniteError (step, term and last good snapshot named); whatever else a step throws; Error if the last snapshot
/// cannot be written. A snapshot in between that cannot be written is a warning, and is tried again at the next tick.
LoopEnd run_training(TrainingTask& task, RunDirectory& run, const LoopOptions& options,
                     const TrainingState* start = nullptr);

/// "2h 05m 10s", "3m 07s", "9s".
std::string format_duration(double seconds);

}  // namespace lifted::train
