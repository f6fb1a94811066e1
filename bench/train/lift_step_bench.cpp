// One full lifting step with every loss at 64² and 256², batch 8, in the published sizes.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <fmt/format.h>

#include "bench/time_by_part.h"
#include "lifted/base/runtime.h"
#include "lifted/ops/machine_limits.h"
#include "lifted/train/lift_trainer.h"

namespace lifted {
namespace {

/// The published sizes with random weights: speed does not depend on what they say.
train::LiftTrainer make_trainer(int size) {
  torch::manual_seed(0);
  nets::Stylegan2Config config;
  config.size = size;
  config.channels = nets::lite_channels(size);
  nets::Stylegan2Generator generator(config);
  model::LiftingNetworks networks(nets::LiftingConfig::at(size, config.channels.back(), config.w_dim));
  model::WStatistics statistics;
  statistics.mean = torch::zeros({config.w_dim});
  statistics.sigma_inv = 1;
  model::LiftedGan gan(generator, networks, model::LiftConfig::at(size), statistics);
  nets::Vgg16 vgg;
  nets::FaceEmbedding embedding(nets::FaceEmbeddingConfig{.size = std::min(size, 128)});
  embedding->eval();
  for (auto& p : vgg->parameters()) p.set_requires_grad(false);
  for (auto& p : embedding->parameters()) p.set_requires_grad(false);
  return {gan, {train::PerceptualLoss(train::perceptual_maps(vgg)), embedding}, {}};
}

double peak_gigabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

void LiftStep(benchmark::State& state) {
  auto trainer = make_trainer(static_cast<int>(state.range(0)));
  auto random = at::detail::createCPUGenerator(1);
  const auto step = [&] {
    const TimeByPart table("lifting step");
    trainer.backward(train::LiftDraws::draw(state.range(1), 512, random, random));
    trainer.update();
  };
  step();
  for (auto _ : state) step();
  state.counters["peak_GB"] = peak_gigabytes();
}
BENCHMARK(LiftStep)->Args({64, 8})->Unit(benchmark::kSecond)->UseRealTime()->Iterations(5);
BENCHMARK(LiftStep)->Args({256, 8})->Unit(benchmark::kSecond)->UseRealTime()->Iterations(2);

}  // namespace
}  // namespace lifted

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("threads", std::to_string(torch::get_num_threads()));
  benchmark::AddCustomContext("multiply-add peak, GFLOP/s",
                              fmt::format("{:.0f}", lifted::ops::measure_multiply_add_peak() * 1e-9));
  benchmark::AddCustomContext("libtorch's convolution, GFLOP/s",
                              fmt::format("{:.0f}", lifted::ops::measure_conv_ceiling() * 1e-9));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
