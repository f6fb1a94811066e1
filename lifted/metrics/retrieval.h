// Whether a person is found again among others, and how far people are from each other, as a face network sees them.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "lifted/metrics/identity.h"

namespace lifted::metrics {

/// What a person was turned or lit by, and their embeddings so: rows in the order of the samples.
struct ChangedPeople {
  double degrees = 0;
  torch::Tensor rows;
};

/// Embeddings (N×D, unit length) of N samples: the teacher's picture, the rendering at the predicted view and light,
/// the canonical view in its own light, that view turned (yaw), and the predicted view under the authors' sweep lights.
struct People {
  torch::Tensor teacher, rendering, canonical;
  std::vector<ChangedPeople> turned, lit;

  /// Appends the samples of another part.
  void add(const People& more);
};

/// w: B×w_dim. The teacher's picture is that of w; `yaws` and `lights` in degrees.
People embed_people(const model::LiftedGan& gan, const torch::Tensor& w, const Embed& embed,
                    const std::vector<double>& yaws, const std::vector<double>& lights);

/// Share of the queries whose nearest row of the gallery (largest cosine) is that of their own index: 0 … 1, by chance
/// 1/N. Error unless both are N×D.
double rank_one(const torch::Tensor& queries, const torch::Tensor& gallery);

/// Mean 1 − cosine over all pairs of different rows. Error with fewer than two.
double mean_pairwise_distance(const torch::Tensor& rows);

/// {"gallery": N, "teacher": rank one of the renderings among the teacher's pictures, "yaw" and "light": rank one among
/// the canonical views, by degrees, "distance": {"rendering", "teacher"}}.
nlohmann::ordered_json retrieval(const People& people);

}  // namespace lifted::metrics
