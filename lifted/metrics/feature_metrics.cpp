#include "lifted/metrics/feature_metrics.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/metrics/kernel_distance.h"
#include "lifted/metrics/precision_recall.h"
#include "lifted/metrics/published_statistics.h"

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

/// Where such a feature stands among those that are kept.
int64_t kept_place(int64_t index, int64_t count, int64_t limit) {
  return count <= limit ? index : index * limit / count;
}

/// Rows of all processes, given with the places of their first: as one matrix of `count` rows, everywhere.
Tensor rows_in_order(const std::vector<std::pair<int64_t, Tensor>>& parts, int64_t count, const train::World& world) {
  if (world.size() == 1) {
    std::vector<Tensor> all;
    for (const auto& [first, rows] : parts) all.push_back(rows);
    return torch::cat(all);
  }
  int64_t size = 0;
  for (const auto& text : world.gather(std::to_string(parts.empty() ? 0 : parts[0].second.size(1)), "compare features"))
    size = std::max<int64_t>(size, std::stoll(text));
  Tensor all = torch::zeros({count, size});
  for (const auto& [first, rows] : parts) all.slice(0, first, first + rows.size(0)).copy_(rows);
  world.sum(all, "gather features");
  return all;
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

/// The published protocol fixes what others choose.
void check_protocol(const SuiteOptions& options, const FeatureNetworks& networks, const std::vector<Space>& spaces) {
  if (options.protocol != Protocol::published) return;
  if (options.truncation_psi != 1)
    usage_error("--trunc {:g}: --protocol published measures without truncation, expected 1", options.truncation_psi);
  if (options.mirror) usage_error("--mirror: --protocol published counts no image mirrored");
  const bool inception = std::ranges::find(spaces, Space::inception) != spaces.end();
  if (inception && networks.inception->input() != nets::InceptionInput::pytorch_fid)
    usage_error(
        "--protocol published: looks through pytorch-fid's Inception, expected --inception "
        "pt_inception-2015-12-05-6726825d.pth");
}

}  // namespace

FeatureMetrics::FeatureMetrics(std::vector<MetricName> metrics, const ImageSource& made, const data::Dataset* images,
                               const FeatureNetworks& networks, const SuiteOptions& options)
    : made_(made), images_(images), options_(options), cache_(options.cache) {
  std::vector<Space> spaces;
  for (auto& metric : metrics) {
    if (std::ranges::find(spaces, metric.space) == spaces.end()) {
      spaces.push_back(metric.space);
      groups_.push_back({make_feature_space(metric.space, networks, made.size(), made.device()), {}});
    }
    const int64_t there = made.available(metric.samples);
    if (there < metric.samples) log_warning("{}: there are {} images to measure", metric.text, there);
    metric.samples = there;
    Group& group = groups_[static_cast<size_t>(std::ranges::find(spaces, metric.space) - spaces.begin())];
    group.metrics.push_back(metric);
    (metric.kind == Kind::frechet ? group.moments : group.keep) = true;
    if (metric.kind == Kind::precision_recall && images)
      require(real_images() > kNeighbours, "{}: {} real images, expected more than {}", metric.text, real_images(),
              kNeighbours);
    samples_ = std::max(samples_, metric.samples);
  }
  check_protocol(options, networks, spaces);
  const bool saves = !options.save_statistics.empty(), reads = !options.statistics.empty();
  if ((saves || reads) && (groups_.size() != 1 || groups_[0].keep))
    usage_error(
        "--metrics: statistics are of one network's features and give one kind of distance; expected "
        "fidNk_full alone (or one of fd_embedNk_full, fd_randomNk_full)");
  if (reads) {
    read_statistics(groups_[0]);
  } else {
    look_at_images();
  }
  if (saves && options.world.writes()) save_statistics(groups_[0]);
}

void FeatureMetrics::look_at_images() {
  require(real_images() >= 2, "{} real images, expected at least two", real_images());
  if (cache_.is_on()) data_hash_ = content_hash(*images_);
  std::vector<Group*> unknown;
  for (auto& group : groups_)
    if (!recall_everywhere(group)) unknown.push_back(&group);
  if (!unknown.empty()) look_at_data(unknown);
  for (auto& group : groups_) {
    if (group.moments) group.real_gaussian = group.real.gaussian();
    for (const auto& metric : group.metrics)
      if (metric.kind == Kind::frechet) warn_if_singular(metric, group.real, "real");
  }
}

/// How many of the real images count.
int64_t FeatureMetrics::real_images() const {
  return options_.protocol == Protocol::published ? std::min(images_->size(), kPublishedRealImages) : images_->size();
}

void FeatureMetrics::read_statistics(Group& group) const {
  const std::string file = options_.statistics.string();
  const PublishedStatistics statistics = read_published_statistics(options_.statistics);
  require(!statistics.size || *statistics.size == made_.size(),
          "{}: of images of {} pixels, but those to be measured have {}", file, statistics.size.value_or(0),
          made_.size());
  const Space space = group.metrics[0].space;
  if (statistics.features.empty()) {
    require(space == Space::inception && group.space.key.starts_with("inception pytorch_fid"),
            "{}: does not say which network measured it, and published statistics come from pytorch-fid's Inception; "
            "expected --metrics fidNk_full with --inception pt_inception-2015-12-05-6726825d.pth",
            file);
  } else {
    require(statistics.features == group.space.key, "{}: measured with {}, but {} looks through {}", file,
            statistics.features, group.metrics[0].text, group.space.key);
  }
  const int64_t dimensions =
      group.space.features(torch::zeros({1, 3, made_.size(), made_.size()}).to(made_.device())).size(1);
  require(statistics.gaussian.mean.numel() == dimensions, "{}: of features of {} dimensions, expected {}", file,
          statistics.gaussian.mean.numel(), dimensions);
  group.real_gaussian = statistics.gaussian;
}

