// What a process sets up once: threads, allocator, BLAS kernels, device.
#pragma once

#include <filesystem>
#include <string>

#include "lifted/base/tensor.h"

namespace lifted {

/// Call first in main(). Keeps freed memory in the process (libtorch allocates and frees large blocks all the time, and
/// returning each to the system costs up to half the time), uses all cores, and, where OpenBLAS chose kernels for an
/// older processor than this one, restarts the program with OPENBLAS_CORETYPE set to the right ones.
void prepare_process(char** argv);

/// The cores this process may run on (its affinity), at least 1.
int available_cores();

/// How many threads to work with where `asked` for so many: 0 means one per core that this process may run on, and more
/// than that are reduced to it, with a warning that names `option`.
int usable_threads(int asked, const char* option = "--threads");

/// Sets the number of computing threads; 0 means OMP_NUM_THREADS, else every core. usable_threads() otherwise.
/// OpenBLAS's own threads, where it has any, are reduced to one unless OPENBLAS_NUM_THREADS says otherwise.
void set_threads(int threads);

/// "cpu", "cuda", "cuda:N" or "auto" (a GPU of CUDA if there is one); "xpu" where libtorch has such. UsageError if the
/// device does not exist in this build or machine.
torch::Device parse_device(const std::string& name);

/// The name of OpenBLAS's kernels in use ("SkylakeX"); "MKL 2025.2" where libtorch brings Intel's library, "not
/// OpenBLAS" for any other.
std::string blas_kernels();

/// The libtorch in use: "2.15.0 for the CPU, oneDNN 3.7.1".
std::string libtorch_build();

/// "AMD EPYC 7763 64-Core Processor", as the system says; "unknown processor" where it says nothing.
std::string processor_name();

/// Where a user's programs keep what they can compute again: $XDG_CACHE_HOME/liftedgan or ~/.cache/liftedgan; empty if
/// neither variable is set.
std::filesystem::path user_cache_folder();

}  // namespace lifted
