#include "lifted/metrics/feature_metrics.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/metrics/kernel_distance.h"
#include "lifted/metrics/precision_recall.h"
#include "lifted/metrics/samples.h"

namespace lifted::metrics {
namespace {
using nlohmann::ordered_json;
using torch::Tensor;
using Kind = MetricName::Kind;

constexpr int64_t kNeighbours = 3;

/// Whether the index-th of `count` features is among the `limit` that are kept.
bool is_kept(int64_t index, int64_t count, int64_t limit) {
  return count <= limit || (index + 1) * limit / count != index * limit / count;
}

/// The rows of a batch of features that are kept, on the CPU; undefined if none is.
Tensor kept_rows(const Tensor& features, int64_t first, int64_t count) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < features.size(0); ++i)
    if (is_kept(first + i, count, kMaxRealFeatures)) rows.push_back(i);
  return features.cpu().index_select(0, torch::tensor(rows, torch::kInt64));
}

Tensor features_of(const FeatureSpace& space, const Tensor& images, const char* whose) {
  const Tensor features = space.features(images);
  require(features.isfinite().all().item<bool>(), "the features of {} images hold NaN or infinite values", whose);
  return features;
}

void warn_if_singular(const MetricName& metric, const Moments& moments, const char* whose) {
  if (moments.count() <= moments.dimensions())
    log_warning(
        "{}: {} {} images for features of {} dimensions: their covariance is singular, and the distance "
        "compares only with such of as many images",
        metric.text, moments.count(), whose, moments.dimensions());
}

}  // namespace

FeatureMetrics::FeatureMetrics(std::vector<MetricName> metrics, const model::LoadedNetwork& network,
                               const data::Dataset& images, const FeatureNetworks& networks,
                               const SuiteOptions& options)
    : network_(network), images_(images), options_(options), cache_(options.cache) {
  std::vector<Space> spaces;
  for (const auto& metric : metrics) {
    if (std::ranges::find(spaces, metric.space) == spaces.end()) {
      spaces.push_back(metric.space);
      groups_.push_back({make_feature_space(metric.space, networks, network.generator->config().size,
                                            network.statistics.mean.device()),
                         {}});
    }
    Group& group = groups_[static_cast<size_t>(std::ranges::find(spaces, metric.space) - spaces.begin())];
    group.metrics.push_back(metric);
    (metric.kind == Kind::frechet ? group.moments : group.keep) = true;
    if (metric.kind == Kind::precision_recall)
      require(images.size() > kNeighbours, "{}: {} real images, expected more than {}", metric.text, images.size(),
              kNeighbours);
    samples_ = std::max(samples_, metric.samples);
  }
  require(images.size() >= 2, "{} real images, expected at least two", images.size());
  if (cache_.is_on()) data_hash_ = content_hash(images_);
  std::vector<Group*> unknown;
  for (auto& group : groups_)
    if (!recall(group)) unknown.push_back(&group);
  if (!unknown.empty()) look_at_data(unknown);
  for (const auto& group : groups_)
    for (const auto& metric : group.metrics)
      if (metric.kind == Kind::frechet) warn_if_singular(metric, group.real, "real");
}

/// Whether the cache has all that a group needs of the real images.
bool FeatureMetrics::recall(Group& group) const {
  if (!cache_.is_on()) return false;
  group.key = fmt::format("{} images {}{}", group.space.key, data_hash_, options_.mirror ? " mirrored too" : "");
  if (group.moments) {
    auto known = cache_.find(group.key);
    if (!known) return false;
    group.real = std::move(*known);
  }
  if (group.keep) {
    auto known = cache_.find_features(group.key);
    if (!known) return false;
    group.real_features = *known;
  }
  return true;
}

void FeatureMetrics::look_at_data(const std::vector<Group*>& groups) const {
  for (auto* group : groups) group->real = {};
  std::vector<std::vector<Tensor>> kept(groups.size());
  const int64_t views = options_.mirror ? 2 : 1;
  Progress progress("real images", images_.size(), "images");
  for (int64_t from = 0; from < images_.size(); from += options_.batch) {
    const int64_t to = std::min(images_.size(), from + options_.batch);
    std::vector<Tensor> batch;
    for (int64_t i = from; i < to; ++i) batch.push_back(formats::tensor_from_image(images_.image(i)));
    const Tensor tensor = torch::stack(batch).to(network_.statistics.mean.device());
    for (int64_t view = 0; view < views; ++view) {
      for (size_t i = 0; i < groups.size(); ++i) {
        const Tensor features = features_of(groups[i]->space, view ? tensor.flip(3) : tensor, "real");
        if (groups[i]->moments) groups[i]->real.add(features);
        const int64_t first = from * views + view * (to - from);
        if (groups[i]->keep) kept[i].push_back(kept_rows(features, first, images_.size() * views));
      }
    }
    progress.advance(to - from);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    Group& group = *groups[i];
    if (group.moments) cache_.keep(group.key, group.real);
    if (!group.keep) continue;
    group.real_features = torch::cat(kept[i]);
    cache_.keep_features(group.key, group.real_features);
  }
}

/// Renders, or with `proxy` (and of a 2D network) the generator's images.
Tensor FeatureMetrics::made_images(const Tensor& w) const {
  return as_stored(network_images(network_, w, options_.proxy));
}

ordered_json FeatureMetrics::measure(uint32_t seed) const {
  std::vector<Made> made;
  for (const auto& group : groups_) made.push_back({std::vector<Moments>(group.metrics.size()), {}});
  int64_t seen = 0;
  Progress progress("generated images", samples_, "images");
  for_each_code(network_, {samples_, options_.batch, options_.truncation_psi, seed}, [&](const Tensor& w) {
    const Tensor images = made_images(w);
    for (size_t g = 0; g < groups_.size(); ++g) {
      const auto& metrics = groups_[g].metrics;
      const int64_t wanted = std::ranges::max(metrics, {}, &MetricName::samples).samples - seen;
      if (wanted <= 0) continue;
      const Tensor features = features_of(groups_[g].space, images.slice(0, 0, wanted), "generated");
      for (size_t m = 0; m < metrics.size(); ++m)
        if (metrics[m].kind == Kind::frechet && metrics[m].samples > seen)
          made[g].moments[m].add(features.slice(0, 0, metrics[m].samples - seen));
      if (groups_[g].keep) made[g].features.push_back(features.cpu());
    }
    seen += images.size(0);
    progress.advance(images.size(0));
  });
  ordered_json results = ordered_json::object();
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (groups_[g].keep) made[g].features = {torch::cat(made[g].features)};
    for (size_t m = 0; m < groups_[g].metrics.size(); ++m)
      results[groups_[g].metrics[m].text] = compare(groups_[g], groups_[g].metrics[m], m, made[g]);
  }
  return results;
}

ordered_json FeatureMetrics::compare(const Group& group, const MetricName& metric, size_t index,
                                     const Made& made) const {
  if (metric.kind == Kind::frechet) {
    warn_if_singular(metric, made.moments[index], "generated");
    return frechet_distance(group.real, made.moments[index]);
  }
  const Tensor features = made.features[0].slice(0, 0, metric.samples);
  if (metric.kind == Kind::kernel) return kernel_distance(group.real_features, features);
  const auto result = precision_recall(group.real_features, features, kNeighbours);
  return {{"precision", result.precision}, {"recall", result.recall}};
}

}  // namespace lifted::metrics
