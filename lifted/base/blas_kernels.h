// Which kernels OpenBLAS should use. Of the standard library alone: the launcher asks before libtorch is loaded.
#pragma once

#include <string>

namespace lifted {

/// What OPENBLAS_CORETYPE should say where OpenBLAS, having looked at this processor, uses `chosen` (what
/// openblas_get_corename says): the name of kernels for wider vectors that this processor can run, or nullptr where the
/// choice is good or not understood. OpenBLAS takes the oldest for a processor that it does not know.
const char* better_blas_kernels(const std::string& chosen);

/// The kernels of an OpenBLAS that this process has loaded; "" for any other library.
std::string openblas_kernels();

}  // namespace lifted
