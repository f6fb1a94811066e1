#include "lifted/base/blas_kernels.h"

#include <dlfcn.h>

namespace lifted {
namespace {

/// How wide a vector unit OpenBLAS's kernels of that name use: 0 SSE, 1 AVX2, 2 AVX-512, -1 unknown.
int vector_rank(const std::string& kernels) {
  for (const char* name : {"Katmai", "Coppermine", "Northwood", "Prescott", "Banias", "Core2", "Penryn", "Dunnington",
                           "Nehalem", "Athlon", "Opteron", "Barcelona", "Bobcat", "Atom"}) {
    if (kernels == name) return 0;
  }
  for (const char* name : {"Haswell", "Zen", "Excavator"}) {
    if (kernels == name) return 1;
  }
  for (const char* name : {"SkylakeX", "Cooperlake", "SapphireRapids"}) {
    if (kernels == name) return 2;
  }
  return -1;
}

/// The widest that this processor can run, or nullptr where we do not know better than OpenBLAS's own detection.
const char* widest_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

}  // namespace

const char* better_blas_kernels(const std::string& chosen) {
  const char* widest = widest_kernels();
  const int rank = vector_rank(chosen);
  return widest && rank >= 0 && rank < vector_rank(widest) ? widest : nullptr;
}

std::string openblas_kernels() {
  using CoreName = char* (*)();
  const auto core_name = reinterpret_cast<CoreName>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return core_name ? core_name() : "";
}

}  // namespace lifted
