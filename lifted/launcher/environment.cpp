#include "lifted/launcher/environment.h"

#include <dlfcn.h>

#include <cstdlib>

#include "lifted/base/blas_kernels.h"

namespace lifted {
namespace {

void choose_blas_kernels() {
  if (std::getenv("OPENBLAS_CORETYPE") || !dlopen("libblas.so.3", RTLD_LAZY | RTLD_GLOBAL)) return;
  const char* better = better_blas_kernels(openblas_kernels());
  if (better) setenv("OPENBLAS_CORETYPE", better, 0);
}

/// OpenMP's threads wait for each other awake, by default for milliseconds: cores that others need, and where those
/// have them, each step waits for a thread that waits for a core. This many rounds cost an idle machine little.
void choose_openmp_waiting() {
  if (!std::getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "10000", 0);
}

}  // namespace

void prepare_environment() {
  choose_blas_kernels();
  choose_openmp_waiting();
}

}  // namespace lifted
