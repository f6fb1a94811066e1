// A convolution whose weights do not change: arranged once for the algorithm that suits them, with bias and ReLU in the
// same pass, from and into parts of wider tensors. For inference; convolution.h is the differentiable form.
#pragma once

#include <torch/types.h>

#include <optional>

#include "lifted/ops/convolution.h"
#include "lifted/ops/cpu/winograd_transform_kernel.h"

namespace lifted::ops {

class PackedConvolution {
 public:
  PackedConvolution() = default;
  /// weight: out×in×h×w, bias: out; fp32. Copies what it needs.
  PackedConvolution(const torch::Tensor& weight, const torch::Tensor& bias, const ConvolutionOptions& options);

  /// x ∗ weight + bias, with a ReLU for the first relu_channels (a multiple of 16, or all), written to y: B×out×H'×W'.
  /// The channels of x and y lie innermost, as in channels_last tensors and in parts of their channels. Results do not
  /// depend on the batch or the threads where ours compute (convolution_algorithms()).
  void run(const torch::Tensor& x, int64_t relu_channels, torch::Tensor y) const;
  /// The same in a tensor of its own.
  torch::Tensor operator()(const torch::Tensor& x, int64_t relu_channels) const;

 private:
  torch::Tensor weight_, bias_, packed_;  // packed_: for a form, or for direct products; else undefined
  ConvolutionOptions options_;
  std::optional<WinogradForm> form_;
};

}  // namespace lifted::ops
