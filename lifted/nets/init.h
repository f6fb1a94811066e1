// Fresh weights from a seeded stream.
#pragma once

#include <torch/torch.h>

namespace lifted::nets {

/// Draws every linear and convolution layer of `module` anew from `generator`, as PyTorch's own reset_parameters would
/// from the global one: uniform in ±1/√fan_in, for weights and biases. Norms get ones and zeros.
void reset_parameters(torch::nn::Module& module, at::Generator generator);

}  // namespace lifted::nets
