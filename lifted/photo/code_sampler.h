// What an encoder is trained on: codes of a lifted network with their pictures, clean and as a camera might see them.
#pragma once

#include <ATen/core/Generator.h>

#include "lifted/model/import.h"

namespace lifted::photo {

struct CodeSamples {
  torch::Tensor w;         // B×w_dim
  torch::Tensor pictures;  // B×3×S×S, clean, in [-1, 1]
  torch::Tensor shown;     // the same, some before another background, misaligned and degraded
};

class CodeSampler {
 public:
  /// `background`: share of the samples that get another one. Error unless the network is lifted.
  CodeSampler(model::LoadedNetwork network, double background);

  /// Normal codes through the mapping, each pulled towards the mean by a ψ of its own: B×w_dim.
  torch::Tensor codes(int64_t count, at::Generator& random) const;
  /// Such codes, of which every second is that of its head at another view and light.
  CodeSamples draw(int64_t count, at::Generator& random) const;

 private:
  torch::Tensor turned_and_lit(const torch::Tensor& w, at::Generator& random) const;
  void change_backgrounds(const torch::Tensor& w, torch::Tensor& pictures, at::Generator& random) const;
  const model::LiftedGan& gan() const { return *network_.lifted; }

  model::LoadedNetwork network_;
  double background_;
};

}  // namespace lifted::photo
