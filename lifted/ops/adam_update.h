// Adam's update (Kingma and Ba 2015) of many tensors in one go.
#pragma once

#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// One parameter, changed in place together with its moments, which lie in memory as it does.
struct AdamEntry {
  torch::Tensor parameter;
  torch::Tensor gradient;             // undefined: zero
  torch::Tensor mean;                 // running mean of the gradient; undefined where beta1 is 0
  torch::Tensor square;               // running mean of its square
  double step_size = 0;               // lr / (1 − beta1^t)
  double square_root_correction = 1;  // sqrt(1 − beta2^t)
};

struct AdamUpdateOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;  // L2, inside the gradient
};

/// All entries lie on one device. Where `proceed` (bool, one element, there) is false everything stays as it was; it
/// is not waited for. A CPU's float32 and a card's have kernels (a card's takes 64 tensors a launch); the rest is
/// composed of torch's operations. Records nothing.
void adam_update(const std::vector<AdamEntry>& entries, const AdamUpdateOptions& options,
                 const torch::Tensor& proceed = {}, Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
