// One StyleGAN2 iteration (D and G) and its regularizers, batch 16 at 64² and 8 above, averaged over the lazy cycle.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>

#include "bench/time_by_part.h"
#include "lifted/base/runtime.h"
#include "lifted/ops/machine_limits.h"
#include "lifted/train/gan_task.h"

namespace {
using namespace lifted;

struct Setup {
  std::unique_ptr<train::GanTrainer> trainer;
  torch::Tensor real;
  int64_t batch = 0;

  train::Latents latents(int64_t count) const {
    const int64_t z = trainer->generator->config().z_dim;
    return {torch::randn({count, z}), torch::randn({count, z}), 4};
  }
};

/// "lite" is the published code's; "tiny" is this project's small one.
Setup make_setup(const std::string& channels, int size) {
  train::GanOptions options;
  train::set_channels(options, channels, size);
  Setup setup;
  setup.batch = size == 64 ? 16 : 8;
  setup.trainer = std::make_unique<train::GanTrainer>(options.generator, options.discriminator, options.training);
  setup.real = torch::rand({setup.batch, 3, size, size}) * 2 - 1;
  return setup;
}

void step(Setup& s) {
  s.trainer->discriminator_backward(s.real, {.latents = s.latents(s.batch)});
  s.trainer->update_discriminator("D");
  s.trainer->generator_backward({.latents = s.latents(s.batch)});
  s.trainer->update_generator("G");
  s.trainer->update_average(0.998);
}

void r1(Setup& s) {
  s.trainer->r1_backward(s.real);
  s.trainer->update_discriminator("R1");
}

void path(Setup& s) {
  const int64_t size = s.real.size(2);
  s.trainer->path_backward(
      {{.latents = s.latents(s.batch / 2), .image_noise = torch::randn({s.batch / 2, 3, size, size})}});
  s.trainer->update_generator("path");
}

double seconds_of(Setup& setup, const char* name, void (*work)(Setup&)) {
  const TimeByPart table(name);
  const auto start = std::chrono::steady_clock::now();
  work(setup);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void BM_LazyCycle(benchmark::State& state, const char* channels, int size) {
  Setup setup = make_setup(channels, size);
  step(setup);
  double steps = 0, r1s = 0, paths = 0;
  int64_t rounds = 0;
  for (auto _ : state) {
    steps += seconds_of(setup, "D + G", step);
    r1s += seconds_of(setup, "R1", r1);
    paths += seconds_of(setup, "path length", path);
    ++rounds;
  }
  const auto mean = [&](double total) { return total / static_cast<double>(rounds); };
  const double average = mean(steps) + mean(r1s) / 16 + mean(paths) / 4;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["D+G_s"] = mean(steps);
  state.counters["R1_s"] = mean(r1s);
  state.counters["path_s"] = mean(paths);
  state.counters["average_s"] = average;
  state.counters["s_per_kimg"] = average * 1000 / static_cast<double>(setup.batch);
  state.counters["peak_GB"] = static_cast<double>(usage.ru_maxrss) / (1 << 20);
  state.counters["peak_GFLOPs"] = ops::measure_multiply_add_peak() * 1e-9;
  state.counters["conv_GFLOPs"] = ops::measure_conv_ceiling() * 1e-9;
}

BENCHMARK_CAPTURE(BM_LazyCycle, tiny_64, "tiny", 64)->Unit(benchmark::kSecond)->Iterations(3)->UseRealTime();
BENCHMARK_CAPTURE(BM_LazyCycle, tiny_128, "tiny", 128)->Unit(benchmark::kSecond)->Iterations(3)->UseRealTime();
BENCHMARK_CAPTURE(BM_LazyCycle, lite_64, "lite", 64)->Unit(benchmark::kSecond)->Iterations(2)->UseRealTime();
BENCHMARK_CAPTURE(BM_LazyCycle, lite_256, "lite", 256)->Unit(benchmark::kSecond)->Iterations(2)->UseRealTime();

}  // namespace

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
