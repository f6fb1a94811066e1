#include "lifted/app/world_plan.h"

#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "lifted/base/log.h"

namespace lifted::app {
namespace {
using Clock = std::chrono::steady_clock;

constexpr double kMeasuredSeconds = 20, kSums = 3;
constexpr int kMostSteps = 16, kMessages = 50, kMostPlanned = 1024;
/// Where there is nobody to measure with: 10 Gbit/s Ethernet.
constexpr double kAssumedGigabits = 10, kAssumedLatency = 50e-6;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double peak_memory_gigabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

/// Of computing alone, in one step.
double measured_step(train::TrainingTask& task, const train::World& world) {
  train::Statistics statistics;
  task.step(statistics);  // memory is taken, kernels are chosen
  const auto start = Clock::now();
  const double waited = world.traffic().seconds;
  int steps = 0;
  // All make as many: rank 0's clock decides.
  do {
    task.step(statistics);
    ++steps;
  } while (world.broadcast(steps < kMostSteps && seconds_since(start) < kMeasuredSeconds ? "on" : "", "measure") != "");
  return (seconds_since(start) - (world.traffic().seconds - waited)) / steps;
}

void measure_network(const train::World& world, WorldCosts& costs) {
  const double hops = std::ceil(std::log2(world.size()));
  world.barrier("measure");
  auto start = Clock::now();
  for (int i = 0; i < kMessages; ++i) world.barrier("measure");
  costs.latency = seconds_since(start) / kMessages / hops;
  const torch::Tensor values = torch::zeros({static_cast<int64_t>(costs.bytes / 4) + 1});
  world.sum(values, "measure");
  start = Clock::now();
  world.sum(values, "measure");
  const double ranks = world.size();
  costs.bytes_per_second = 2 * (ranks - 1) / ranks * costs.bytes / seconds_since(start);
}

void assume_network(WorldCosts& costs) {
  const char* given = std::getenv("LIFTED_BANDWIDTH");
  const double gigabits = given ? std::atof(given) : 0;
  costs.bytes_per_second = (gigabits > 0 ? gigabits : kAssumedGigabits) * 1e9 / 8;
  costs.latency = kAssumedLatency;
}

void print_row(const WorldCosts& costs, int ranks, double shards, double alone) {
  const StepTime step = predicted_step(costs, ranks, shards);
  const double images = static_cast<double>(costs.shard_images) * shards * ranks, rate = images / step.whole();
  log_info("{:>6d} {:>12.0f} {:>10.3f} {:>8.1f} % {:>12.1f} {:>9.2f}", ranks, images, step.whole(),
           100 * step.summing / step.whole(), rate, rate / alone);
}

}  // namespace

StepTime predicted_step(const WorldCosts& costs, int ranks, double shards) {
  const double share = 2 * (ranks - 1.0) / ranks, hops = 2 * std::ceil(std::log2(ranks));
  return {costs.shard_seconds * shards, share * costs.bytes / costs.bytes_per_second + kSums * hops * costs.latency};
}

void print_world_plan(train::TrainingTask& task, const RunSettings& run) {
  const train::World& world = run.world;
  const auto shards = static_cast<double>(run.shards);
  const double own_shards = shards / world.size();
  WorldCosts costs;
  costs.shard_images = task.images_per_step() / run.shards;
  costs.bytes = static_cast<double>(task.bytes_per_step());
  costs.shard_seconds = measured_step(task, world) / own_shards;
  world.size() > 1 ? measure_network(world, costs) : assume_network(costs);
  log_info("plan: {} shards of {} images; here {} in each of {} process{}, peak memory {:.2f} GB", run.shards,
           costs.shard_images, own_shards, world.size(), world.size() == 1 ? "" : "es", peak_memory_gigabytes());
  log_info("a shard takes {:.3f} s (measured here); {:.2f} MB are summed in a step, at {:.2f} GB/s and {:.0f} µs ({})",
           costs.shard_seconds, costs.bytes / 1e6, costs.bytes_per_second / 1e9, costs.latency * 1e6,
           world.size() > 1 ? "measured between these processes" : "assumed; LIFTED_BANDWIDTH says Gbit/s");
  const char* header = "  ranks  images/step     s/step  summing     images/s    times";
  const double alone = static_cast<double>(costs.shard_images) / costs.shard_seconds;
  log_info("the same {} shards in more processes:\n{}", run.shards, header);
  for (int ranks = 1; ranks <= run.shards; ++ranks)
    if (run.shards % ranks == 0) print_row(costs, ranks, shards / ranks, alone);
  log_info("a shard in each process, so that steps grow:\n{}", header);
  for (int ranks = 1; ranks <= kMostPlanned; ranks *= 2) print_row(costs, ranks, 1, alone);
}

}  // namespace lifted::app