void FeatureMetrics::save_statistics(const Group& group) const {
  require(images_ != nullptr, "{}: there are no real images to keep statistics of", options_.save_statistics.string());
  write_published_statistics(options_.save_statistics,
                             {group.real_gaussian, made_.size(), images_->archive().path().string(), group.space.key});
  log_info("{}: statistics of {} images", options_.save_statistics.string(), group.real.count());
}

/// Whether the cache has all that a group needs of the real images.
bool FeatureMetrics::recall(Group& group) const {
  if (!cache_.is_on()) return false;
  group.key = fmt::format("{} images {}{}", group.space.key, data_hash_, options_.mirror ? " mirrored too" : "");
  if (real_images() < images_->size()) group.key += fmt::format(" the first {}", real_images());
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

bool FeatureMetrics::recall_everywhere(Group& group) const {
  return options_.world.any(recall(group) ? 0 : 1, "hear whether features are known") == 0;
}

void FeatureMetrics::look_at_data(const std::vector<Group*>& groups) const {
  for (auto* group : groups) group->real = {};
  std::vector<std::vector<std::pair<int64_t, Tensor>>> kept(groups.size());
  const int64_t views = options_.mirror ? 2 : 1, count = real_images();
  Progress progress("real images", count, "images");
  DatasetImages(*images_, made_.device(), options_).for_each(count, 0, [&](int64_t from, const Tensor& batch) {
    for (int64_t view = 0; view < views; ++view) {
      for (size_t i = 0; i < groups.size(); ++i) {
        const Tensor features = features_of(groups[i]->space, view ? batch.flip(3) : batch, "real");
        if (groups[i]->moments) groups[i]->real.add(features);
        const int64_t first = from * views + view * batch.size(0);
        if (!groups[i]->keep) continue;
        const int64_t all = count * views;
        int64_t kept_from = first;
        while (kept_from < all && !is_kept(kept_from, all, kMaxRealFeatures)) ++kept_from;
        kept[i].emplace_back(kept_place(kept_from, all, kMaxRealFeatures), kept_rows(features, first, all));
      }
    }
    progress.advance(batch.size(0));
  });
  const int64_t all_kept = std::min(count * views, kMaxRealFeatures);
  for (size_t i = 0; i < groups.size(); ++i) {
    Group& group = *groups[i];
    if (group.moments) group.real.merge_all(options_.world);
    if (group.keep) group.real_features = rows_in_order(kept[i], all_kept, options_.world);
    if (!options_.world.writes()) continue;
    if (group.moments) cache_.keep(group.key, group.real);
    if (group.keep) cache_.keep_features(group.key, group.real_features);
  }
}

ordered_json FeatureMetrics::measure(uint32_t seed) const {
  std::vector<Made> made;
  for (const auto& group : groups_) made.push_back({std::vector<Moments>(group.metrics.size()), {}});
  Progress progress("generated images", samples_, "images");
  made_.for_each(samples_, seed, [&](int64_t seen, const Tensor& images) {
    for (size_t g = 0; g < groups_.size(); ++g) {
      const auto& metrics = groups_[g].metrics;
      const int64_t wanted = std::ranges::max(metrics, {}, &MetricName::samples).samples - seen;
      if (wanted <= 0) continue;
      const Tensor features = features_of(groups_[g].space, images.slice(0, 0, wanted), "generated");
      for (size_t m = 0; m < metrics.size(); ++m)
        if (metrics[m].kind == Kind::frechet && metrics[m].samples > seen)
          made[g].moments[m].add(features.slice(0, 0, metrics[m].samples - seen));
      if (groups_[g].keep) made[g].features.emplace_back(seen, features.cpu());
    }
    progress.advance(images.size(0));
  });
  ordered_json results = ordered_json::object();
  for (size_t g = 0; g < groups_.size(); ++g) {
    const int64_t most = std::ranges::max(groups_[g].metrics, {}, &MetricName::samples).samples;
    if (groups_[g].keep) made[g].features = {{0, rows_in_order(made[g].features, most, options_.world)}};
    for (auto& moments : made[g].moments) moments.merge_all(options_.world);
    for (size_t m = 0; m < groups_[g].metrics.size(); ++m)
      results[groups_[g].metrics[m].text] = compare(groups_[g], groups_[g].metrics[m], m, made[g]);
  }
  return results;
}

ordered_json FeatureMetrics::compare(const Group& group, const MetricName& metric, size_t index,
                                     const Made& made) const {
  if (metric.kind == Kind::frechet) {
    warn_if_singular(metric, made.moments[index], "generated");
    return frechet_distance(group.real_gaussian, made.moments[index].gaussian());
  }
  const Tensor features = made.features[0].second.slice(0, 0, metric.samples);
  if (metric.kind == Kind::kernel) return kernel_distance(group.real_features, features);
  const auto result = precision_recall(group.real_features, features, kNeighbours);
  return {{"precision", result.precision}, {"recall", result.recall}};
}

}  // namespace lifted::metrics
