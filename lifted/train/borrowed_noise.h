// A generator's stored noise maps as unknowns of a search.
#pragma once

#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/nets/stylegan2.h"

namespace lifted::train {

/// The generator's stored noise maps, to be optimized in place; their values return at the end.
class BorrowedNoise {
 public:
  BorrowedNoise(const nets::Stylegan2Generator& generator, at::Generator random);
  ~BorrowedNoise();
  BorrowedNoise(const BorrowedNoise&) = delete;
  BorrowedNoise& operator=(const BorrowedNoise&) = delete;

  const std::vector<torch::Tensor>& maps() const { return maps_; }
  /// To mean 0 and variance 1.
  void normalize();

 private:
  std::vector<torch::Tensor> maps_, values_;
};

/// Sum over scales (halved down to 8 pixels) of the squared correlations of a noise map (1×1×H×W) with itself, moved by
/// one pixel along each axis: 0 for white noise.
torch::Tensor noise_autocorrelation(const torch::Tensor& noise);

}  // namespace lifted::train
