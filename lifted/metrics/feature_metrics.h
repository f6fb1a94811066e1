// Distances between generated and real images in the features of one or several networks, looking at every image once.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lifted/data/dataset.h"
#include "lifted/metrics/feature_space.h"
#include "lifted/metrics/frechet.h"
#include "lifted/metrics/moments_cache.h"
#include "lifted/model/import.h"

namespace lifted::metrics {

/// Kernel distances and precision need the features themselves in memory: of the real images at most so many, spread
/// evenly over the set (4 bytes a number: 1.6 GB for Inception's 2048), and of every sample that the name asks for.
inline constexpr int64_t kMaxRealFeatures = 200'000;

class FeatureMetrics {
 public:
  /// Looks at the real images, or at what the cache has of them. All metrics compare images. Error if there are too few
  /// images, if one cannot be read or has another size, or if features are not finite.
  FeatureMetrics(std::vector<MetricName> metrics, const model::LoadedNetwork& network, const data::Dataset& images,
                 const FeatureNetworks& networks, const SuiteOptions& options);

  /// {"fid10k_full": 12.3, "pr_embed10k3_full": {"precision": …, "recall": …}} of the samples of a seed.
  nlohmann::ordered_json measure(uint32_t seed) const;

 private:
  /// Everything in the features of one network.
  struct Group {
    FeatureSpace space;
    std::vector<MetricName> metrics;
    bool moments = false, keep = false;
    std::string key = {};
    Moments real = {};
    torch::Tensor real_features = {};
  };
  /// The generated images of a group: a Fréchet distance sees its first samples, of which there may be several.
  struct Made {
    std::vector<Moments> moments;
    std::vector<torch::Tensor> features;
  };

  bool recall(Group& group) const;
  void look_at_data(const std::vector<Group*>& groups) const;
  torch::Tensor made_images(const torch::Tensor& w) const;
  nlohmann::ordered_json compare(const Group& group, const MetricName& metric, size_t index, const Made& made) const;

  const model::LoadedNetwork& network_;
  const data::Dataset& images_;
  SuiteOptions options_;
  MomentsCache cache_;
  std::string data_hash_;  // empty without a cache
  std::vector<Group> groups_;
  int64_t samples_ = 0;
};

}  // namespace lifted::metrics
