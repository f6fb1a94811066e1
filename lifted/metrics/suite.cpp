#include "lifted/metrics/suite.h"

#include <algorithm>
#include <functional>
#include <sstream>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/metrics/agreement.h"
#include "lifted/metrics/frechet.h"
#include "lifted/metrics/identity.h"
#include "lifted/metrics/moments_cache.h"
#include "lifted/metrics/random_features.h"
#include "lifted/metrics/samples.h"
#include "lifted/metrics/view_light.h"
#include "lifted/nets/load.h"
#include "lifted/train/axis_scores.h"

namespace lifted::metrics {
namespace {
using nlohmann::ordered_json;
using torch::Tensor;
using Kind = MetricName::Kind;
using Features = std::function<Tensor(const Tensor& images)>;

/// The N of "fd_randomNk_full" for that head, or nothing.
std::optional<int64_t> samples_of(const std::string& text, std::string_view head) {
  constexpr std::string_view tail = "k_full";
  if (!text.starts_with(head) || !text.ends_with(tail) || text.size() <= head.size() + tail.size()) return {};
  const std::string digits = text.substr(head.size(), text.size() - head.size() - tail.size());
  if (digits.size() > 4 || digits.find_first_not_of("0123456789") != std::string::npos || std::stoi(digits) == 0)
    return {};
  return std::stoll(digits) * 1000;
}

MetricName parse(const std::string& text) {
  if (text == "identity") return {Kind::identity, 0, text};
  if (text == "view_light") return {Kind::view_light, 0, text};
  if (text == "agreement") return {Kind::agreement, 0, text};
  if (text == "shape") return {Kind::shape, 0, text};
  if (const auto samples = samples_of(text, "fd_random")) return {Kind::fd_random, *samples, text};
  if (const auto samples = samples_of(text, "fd_embed")) return {Kind::fd_embed, *samples, text};
  usage_error(
      "--metrics {}: expected fd_randomNk_full, fd_embedNk_full (N thousand samples: fd_random50k_full), "
      "identity, view_light, agreement or shape",
      text);
}

bool is_distance(const MetricName& metric) {
  return metric.kind == Kind::fd_random || metric.kind == Kind::fd_embed;
}

/// A Fréchet distance in the making.
struct Distance {
  const MetricName& name;
  Features features;
  std::string key;  // of the real images' moments
  Moments real, made;
};

class Suite {
 public:
  Suite(const model::LoadedNetwork& network, const data::Dataset* images, const Judges& judges,
        const SuiteOptions& options)
      : network_(network), images_(images), judges_(judges), options_(options), cache_(options.cache) {}

  ordered_json run(const std::vector<MetricName>& metrics) {
    ordered_json results = ordered_json::object();
    for (const auto& metric : metrics) check(metric);
    add_distances(metrics, results);
    for (const auto& metric : metrics) {
      if (metric.kind == Kind::identity) results[metric.text] = identity();
      if (metric.kind == Kind::view_light) results[metric.text] = view_light();
      if (metric.kind == Kind::agreement) results[metric.text] = agreement();
      if (metric.kind == Kind::shape)
        results[metric.text] =
            judges_.shape->measure(network_, options_.samples, options_.batch, options_.truncation_psi);
    }
    return results;
  }

 private:
  void check(const MetricName& metric) const {
    check_judges(metric, judges_);
    if (!is_distance(metric) && !network_.lifted)
      usage_error("--metrics {}: is about a lifted network, but this one is 2D", metric.text);
    if (is_distance(metric) && !images_)
      usage_error("--metrics {}: compares with real images, expected --data", metric.text);
  }

  /// What the real images' moments depend on besides the images.
  std::string key_of(const MetricName& metric) const {
    const std::string features =
        metric.kind == Kind::fd_embed
            ? "embedding " + content_hash(nets::state_of(*judges_.embedding))
            : fmt::format("random {} {}", RandomFeatures::kVersion, network_.generator->config().size);
    return fmt::format("{} images {}{}", features, data_hash_, options_.mirror ? " mirrored too" : "");
  }

