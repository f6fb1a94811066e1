#include "lifted/base/runtime.h"

#include <ATen/Version.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <malloc.h>
#include <sched.h>
#include <torch/cuda.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <thread>

#include "lifted/base/blas_kernels.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/base/numerics.h"
#include "lifted/base/torch_compat.h"

namespace lifted {
namespace {

/// Of CUDA's kind, or of another that this libtorch brings or was given.
int device_count(torch::DeviceType type) {
  if (type == torch::kCUDA) return static_cast<int>(torch::cuda::device_count());
  return c10::impl::hasDeviceGuardImpl(type) ? c10::impl::getDeviceGuardImpl(type)->deviceCount() : 0;
}

/// The first number of more than one part in what a library says of its version: "v2.7.3 (Git Hash …)".
std::string version_in(const std::string& sentence) {
  static const std::regex version(R"([0-9]+(\.[0-9]+)+)");
  std::smatch found;
  return std::regex_search(sentence, found, version) ? found.str() : "of unknown version";
}

/// OpenBLAS built on threads of its own keeps them awake beside OpenMP's, which computes everything else: twice as many
/// spinning threads as cores. Its products are small here, so one thread is the faster choice, a third less time for a
/// training step, and sums do not feel how many cores a machine has.
void leave_threads_to_openmp() {
  constexpr int own_threads = 1;  // what openblas_get_parallel says of such a build
  using GetParallel = int (*)();
  using SetThreads = void (*)(int);
  const auto get_parallel = reinterpret_cast<GetParallel>(dlsym(RTLD_DEFAULT, "openblas_get_parallel"));
  const auto set_blas_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (!get_parallel || !set_blas_threads || get_parallel() != own_threads || std::getenv("OPENBLAS_NUM_THREADS"))
    return;
  set_blas_threads(1);
}

}  // namespace

// Neither libtorch's count, seen to be 1 on machines it does not know, nor the standard library's, which is the
// machine's.
int available_cores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return std::max(1, CPU_COUNT(&cores));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::string libtorch_build() {
  return fmt::format("{} {}, oneDNN {}", TORCH_VERSION, at::hasCUDA() ? "with CUDA" : "for the CPU",
                     at::hasMKLDNN() ? version_in(at::get_mkldnn_version()) : "no: convolutions will be slow");
}

std::string blas_kernels() {
  // Before asking OpenBLAS, which other libraries may have loaded.
  if (at::hasMKL()) return "MKL " + version_in(at::get_mkl_version());
  const std::string kernels = openblas_kernels();
  return kernels.empty() ? "not OpenBLAS" : kernels;
}

void prepare_process(char** argv) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
  set_numerics({});
  set_threads(0);
  const char* better = std::getenv("OPENBLAS_CORETYPE") ? nullptr : better_blas_kernels(blas_kernels());
  if (better) {
    setenv("OPENBLAS_CORETYPE", better, 1);
    execv("/proc/self/exe", argv);  // Returns only on failure; then the slow kernels are used and `doctor` says so.
  }
}

int usable_threads(int asked, const char* option) {
  const int cores = available_cores();
  if (asked > cores) {
    log_warning("{} {}: this process may use {} core{}; {} thread{} work{}", option, asked, cores,
                cores == 1 ? "" : "s", cores, cores == 1 ? "" : "s", cores == 1 ? "s" : "");
  }
  return asked > 0 ? std::min(asked, cores) : cores;
}

void set_threads(int threads) {
  const char* environment = std::getenv("OMP_NUM_THREADS");
  const int wished = threads <= 0 && environment ? std::atoi(environment) : 0;
  torch::set_num_threads(wished > 0 ? wished : usable_threads(threads));
  leave_threads_to_openmp();
}

torch::Device parse_device(const std::string& name) {
  if (name == "auto") return torch::Device(torch::cuda::is_available() ? torch::kCUDA : torch::kCPU);
  const torch::Device device = [&] {
    try {
      return torch::Device(name);
    } catch (const c10::Error&) {
      usage_error("--device {}: expected cpu, cuda, cuda:N or auto", name);
    }
  }();
  if (device.is_cpu()) return device;
  if (!device.is_cuda() && !device.is_xpu()) usage_error("--device {}: expected cpu, cuda, cuda:N or auto", name);
  const int count = device_count(device.type());
  if (count == 0) usage_error("--device {}: this libtorch sees no GPU; use --device cpu", name);
  if (device.index() >= count) usage_error("--device {}: there are {} GPUs", name, count);
  return device;
}

std::string processor_name() {
  std::ifstream lines("/proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with("model name") && colon + 2 < line.size()) return line.substr(colon + 2);
  }
  return "unknown processor";
}

std::filesystem::path user_cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache && *cache) return std::filesystem::path(cache) / "liftedgan";
  const char* home = std::getenv("HOME");
  return home && *home ? std::filesystem::path(home) / ".cache" / "liftedgan" : std::filesystem::path();
}

}  // namespace lifted
