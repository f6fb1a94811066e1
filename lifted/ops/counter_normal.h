// Random numbers that are computed where they are needed.
#pragma once

#include "lifted/base/tensor.h"

namespace lifted::ops {

/// `count` standard normal numbers, float32, on `device`: numbers 4·block, 4·block + 1, … of the stream `key`
/// (Philox4x32-10 and Box-Muller). The same on every device but for the last bits of logarithm, sine and cosine;
/// on one device the same to the bit however they are asked for.
torch::Tensor counter_normal(int64_t count, uint64_t key, uint64_t block, torch::Device device);

}  // namespace lifted::ops
