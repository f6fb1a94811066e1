// Features for FID: InceptionV3 from images of 256² in batches of 16 to 2048 numbers each, as shares of the machine's
// multiply-add peak.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>

#include "bench/time_by_part.h"
#include "lifted/base/runtime.h"
#include "lifted/nets/inception_v3.h"
#include "lifted/ops/machine_limits.h"

namespace lifted {
namespace {

/// Two operations per multiply-add of the convolutions, per image.
double work_per_image() {
  double work = 0;
  const auto side_of = [](const std::string& name) {
    if (name == "Conv2d_1a_3x3") return 149;
    if (name.starts_with("Conv2d_2")) return 147;
    if (name.starts_with("Conv2d_3")) return 73;
    if (name.starts_with("Conv2d_4")) return 71;
    if (name.starts_with("Mixed_5")) return 35;
    return name.starts_with("Mixed_6") ? 17 : 8;
  };
  for (const auto& layer : nets::inception_layers()) {
    int side = side_of(layer.name);
    // Before the halving convolutions of 6a and 7a the maps are still large.
    if (layer.stride == 1 && layer.name.starts_with("Mixed_6a")) side = 35;
    if (layer.stride == 1 && layer.name.starts_with("Mixed_7a")) side = 17;
    work += 2.0 * side * side * layer.in * layer.out * layer.height * layer.width;
  }
  return work;
}

void Features(benchmark::State& state) {
  const torch::NoGradGuard guard;
  torch::manual_seed(0);
  nets::InceptionV3 network(state.range(1) ? nets::InceptionInput::tensorflow : nets::InceptionInput::pytorch_fid);
  for (auto& parameter : network->parameters()) parameter.normal_(0, 0.05);
  const auto images = torch::rand({state.range(0), 3, 256, 256}) * 2 - 1;
  network->forward(images);
  double seconds = 0;
  for (auto _ : state) {
    const TimeByPart table("Inception");
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(network->forward(images));
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(elapsed.count());
    seconds += elapsed.count();
  }
  const double rate = static_cast<double>(state.iterations() * state.range(0)) / seconds;
  state.counters["images/s"] = rate;
  state.counters["GFLOP/s"] = rate * work_per_image() * 1e-9;
  state.counters["of peak"] = rate * work_per_image() / ops::measure_multiply_add_peak();
}
BENCHMARK(Features)
    ->ArgNames({"batch", "tensorflow"})
    ->Args({16, 0})
    ->Args({1, 0})
    ->Args({16, 1})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(3);

}  // namespace
}  // namespace lifted

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("threads", std::to_string(torch::get_num_threads()));
  benchmark::AddCustomContext("BLAS", lifted::blas_kernels());
  benchmark::AddCustomContext("multiply-add peak, GFLOP/s",
                              fmt::format("{:.0f}", lifted::ops::measure_multiply_add_peak() * 1e-9));
  benchmark::AddCustomContext("libtorch's convolution, GFLOP/s",
                              fmt::format("{:.0f}", lifted::ops::measure_conv_ceiling() * 1e-9));
  benchmark::AddCustomContext("work, GFLOP/image", fmt::format("{:.2f}", lifted::work_per_image() * 1e-9));
  benchmark::RunSpecifiedBenchmarks();
}
