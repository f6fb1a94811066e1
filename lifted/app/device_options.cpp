#include "lifted/app/device_options.h"

#include <torch/cuda.h>

#include <cstdlib>

#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/runtime.h"
#if __has_include("lifted/ops/self_test.h")
#include "lifted/ops/self_test.h"
#endif
#if defined(LIFTED_CUDA)
#include <c10/cuda/CUDAFunctions.h>
#endif

namespace lifted::app {
namespace {

torch::Device automatic_device() {
  if (!torch::cuda::is_available()) return torch::kCPU;
  const std::string fault = gpu_fault();
  if (fault.empty()) return torch::kCUDA;
  log_warning("--device auto: the CPU, since the GPU failed its self-test: {}; --device cuda takes it all the same",
              fault);
  return torch::kCPU;
}

/// LIFTED_SYNC_WARNINGS=1: libtorch warns of every call that waits for a GPU.
void warn_of_waits() {
  const char* wanted = std::getenv("LIFTED_SYNC_WARNINGS");
  if (!wanted || std::string(wanted) != "1") return;
#if defined(LIFTED_CUDA)
  c10::cuda::warning_state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_WARN);
#else
  log_warning("LIFTED_SYNC_WARNINGS: this build has no CUDA kernels and knows of no waits");
#endif
}

}  // namespace

std::string gpu_fault() {
#if __has_include("lifted/ops/self_test.h")
  return ops::self_test_once(torch::kCUDA, user_cache_folder()).failed;
#else
  return "this build has none";
#endif
}

void add_device_option(CLI::App& command, std::string& device) {
  command.add_option("--device", device, "cpu, cuda, cuda:N or auto")->capture_default_str();
}

void add_precision_option(CLI::App& command, std::string& precision, HalfBlocks half) {
  const bool some = half == HalfBlocks::some;
  command
      .add_option("--precision", precision,
                  some ? "bf16 or fp16: of StyleGAN2's blocks from an eighth of the size on, all else in fp32; tf32: a "
                         "GPU may round the factors of products"
                       : "tf32: a GPU may round the factors of products")
      ->transform(some ? choice({"fp32", "tf32", "bf16", "fp16"}) : choice({"fp32", "tf32"}))
      ->capture_default_str();
}

torch::Device choose_device(const std::string& name, Precision precision) {
  const torch::Device device = name == "auto" ? automatic_device() : parse_device(name);
  if (device.is_cpu() && precision == Precision::fp16)
    usage_error("--precision fp16: runs on a GPU only; expected fp32 or bf16 with --device {}", name);
  if (device.is_cpu() && precision == Precision::tf32)
    log_info("--precision tf32: is about GPUs; this CPU computes in fp32");
  set_numerics(NumericsPolicy::of(precision));
  if (device.is_cuda()) warn_of_waits();
  return device;
}

}  // namespace lifted::app
