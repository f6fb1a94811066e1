// The Fréchet distance between two sets of features, from their first two moments.
#pragma once

#include <cstdint>

#include "lifted/base/state_dict.h"
#include "lifted/base/tensor.h"
#include "lifted/train/world.h"

namespace lifted::metrics {

/// What a Fréchet distance compares: mean, D, and covariance, D×D, in float64.
struct Gaussian {
  torch::Tensor mean, covariance;
};

/// Count, mean and covariance of features, gathered in float64 in one pass; sets can be merged, so that they may be
/// gathered in shards.
class Moments {
 public:
  /// features: N×D, finite. Error if a value is NaN or infinite, or if D is not that of earlier ones.
  void add(const torch::Tensor& features);
  void merge(const Moments& other);
  /// Those of all processes' features together: the same everywhere.
  void merge_all(const train::World& world);

  /// Everything, as tensors in float64 ("count", "mean", "scatter"), and back. Error if they do not belong together.
  StateDict state() const;
  static Moments from_state(const StateDict& state);

  int64_t count() const { return count_; }
  int64_t dimensions() const { return mean_.defined() ? mean_.size(0) : 0; }
  /// D. Error if nothing was added.
  torch::Tensor mean() const;
  /// D×D, divided by count − 1 as numpy.cov does. Error with fewer than two samples.
  torch::Tensor covariance() const;
  Gaussian gaussian() const { return {mean(), covariance()}; }

 private:
  int64_t count_ = 0;
  torch::Tensor mean_;     // D
  torch::Tensor scatter_;  // D×D: the sum of (x − mean)(x − mean)ᵀ
};

/// |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½) (Heusel et al. 2017). The trace of the root is the sum of the singular values
/// of C₁^½ C₂^½: it needs no offset where a covariance is singular (fewer samples than dimensions), and no root of what
/// rounding left of a zero. Error if the dimensions differ or a value is not finite.
double frechet_distance(const Moments& a, const Moments& b);
double frechet_distance(const Gaussian& a, const Gaussian& b);
/// means: D; covariances: D×D.
double frechet_distance(const torch::Tensor& mean_a, const torch::Tensor& covariance_a, const torch::Tensor& mean_b,
                        const torch::Tensor& covariance_b);

}  // namespace lifted::metrics
