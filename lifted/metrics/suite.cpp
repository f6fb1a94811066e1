#include "lifted/metrics/suite.h"

#include <optional>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/metrics/agreement.h"
#include "lifted/metrics/feature_metrics.h"
#include "lifted/metrics/identity.h"
#include "lifted/metrics/path_length.h"
#include "lifted/metrics/repeats.h"
#include "lifted/metrics/retrieval.h"
#include "lifted/metrics/samples.h"
#include "lifted/metrics/view_light.h"
#include "lifted/train/axis_scores.h"

namespace lifted::metrics {
namespace {
using nlohmann::ordered_json;
using torch::Tensor;
using Kind = MetricName::Kind;

class Suite {
 public:
  Suite(const model::LoadedNetwork& network, const data::Dataset* images, const Judges& judges,
        const SuiteOptions& options)
      : network_(network), images_(images), judges_(judges), options_(options) {}

  ordered_json run(const std::vector<MetricName>& metrics) {
    std::vector<MetricName> compared;
    for (const auto& metric : metrics) {
      check(metric);
      if (metric.compares_images()) compared.push_back(metric);
    }
    const NetworkImages made(network_, options_);
    std::optional<FeatureMetrics> features;
    if (!compared.empty()) features.emplace(compared, made, images_, judges_.features(), options_);
    std::vector<ordered_json> runs;
    for (int i = 0; i < options_.repeats; ++i) {
      seed_ = options_.seed + static_cast<uint32_t>(i);
      if (options_.repeats > 1) log_info("seed {}, measurement {} of {}", seed_, i + 1, options_.repeats);
      runs.push_back(features ? features->measure(seed_) : ordered_json::object());
      for (const auto& metric : metrics)
        if (!metric.compares_images()) runs.back()[metric.text] = value_of(metric);
    }
    return runs.size() == 1 ? runs.front() : summarize(runs);
  }

 private:
  void check(const MetricName& metric) const {
    check_judges(metric, judges_);
    if (!is_about_images(metric) && !network_.lifted)
      usage_error("--metrics {}: is about a lifted network, but this one is 2D", metric.text);
    if (metric.compares_images() && !images_ && options_.statistics.empty())
      usage_error("--metrics {}: compares with real images, expected --data", metric.text);
  }

  ordered_json value_of(const MetricName& metric) {
    if (metric.kind == Kind::identity) return identity();
    if (metric.kind == Kind::retrieval) return people();
    if (metric.kind == Kind::view_light) return view_light();
    if (metric.kind == Kind::agreement) return agreement();
    if (metric.kind == Kind::shape) return judges_.shape->measure(network_, codes());
    const auto distance = make_image_distance(metric.space, judges_.features(), network_.generator->config().size);
    return path_length(network_, distance, codes(), options_.proxy);
  }

  CodeOptions codes() const { return {options_.samples, options_.batch, options_.truncation_psi, seed_}; }

  ordered_json agreement() {
    std::vector<Tensor> all;
    for_each_code(network_, codes(), [&](const Tensor& w) { all.push_back(w); });
    return measure_agreement(*network_.lifted, torch::cat(all), seed_).to_json();
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

  /// With the distances of as many real images where there are some.
  ordered_json people() {
    const Embed embed = [this](const Tensor& x) { return judges_.embedding->forward(x); };
    People all;
    for_each_code(network_, codes(), [&](const Tensor& w) {
      all.add(embed_people(*network_.lifted, w, embed, {-45, -30, 30, 45}, {-60, -40, 40, 60}));
    });
    ordered_json json = retrieval(all);
    if (!images_ || images_->size() < 2) return json;
    std::vector<Tensor> rows;
    SuiteOptions alone = options_;
    alone.world = train::World::alone();
    const DatasetImages real(*images_, network_.statistics.mean.device(), alone);
    real.for_each(real.available(options_.samples), 0, [&](int64_t, const Tensor& x) { rows.push_back(embed(x)); });
    json["distance"]["data"] = mean_pairwise_distance(torch::cat(rows));
    return json;
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

  /// Of some axes, of read against wanted: correlation, slope, and mean error and bias in degrees, shares, tangents.
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
      json[nets::kViewLightAxes[axis]] = {{"correlation", score.correlation},
                                          {"error", score.absolute_error},
                                          {"slope", score.slope},
                                          {"bias", score.bias}};
    }
    return json;
  }

  template <typename Use>
  void for_each_estimate(const char* what, const Use& use) {
    Progress progress(what, options_.samples, "samples");
    int64_t first = 0;
    for_each_code(network_, codes(), [&](const Tensor& w) {
      use(network_.lifted->estimate(w), w, first);
      first += w.size(0);
      progress.advance(w.size(0));
    });
  }

  const model::LoadedNetwork& network_;
  const data::Dataset* images_;
  Judges judges_;
  SuiteOptions options_;
  uint32_t seed_ = 0;
};

}  // namespace

void check_judges(const MetricName& metric, const Judges& judges) {
  check_space(metric, judges.features());
  if ((metric.kind == Kind::identity || metric.kind == Kind::retrieval) && judges.embedding.is_empty())
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
  if (options.repeats < 1) usage_error("--repeats {}: expected a positive number", options.repeats);
  const torch::NoGradGuard guard;
  return Suite(network, images, judges, options).run(metrics);
}

ordered_json measure_images(const std::vector<MetricName>& metrics, const data::Dataset& made,
                            const data::Dataset* images, const Judges& judges, torch::Device device,
                            const SuiteOptions& options) {
  if (options.batch < 1) usage_error("--batch {}: expected a positive number", options.batch);
  if (options.repeats != 1) usage_error("--repeats {}: the images are the same each time, expected 1", options.repeats);
  for (const auto& metric : metrics) {
    check_judges(metric, judges);
    if (!metric.compares_images())
      usage_error("--metrics {}: looks into a network, but images alone are given; expected --network", metric.text);
  }
  const torch::NoGradGuard guard;
  const DatasetImages source(made, device, options);
  const FeatureMetrics features(metrics, source, images, judges.features(), options);
  return &made == images ? ordered_json::object() : features.measure(0);
}

}  // namespace lifted::metrics
