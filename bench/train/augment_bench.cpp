// Adaptive discriminator augmentation of a batch of 16 64-pixel images, forward and with the gradient.
#include <ATen/CPUGeneratorImpl.h>
#include <benchmark/benchmark.h>

#include "lifted/train/augment.h"

namespace lifted::train {
namespace {

/// Argument: the strength in percent.
void BM_Augment(benchmark::State& state) {
  auto generator = at::detail::createCPUGenerator(1);
  const auto images = torch::rand({16, 3, 64, 64}) * 2 - 1;
  for (auto _ : state) benchmark::DoNotOptimize(augment(images, static_cast<double>(state.range(0)) / 100, generator));
}

void BM_AugmentAndGradient(benchmark::State& state) {
  auto generator = at::detail::createCPUGenerator(1);
  const auto images = (torch::rand({16, 3, 64, 64}) * 2 - 1).requires_grad_(true);
  const auto incoming = torch::randn({16, 3, 64, 64});
  for (auto _ : state) {
    const auto augmented = augment(images, static_cast<double>(state.range(0)) / 100, generator);
    benchmark::DoNotOptimize(torch::autograd::grad({augmented}, {images}, {incoming}));
  }
}

BENCHMARK(BM_Augment)->Arg(5)->Arg(20)->Arg(50)->Arg(100)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BM_AugmentAndGradient)->Arg(5)->Arg(20)->Arg(50)->Arg(100)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lifted::train

BENCHMARK_MAIN();
