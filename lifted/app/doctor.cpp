// `doctor`: what this build and machine are running on, and how fast.
#include <torch/cuda.h>
#include <cstdlib>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/validators.h"
#include "lifted/base/numerics.h"
#include "lifted/base/runtime.h"
#include "lifted/ops/convolution_choice.h"
#include "lifted/ops/cpu/isa.h"
#include "lifted/ops/machine_limits.h"
#include "lifted/train/world.h"
#include "lifted_version.h"

namespace lifted::app {
namespace {

void print_row(const std::string& name, const std::string& value) {
  fmt::print("{:<14} {}\n", name, value);
}

/// GFLOP/s of a 2048³ product: tells at once whether BLAS runs its slow kernels.
double matrix_product_gflops() {
  const torch::Tensor a = torch::ones({2048, 2048});
  torch::mm(a, a);
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    torch::mm(a, a);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2.0 * 2048 * 2048 * 2048 / seconds.count() / 1e9);
  }
  return best;
}

std::string gpu_sentence() {
  if (!torch::cuda::is_available()) return "none that this libtorch sees; everything runs on the CPU";
  const std::string fault = gpu_fault();
  return fmt::format("{} CUDA device(s); self-test: {}", torch::cuda::device_count(),
                     fault.empty() ? "passed, --device auto takes it" : fault + ", --device auto is the CPU");
}

void doctor(int threads) {
  set_threads(threads);
  const char* asked = at::hasMKL() ? nullptr : std::getenv("OPENBLAS_CORETYPE");
  print_row("liftedgan", fmt::format("{} ({}, {})", LIFTED_VERSION, LIFTED_BUILD_TYPE, LIFTED_COMPILER));
  print_row("libtorch", libtorch_build());
  if (*LIFTED_LEFT_OUT) print_row("left out", LIFTED_LEFT_OUT);
  print_row("threads", fmt::format("{}", torch::get_num_threads()));
  print_row("kernels", fmt::format("{} (own inner loops; LIFTED_ISA lowers them)", ops::isa_name(ops::isa_level())));
  print_row("BLAS", fmt::format("{}{}", blas_kernels(), asked ? fmt::format(" (OPENBLAS_CORETYPE={})", asked) : ""));
  print_row("GPU", gpu_sentence());
  print_row("numerics",
            fmt::format("{} and {} algorithms on a GPU; tried on an H100 and an H200 (docs/devices.md)",
                        numerics().tf32 ? "TF32" : "no TF32", numerics().deterministic ? "deterministic" : "any"));
  print_row("processes", train::World::is_supported() ? "several, by c10d's Gloo (launch, torchrun, mpirun, srun)"
                                                      : train::World::unsupported());
  print_row("multiply-adds", fmt::format("{:.0f} GFLOP/s (fp32, all threads: the machine's peak)",
                                         ops::measure_multiply_add_peak() / 1e9));
  print_row("convolution", fmt::format("{:.0f} GFLOP/s (libtorch's, 3×3, 64 channels, 64×64); ours: {}",
                                       ops::measure_conv_ceiling() / 1e9, ops::convolution_algorithms()));
  print_row("matrix product", fmt::format("{:.0f} GFLOP/s (2048³)", matrix_product_gflops()));
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto threads = std::make_shared<int>(0);
  CLI::App* command =
      app.add_subcommand("doctor", "Report the build, libraries, kernels and devices in use, and how fast they are");
  command->add_option("--threads", *threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads));
  command->callback([threads] { doctor(*threads); });
}

}  // namespace lifted::app
