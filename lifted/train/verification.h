// How well an embedding tells whether two pictures show the same person, as on Labeled Faces in the Wild.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "lifted/base/tensor.h"

namespace lifted::train {

/// Pairs of images by index.
struct VerificationPairs {
  std::vector<std::pair<int64_t, int64_t>> same, different;
};

/// `count` pairs of each kind, drawn by `seed` from images whose identities are given. Different pairs are of two
/// identities, same pairs of two images of one. Error if there is one identity only, or none with two images.
VerificationPairs verification_pairs(const std::vector<int64_t>& identity, int64_t count, uint64_t seed);

struct Verification {
  double accuracy = 0;   ///< the best threshold of one half of the pairs applied to the other, both ways, averaged
  double threshold = 0;  ///< mean of the two
  double auc = 0;        ///< probability that a same pair scores above a different one (ties count half)
  double tar = 0;        ///< share of same pairs accepted where 1 % of different pairs are
};

/// same, different: scores (greater: more alike) of at least two pairs each. The halves are the pairs at even and odd
/// places; both kinds weigh the same. Error if scores are too few or not finite.
Verification verify(const torch::Tensor& same, const torch::Tensor& different);

/// The cosines of the pairs' embeddings (N×D, unit length).
Verification verify(const torch::Tensor& embeddings, const VerificationPairs& pairs);

}  // namespace lifted::train
