// What happens to a picture between a camera and this program, drawn at random: for networks that must read photographs
// and learn from clean pictures.
#pragma once

#include <ATen/core/Generator.h>

#include "lifted/base/tensor.h"

namespace lifted::photo {

/// low … high.
double uniform(at::Generator& random, double low, double high);

/// Each sample of images (B×3×S×S in [-1, 1], CPU) with other exposure and colour, and, each by chance, of lower
/// resolution, blurred, noisy, and through a JPEG of quality 15 to 90. Clamped to [-1, 1].
torch::Tensor degraded(const torch::Tensor& images, at::Generator& random);

/// Half of the samples turned by up to 2.5°, scaled by up to 4 % and moved by up to 2.5 % of the side; beyond the edge
/// the picture is continued as its mirror image.
torch::Tensor misaligned(const torch::Tensor& images, at::Generator& random);

/// 3×S×S: a smooth random field of colours in [-1, 1].
torch::Tensor random_background(int64_t size, at::Generator& random);

/// One rectangle of a plain colour, at most a third of the side, over some of the samples. In place.
void occlude(torch::Tensor& images, double probability, at::Generator& random);

}  // namespace lifted::photo