  Features features_of(const MetricName& metric) {
    if (metric.kind == Kind::fd_embed) return [this](const Tensor& x) { return judges_.embedding->features(x); };
    return RandomFeatures(network_.generator->config().size, device());
  }

  torch::Device device() const { return network_.statistics.mean.device(); }

  void add_distances(const std::vector<MetricName>& metrics, ordered_json& results) {
    std::vector<Distance> distances;
    int64_t samples = 0;
    for (const auto& metric : metrics) {
      if (!is_distance(metric)) continue;
      if (cache_.is_on() && data_hash_.empty()) data_hash_ = content_hash(*images_);
      distances.push_back({metric, features_of(metric), cache_.is_on() ? key_of(metric) : "", {}, {}});
      samples = std::max(samples, metric.samples);
    }
    if (distances.empty()) return;
    std::vector<Distance*> unknown;
    for (auto& distance : distances) {
      if (auto known = cache_.find(distance.key)) {
        distance.real = std::move(*known);
      } else {
        unknown.push_back(&distance);
      }
    }
    if (!unknown.empty()) look_at_data(unknown);
    look_at_samples(distances, samples);
    for (const auto& distance : distances) results[distance.name.text] = frechet_distance(distance.real, distance.made);
  }

  void look_at_data(const std::vector<Distance*>& distances) const {
    Progress progress("real images", images_->size(), "images");
    for (int64_t from = 0; from < images_->size(); from += options_.batch) {
      const int64_t to = std::min(images_->size(), from + options_.batch);
      std::vector<Tensor> batch;
      for (int64_t i = from; i < to; ++i) batch.push_back(formats::tensor_from_image(images_->image(i)));
      const Tensor tensor = torch::stack(batch).to(device());
      for (auto* distance : distances) {
        distance->real.add(distance->features(tensor));
        if (options_.mirror) distance->real.add(distance->features(tensor.flip(3)));
      }
      progress.advance(to - from);
    }
    for (const auto* distance : distances) cache_.keep(distance->key, distance->real);
  }

  /// Renders, or with `proxy` (and of a 2D network) the generator's images; each distance sees its first samples.
  void look_at_samples(std::vector<Distance>& distances, int64_t samples) const {
    Progress progress("generated images", samples, "images");
    for_each_code(network_, samples, options_.batch, options_.truncation_psi, [&](const Tensor& w) {
      const bool lifted = network_.lifted && !options_.proxy;
      const Tensor images = as_stored(lifted ? network_.lifted->render(network_.lifted->estimate(w)).recon_im
                                             : network_.generator->synthesize(w).image);
      for (auto& distance : distances) {
        const int64_t missing = std::min(images.size(0), distance.name.samples - distance.made.count());
        if (missing > 0) distance.made.add(distance.features(images.slice(0, 0, missing)));
      }
      progress.advance(images.size(0));
    });
  }

  ordered_json agreement() {
    std::vector<Tensor> codes;
    for_each_code(network_, options_.samples, options_.batch, options_.truncation_psi,
                  [&](const Tensor& w) { codes.push_back(w); });
    return measure_agreement(*network_.lifted, torch::cat(codes)).to_json();
  }

  /// Mean cosine by angle.
  ordered_json identity() {
    const std::vector<double> yaws = {-45, -30, -15, 15, 30, 45};
    std::vector<double> lights;
    for (int angle = -60; angle <= 60; angle += 6)
      if (angle != 0) lights.push_back(angle);
    const Embed embed = [this](const Tensor& x) { return judges_.embedding->forward(x); };
    std::vector<Tensor> by_yaw, by_light;
    for_each_estimate("identity", [&](const model::Estimate& estimate, const Tensor&, int64_t) {
      by_yaw.push_back(yaw_similarity(*network_.lifted, estimate, embed, yaws));
      by_light.push_back(light_similarity(*network_.lifted, estimate, embed, lights));
    });
    return {{"yaw", means(by_yaw, yaws)}, {"light", means(by_light, lights)}};
  }

  static ordered_json means(const std::vector<Tensor>& parts, const std::vector<double>& angles) {
    const Tensor all = torch::cat(parts);
    ordered_json json = {{"mean", all.mean().item<double>()}};
    for (size_t i = 0; i < angles.size(); ++i)
      json[fmt::format("{:g}", angles[i])] = all.select(1, static_cast<int64_t>(i)).mean().item<double>();
    return json;
  }

