// What is computed once per template: ambient occlusion and the weight of the ears.
#pragma once

#include <vector>

#include "lifted/data/heads/face_model.h"

namespace lifted::data::heads {

/// Share of the sky a vertex sees, weighted by the cosine to its normal: 1 in the open, 0 in a fold. `directions`
/// views, each a z-buffer of 1024² pixels; vertices no triangle uses get 0. Spread over all cores.
std::vector<float> ambient_occlusion(const Positions& vertices, const std::vector<Triangle>& triangles, int directions);

/// Two half-steps toward the mean of the neighbours along `edges`, for vertices that have any.
void smooth_over_edges(const std::vector<std::pair<int32_t, int32_t>>& edges, std::vector<float>& values);

/// 0 … 1 by how far vertices stand out from the ear-less skull; 0 outside `region`.
std::vector<float> ear_weights(const Positions& vertices, const HairBase& base, const std::vector<int32_t>& region);

}  // namespace lifted::data::heads
