// How smoothly images follow their codes.
#pragma once

#include "lifted/metrics/feature_space.h"
#include "lifted/metrics/samples.h"

namespace lifted::metrics {

/// Perceptual path length in w at the paths' ends (Karras et al. 2020, `ppl2_wend`): images of w₀ and of the code a
/// step of 1e-4 towards another w₁, their distance over the squared step; the mean between the 1st and the 99th
/// percentile. `codes.count` pairs; the constant noise is the network's own. Error if an image is not finite.
double path_length(const model::LoadedNetwork& network, const ImageDistance& distance, CodeOptions codes, bool proxy);

/// The mean of the values between the 1st and the 99th percentile, both ends among the values and included. N, N ≥ 1.
double mean_without_tails(const torch::Tensor& values);

}  // namespace lifted::metrics
