// From latent codes to rendered images: the whole pipeline and its stages, at 256² in the published sizes, batches of 8
// and of 1.
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include <chrono>

#include "lifted/base/runtime.h"
#include "lifted/model/lifted_gan.h"
#include "lifted/ops/cpu/isa.h"
#include "lifted/ops/machine_limits.h"

namespace lifted {
namespace {

/// The published sizes with random weights: speed does not depend on what they say.
model::LiftedGan make_gan() {
  torch::manual_seed(0);
  nets::Stylegan2Config config;
  config.channels = nets::lite_channels(config.size);
  nets::Stylegan2Generator generator(config);
  model::LiftingNetworks networks(nets::LiftingConfig::at(config.size, config.channels.back(), config.w_dim));
  model::WStatistics statistics;
  statistics.mean = torch::zeros({config.w_dim});
  return {generator, networks, model::LiftConfig(), statistics};
}

const model::LiftedGan& gan() {
  static const model::LiftedGan instance = make_gan();
  return instance;
}

/// Runs `stage` on a batch of codes and reports images per second.
template <typename Stage>
double measure(benchmark::State& state, Stage stage) {
  torch::NoGradGuard no_grad;
  stage();
  double seconds = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    stage();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(elapsed.count());
    seconds += elapsed.count();
  }
  const double rate = static_cast<double>(state.iterations() * state.range(0)) / seconds;
  state.counters["images/s"] = rate;
  return rate;
}

torch::Tensor latents(const benchmark::State& state) {
  return torch::randn({state.range(0), gan().generator()->config().z_dim});
}

void LatentToImage(benchmark::State& state) {
  const auto z = latents(state);
  const double rate = measure(state, [&] {
    const auto w = model::truncate(gan().generator()->map(z), gan().statistics(), {}, gan().generator()->layers());
    const auto image = gan().render(gan().estimate(w)).recon_im;
    return (image.clamp(-1, 1) * 127.5 + 127.5).to(torch::kUInt8);
  });
}

void Estimate(benchmark::State& state) {
  const auto w = latents(state);
  measure(state, [&] { return gan().estimate(w); });
}

void Synthesis(benchmark::State& state) {
  const auto w = latents(state);
  measure(state, [&] { return gan().generator()->synthesize(w); });
}

void DecomposeAndCompose(benchmark::State& state) {
  const auto w = latents(state);
  measure(state, [&] { return gan().neutral_style(w, gan().networks().decompose->forward(w)); });
}

void DepthNetwork(benchmark::State& state) {
  const auto w = latents(state);
  const auto features = torch::randn({state.range(0), 16, 256, 256}).contiguous(torch::MemoryFormat::ChannelsLast);
  measure(state, [&] { return gan().networks().depth->forward(w, features); });
}

void TransformMapNetwork(benchmark::State& state) {
  const auto w = latents(state);
  measure(state, [&] { return gan().networks().transform->forward(w); });
}

/// What estimate does around its networks: depth, transformation map, de-lighting.
void EstimateWithoutNetworks(benchmark::State& state) {
  const auto plane = torch::randn({state.range(0), 1, 256, 256}), image = torch::randn({state.range(0), 3, 256, 256});
  const auto light = torch::zeros({state.range(0), 4});
  measure(state, [&] {
    const auto depth = gan().depth_from_raw(plane);
    return std::pair{gan().transform_map_from_logits(plane, depth), gan().delight(image, depth, light)};
  });
}

/// A new view and light of an estimate at hand.
void Render(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  const auto estimate = gan().estimate(latents(state));
  measure(state, [&] { return gan().render(estimate); });
}

#define LIFTED_STAGE(name) BENCHMARK(name)->Arg(8)->Arg(1)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(1)
LIFTED_STAGE(LatentToImage);
LIFTED_STAGE(Estimate);
LIFTED_STAGE(Synthesis);
LIFTED_STAGE(DecomposeAndCompose);
LIFTED_STAGE(DepthNetwork);
LIFTED_STAGE(TransformMapNetwork);
LIFTED_STAGE(EstimateWithoutNetworks);
LIFTED_STAGE(Render);

}  // namespace
}  // namespace lifted

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("threads", std::to_string(torch::get_num_threads()));
  benchmark::AddCustomContext("kernels", lifted::ops::isa_name(lifted::ops::isa_level()));
  benchmark::AddCustomContext("BLAS", lifted::blas_kernels());
  benchmark::AddCustomContext("multiply-add peak, GFLOP/s",
                              fmt::format("{:.0f}", lifted::ops::measure_multiply_add_peak() * 1e-9));
  benchmark::AddCustomContext("libtorch's convolution, GFLOP/s",
                              fmt::format("{:.0f}", lifted::ops::measure_conv_ceiling() * 1e-9));
  benchmark::RunSpecifiedBenchmarks();
}
