// StyleGAN2 synthesis against this machine's convolution ceiling, measured alternately in one run.
//
//   synthesis_bench [--batch 8] [--size 256] [--full] [--threads 0] [--rounds 15]
//
// GFLOP/s count the arithmetic of the transposed-convolution form (2.72 GFLOP per 256² image of the lite table).
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

#include "lifted/base/runtime.h"
#include "lifted/nets/stylegan2.h"
#include "lifted/ops/cpu/isa.h"
#include "lifted/ops/machine_limits.h"

namespace {
using lifted::nets::Stylegan2Config;

struct Options {
  int batch = 8, size = 256, threads = 0, rounds = 15;
  bool full = false;
};

double flops_per_image(const Stylegan2Config& config) {
  double total = 0;
  for (int level = 0; level < config.levels(); ++level) {
    const auto c = [&](int i) { return static_cast<double>(config.channels[static_cast<size_t>(i)]); };
    const double side = 4 << level, pixels = side * side;
    total += 18 * c(level) * c(level) * pixels;
    if (level > 0) total += 18 * c(level - 1) * c(level) * pixels / 4;
  }
  return total;
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(const Options& options) {
  torch::NoGradGuard no_grad;
  Stylegan2Config config;
  config.size = options.size;
  config.channels =
      options.full ? lifted::nets::full_channels(options.size) : lifted::nets::lite_channels(options.size);
  lifted::nets::Stylegan2Generator generator(config), layered(config);
  layered->use(lifted::ops::Implementation::reference);
  const auto w = generator->map(torch::randn({options.batch, config.z_dim}));
  const double work = flops_per_image(config) * options.batch;
  generator->synthesize(w);
  layered->synthesize(w);
  std::vector<double> ceiling, fused, plain, share, speedup;
  for (int i = 0; i < options.rounds; ++i) {
    ceiling.push_back(lifted::ops::measure_conv_ceiling(6));
    fused.push_back(seconds_of([&] { generator->synthesize(w); }));
    share.push_back(work / fused.back() / ceiling.back());
    if (i % 3 != 0) continue;
    plain.push_back(seconds_of([&] { layered->synthesize(w); }));
    speedup.push_back(plain.back() / fused.back());
  }
  const double seconds = median(fused), best = *std::min_element(fused.begin(), fused.end());
  std::printf("synthesis %d² %s, batch %d, %d threads, %s kernels, BLAS %s, medians of %d alternating rounds\n",
              options.size, options.full ? "full" : "lite", options.batch, torch::get_num_threads(),
              lifted::ops::isa_name(lifted::ops::isa_level()), lifted::blas_kernels().c_str(), options.rounds);
  std::printf("  conv ceiling          %8.1f GFLOP/s  (fastest %.1f)\n", median(ceiling) * 1e-9,
              *std::max_element(ceiling.begin(), ceiling.end()) * 1e-9);
  std::printf("  fused synthesis       %8.2f ms/image %8.1f GFLOP/s %8.1f images/s  (fastest %.2f ms/image)\n",
              seconds / options.batch * 1e3, work / seconds * 1e-9, options.batch / seconds,
              best / options.batch * 1e3);
  std::printf("  share of the ceiling  %8.1f %%\n", 100 * median(share));
  std::printf("  layer by layer        %8.2f ms/image, fused is %.1f times as fast\n",
              median(plain) / options.batch * 1e3, median(speedup));
}

}  // namespace

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  Options options;
  CLI::App app("StyleGAN2 synthesis against the convolution ceiling");
  app.add_option("--batch", options.batch)->check(CLI::PositiveNumber);
  app.add_option("--size", options.size);
  app.add_option("--threads", options.threads);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  app.add_flag("--full", options.full, "the full channel table instead of the lite one");
  CLI11_PARSE(app, argc, argv);
  lifted::set_threads(options.threads);
  torch::manual_seed(0);
  run(options);
}
