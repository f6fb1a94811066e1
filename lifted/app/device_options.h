// --device and --precision: what is computed on, and how it rounds.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "lifted/base/numerics.h"

namespace lifted::app {

/// --device.
void add_device_option(CLI::App& command, std::string& device);
/// --precision of what samples and trains with StyleGAN2's blocks; without them only fp32 and tf32.
enum class HalfBlocks { none, some };
void add_precision_option(CLI::App& command, std::string& precision, HalfBlocks half = HalfBlocks::some);

/// What the GPU's kernels did wrong in their self-test, run once for this program, libtorch and card; empty: nothing.
std::string gpu_fault();

/// The device of that name, with libtorch's numerics as the precision says. "auto" is a GPU whose kernels passed their
/// self-test (ops/self_test.h), else the CPU. UsageError for what does not exist here, and for fp16 on a CPU.
torch::Device choose_device(const std::string& device, Precision precision = Precision::fp32);

}  // namespace lifted::app
