// Fresh weights from a seeded stream.
#pragma once

#include <cstdint>

#include "lifted/base/torch_nn.h"

namespace lifted::nets {

/// A CPU generator of its own.
at::Generator seeded_generator(uint64_t seed);

/// Draws what is random in a freshly constructed `module` (on the CPU) from `generator`: linear and convolution layers
/// as PyTorch's own reset_parameters would (uniform in ±1/√fan_in, weights and biases), StyleGAN2's weights and noise
/// maps as StyleGAN2 does (normal). Norms get ones and zeros; what else a constructor sets to constants stays.
/// Constructors themselves draw from torch's global generator: nothing that is trained may depend on that.
void reset_parameters(torch::nn::Module& module, at::Generator generator);

}  // namespace lifted::nets
