#include "lifted/ops/backends.h"

namespace lifted::ops {

Tensor reference::rowwise_linear(const Tensor& x, const Tensor& weight, const OptionalTensor& bias) {
  return torch::linear(x, weight, bias.value_or(Tensor()));
}

}  // namespace lifted::ops
