// What to expect of more processes, from what is measured here: for planning a cluster.
#pragma once

#include "lifted/app/training_run.h"

namespace lifted::app {

/// What the prediction is made of.
struct WorldCosts {
  double shard_seconds = 0;     // to compute one shard of a step
  double bytes = 0;             // that are summed in an average step
  double bytes_per_second = 0;  // between two processes
  double latency = 0;           // seconds for the smallest message
  int64_t shard_images = 0;
};

/// Seconds of a step in `ranks` processes with `shards` shards each: computing and, apart, summing (each sends
/// 2 (R − 1) / R of the bytes, in 2 log₂ R messages of each of `sums`).
struct StepTime {
  double computing = 0, summing = 0;
  double whole() const { return computing + summing; }
};
StepTime predicted_step(const WorldCosts& costs, int ranks, double shards);

/// Makes a few steps of the task, which are lost, and says what a step takes here, what is sent, what memory is needed,
/// and what to expect from 1 to 1,024 processes. All of the run's processes call it.
void print_world_plan(train::TrainingTask& task, const RunSettings& run);

}  // namespace lifted::app
