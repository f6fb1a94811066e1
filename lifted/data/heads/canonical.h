// A head as LiftedGAN's components: what a perfect lifting network would output for it.
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/data/heads/render.h"

namespace lifted::data::heads {

/// One head, batch size 1, ready for scene::Renderer.
struct CanonicalHead {
  torch::Tensor depth;   ///< 1×S×S in [0.9, 1.1]; continued smoothly over the background; two outer columns 1.05
  torch::Tensor albedo;  ///< 1×3×S×S in [-1, 1]
  torch::Tensor transform_map;  ///< 1×1×S×S: 1 on the head, easing to 0 around it; 0 in the frame
  torch::Tensor light;          ///< 1×4 raw light
  torch::Tensor view;           ///< 1×6 raw view, all 0
  torch::Tensor mask;           ///< 1×1×S×S coverage 0 … 1
  HeadSample sample;            ///< the same at view 0 with HEADS conventions, on LiftedGAN's pixel grid
};

/// Canonical components of the head of `parameters` (its view is ignored).
CanonicalHead canonical_head(const FaceModel& model, const HeadParameters& parameters, int size);

/// Person `identity` of the built-in head family with a neutral expression and a frontal light.
CanonicalHead canonical_head(int size, uint64_t identity);

}  // namespace lifted::data::heads
