// Between the CPU and a GPU without waiting: what goes there, and constants that stay there.
#pragma once

#include <functional>
#include <vector>

#include "lifted/base/tensor.h"

namespace lifted {

/// The tensor on `device`. On its way to a GPU it is copied from page-locked memory (its own, where it lies there), and
/// nobody waits; the tensor itself may be written to again, unless it lies in page-locked memory.
torch::Tensor to_device(const torch::Tensor& tensor, torch::Device device);

/// Where batches that go to `device` are put together: page-locked memory if it is a GPU.
torch::TensorOptions staging_options(torch::Device device, torch::ScalarType type);

/// `values` in this shape, as a tensor of the type and device of `options`. Made once and kept, shared by all who ask:
/// not to be written to.
torch::Tensor constant(const std::vector<double>& values, at::IntArrayRef shape, const torch::TensorOptions& options);

/// The same of what make() returns (on the CPU, without a gradient); `kind` and `key` say what that depends on.
torch::Tensor constant(const char* kind, const std::vector<double>& key, const torch::TensorOptions& options,
                       const std::function<torch::Tensor()>& make);

}  // namespace lifted
