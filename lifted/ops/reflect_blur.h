// The soft blur that the method uses on transformation maps and on albedo.
#pragma once

#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/ops/implementation.h"

namespace lifted::ops {

/// The 2·radius + 1 taps exp(−(x / 2σ)²), scaled to sum 1. Note 2σ where a Gaussian has √2·σ: the published Blur(size,
/// sigma) is so.
std::vector<float> blur_taps(int64_t radius, double sigma);

/// Blurs each plane of x (B×C×H×W) with the taps along rows and columns, borders mirrored without repeating the edge
/// ("reflect"). H and W must exceed the radius. Differentiable. Same bits for any thread count and batch size where no
/// gradient is needed. Source: public implementation, models/networks.py (Blur).
torch::Tensor reflect_blur(const torch::Tensor& x, int64_t radius, double sigma,
                           Implementation implementation = Implementation::fused);

}  // namespace lifted::ops
