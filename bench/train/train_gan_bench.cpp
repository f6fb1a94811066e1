// One StyleGAN2 iteration at 64², batch 16, and its regularizers, beside the published trainer's times on this kind of
// machine (PyTorch 1.13.1, 2 threads): D + G step 30.2 s (16.7 s with tuned memory), R1 13.5 (7.9), path length 11.4
// (6.7); averaged over the lazy cycle 33.9 s (18.9 s). The measured ceiling of a plain convolution is printed with
// them.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <functional>
#include <memory>

#include "lifted/base/runtime.h"
#include "lifted/ops/conv_ceiling.h"
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

/// "lite" is what the published times were taken with; "tiny" is this project's small one.
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

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What the published trainer needs for one iteration averaged over the lazy cycle, in seconds: as users get it, and
/// with tuned memory.
struct Published {
  double plain = 0, tuned = 0;
};

void BM_LazyCycle(benchmark::State& state, const char* channels, int size, Published published) {
  Setup setup = make_setup(channels, size);
  step(setup);
  double steps = 0, r1s = 0, paths = 0;
  int64_t rounds = 0;
  for (auto _ : state) {
    steps += seconds_of([&] { step(setup); });
    r1s += seconds_of([&] { r1(setup); });
    paths += seconds_of([&] { path(setup); });
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
  if (published.plain > 0) {
    state.counters["x_published"] = published.plain / average;
    state.counters["x_tuned"] = published.tuned / average;
  }
  state.counters["peak_GB"] = static_cast<double>(usage.ru_maxrss) / (1 << 20);
  state.counters["conv_GFLOPs"] = ops::measure_conv_ceiling() * 1e-9;
}

BENCHMARK_CAPTURE(BM_LazyCycle, tiny_64, "tiny", 64, {})->Unit(benchmark::kSecond)->Iterations(3)->UseRealTime();
BENCHMARK_CAPTURE(BM_LazyCycle, lite_64, "lite", 64, {33.9, 18.9})
    ->Unit(benchmark::kSecond)
    ->Iterations(2)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_LazyCycle, lite_256, "lite", 256, {56.0, 29.4})
    ->Unit(benchmark::kSecond)
    ->Iterations(2)
    ->UseRealTime();

}  // namespace

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
