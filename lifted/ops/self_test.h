// Whether a device computes the ops as their references do: what is asked before one is trusted.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lifted/base/tensor.h"

namespace lifted::ops {

struct SelfTestResult {
  std::string op;      ///< "bias_act", "bias_act gradient", …
  double worst = 0;    ///< largest difference from the reference in fp32 on the CPU, in units of the largest value
  double bound = 0;    ///< the most it may be
  std::string reason;  ///< what went wrong where the op threw; else empty
  bool passed() const { return reason.empty() && worst <= bound; }
};

/// Runs every op, and its gradient where it has one of its own, on small inputs; TF32 is off meanwhile. A second or
/// less. Never throws for what an op does.
std::vector<SelfTestResult> self_test(torch::Device device);

struct SelfTestSummary {
  bool passed = false;
  std::string failed;       ///< the first op that failed and by how much; empty if none
  bool remembered = false;  ///< found in the cache folder
};

/// The same once for this program, libtorch and device: a pass is written to `cache` and read from there the next time.
/// A folder that cannot be written is no error: the test runs again.
SelfTestSummary self_test_once(torch::Device device, const std::filesystem::path& cache);

/// What a device is called: "NVIDIA H100 PCIe", or "cpu". CUDA devices have a name where the kernels were built in.
std::string device_name(torch::Device device);

}  // namespace lifted::ops
