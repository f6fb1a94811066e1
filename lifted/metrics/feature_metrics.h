// Distances between generated and real images in the features of one or several networks, looking at every image once.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "lifted/data/dataset.h"
#include "lifted/metrics/feature_space.h"
#include "lifted/metrics/frechet.h"
#include "lifted/metrics/image_source.h"
#include "lifted/metrics/moments_cache.h"

namespace lifted::metrics {

/// Kernel distances and precision need the features themselves in memory: of the real images at most so many, spread
/// evenly over the set (4 bytes a number: 1.6 GB for Inception's 2048), and of every sample that the name asks for.
inline constexpr int64_t kMaxRealFeatures = 200'000;

class FeatureMetrics {
 public:
  /// Looks at the real images, at what the cache has of them, or at the statistics that the options name (`images` may
  /// be null then). All metrics compare images. Error if there are too few images, if one cannot be read or has another
  /// size, if features are not finite, or if statistics are of other features or images of another size; UsageError if
  /// a metric needs more than statistics.
  FeatureMetrics(std::vector<MetricName> metrics, const ImageSource& made, const data::Dataset* images,
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
    Gaussian real_gaussian = {};
    torch::Tensor real_features = {};
  };
  /// The generated images of a group: a Fréchet distance sees its first samples, of which there may be several.
  struct Made {
    std::vector<Moments> moments;
    std::vector<std::pair<int64_t, torch::Tensor>> features;  // with the place of the first
  };

  void look_at_images();
  int64_t real_images() const;
  void read_statistics(Group& group) const;
  void save_statistics(const Group& group) const;
  bool recall(Group& group) const;
  /// Whether it has on every process.
  bool recall_everywhere(Group& group) const;
  void look_at_data(const std::vector<Group*>& groups) const;
  nlohmann::ordered_json compare(const Group& group, const MetricName& metric, size_t index, const Made& made) const;

  const ImageSource& made_;
  const data::Dataset* images_;
  SuiteOptions options_;
  MomentsCache cache_;
  std::string data_hash_;  // empty without a cache
  std::vector<Group> groups_;
  int64_t samples_ = 0;
};

}  // namespace lifted::metrics