  ordered_json view_light() {
    const Probe probe = [this](const Tensor& x) { return judges_.probe->forward(x); };
    std::vector<Reading> predicted, turned, lit;
    for_each_estimate("view and light", [&](const model::Estimate& estimate, const Tensor& w, int64_t first) {
      predicted.push_back(predicted_reading(*network_.lifted, estimate, w, probe));
      turned.push_back(requested_view_reading(*network_.lifted, estimate, first, probe));
      lit.push_back(requested_light_reading(*network_.lifted, estimate, first, probe));
    });
    return {{"predicted", scores(predicted, {0, 1, 2, 3, 4, 5, 6})},
            {"requested", {{"view", scores(turned, {0, 1})}, {"light", scores(lit, {5, 6})}}}};
  }

  /// Of some axes: Pearson's correlation of read with wanted, and the mean absolute error in degrees, shares, tangents.
  static ordered_json scores(const std::vector<Reading>& readings, const std::vector<size_t>& axes) {
    std::vector<Tensor> wanted, read;
    for (const auto& part : readings) wanted.push_back(part.wanted.cpu()), read.push_back(part.read.cpu());
    const Tensor all_wanted = torch::cat(wanted), all_read = torch::cat(read);
    ordered_json json;
    for (const size_t axis : axes) {
      const auto column = [&](const Tensor& all) {
        return all.select(1, static_cast<int64_t>(axis)) * nets::kViewLightUnits[axis];
      };
      const auto score = train::axis_score(column(all_read), column(all_wanted));
      json[nets::kViewLightAxes[axis]] = {{"correlation", score.correlation}, {"error", score.absolute_error}};
    }
    return json;
  }

  template <typename Use>
  void for_each_estimate(const char* what, const Use& use) {
    Progress progress(what, options_.samples, "samples");
    int64_t first = 0;
    for_each_code(network_, options_.samples, options_.batch, options_.truncation_psi, [&](const Tensor& w) {
      use(network_.lifted->estimate(w), w, first);
      first += w.size(0);
      progress.advance(w.size(0));
    });
  }

  const model::LoadedNetwork& network_;
  const data::Dataset* images_;
  Judges judges_;
  SuiteOptions options_;
  MomentsCache cache_;
  std::string data_hash_;
};

}  // namespace

std::vector<MetricName> parse_metrics(const std::string& list) {
  std::vector<MetricName> metrics;
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');) {
    metrics.push_back(parse(part));
    for (size_t i = 0; i + 1 < metrics.size(); ++i)
      if (metrics[i].text == part) usage_error("--metrics {}: {} is named twice", list, part);
  }
  if (metrics.empty()) usage_error("--metrics: expected names of metrics");
  return metrics;
}

bool is_about_images(const MetricName& metric) {
  return is_distance(metric);
}

bool needs_data(const std::vector<MetricName>& metrics) {
  return std::ranges::any_of(metrics, is_distance);
}

void check_judges(const MetricName& metric, const Judges& judges) {
  if ((metric.kind == Kind::fd_embed || metric.kind == Kind::identity) && judges.embedding.is_empty())
    usage_error("--metrics {}: needs a face network, expected --embedding FILE", metric.text);
  if (metric.kind == Kind::view_light && judges.probe.is_empty())
    usage_error("--metrics {}: needs a view and light probe, expected --probe FILE", metric.text);
  if (metric.kind == Kind::shape && !judges.shape)
    usage_error("--metrics {}: needs a depth network or true shapes, expected --depth FILE or --truth DATA",
                metric.text);
}

ordered_json measure(const std::vector<MetricName>& metrics, const model::LoadedNetwork& network,
                     const data::Dataset* images, const Judges& judges, const SuiteOptions& options) {
  if (options.batch < 1) usage_error("--batch {}: expected a positive number", options.batch);
  if (options.samples < 2) usage_error("--samples {}: expected at least 2", options.samples);
  const torch::NoGradGuard guard;
  return Suite(network, images, judges, options).run(metrics);
}

}  // namespace lifted::metrics
