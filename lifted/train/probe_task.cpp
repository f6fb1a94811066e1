#include "lifted/train/probe_task.h"

#include <algorithm>

#include "lifted/base/device.h"
#include "lifted/model/critics.h"
#include "lifted/train/random_streams.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr int64_t kMostMeasuredLabels = 4'000;

data::IdentitySplit split_of(const data::ViewLightLabels& labels, const ProbeOptions& options) {
  data::IdentityLabels people{labels.identity, 0, "the labels"};
  auto known = labels.identity;
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (auto& person : people.of_image) person = std::ranges::lower_bound(known, person) - known.begin();
  people.identities = static_cast<int64_t>(known.size());
  return data::split_identities(people, options.held_out, derived_seed(options.images.seed, "held out"));
}

}  // namespace

nlohmann::ordered_json ProbeOptions::to_json() const {
  auto json = images.to_json();
  json["held_out"] = held_out;
  return json;
}

ProbeTask::ProbeTask(ProbeOptions options, std::shared_ptr<const data::Dataset> images, data::ViewLightLabels labels,
                     torch::Device device, World world)
    : ImageTask(options.images, std::move(images), split_of(labels, options), device, std::move(world)),
      options_(std::move(options)),
      values_(std::move(labels.values)) {
  training_values_ = truth_of(split().training.images);
  network_ = nets::ViewLightProbe(options_.images.network);
  network_->set_scale(training_values_.mean(0), training_values_.std(0));
  set_module(network_.ptr());
}

Tensor ProbeTask::truth_of(const std::vector<int64_t>& images) const {
  return values_.index_select(0, torch::tensor(images, torch::kInt64));
}

Tensor ProbeTask::loss(const Tensor& images, const data::Batch& batch, int64_t, Statistics&) {
  const Tensor mirrored =
      torch::tensor(std::vector<float>(nets::kViewLightMirrored.begin(), nets::kViewLightMirrored.end()));
  std::vector<Tensor> truth;
  for (const auto& sample : batch.samples) {
    const Tensor values = training_values_[sample.index];
    truth.push_back(sample.mirrored ? values * mirrored : values);
  }
  return torch::smooth_l1_loss(network_->standardized(images),
                               network_->standardize(to_device(torch::stack(truth), device())));
}

std::array<AxisScore, 7> ProbeTask::score_held_out() {
  const Tensor read =
      read_held_out(kMostMeasuredLabels, [&](const Tensor& images) { return network_->forward(images); });
  const Tensor truth = truth_of(split().held_out.images).slice(0, 0, read.size(0));
  std::array<AxisScore, 7> scores;
  for (size_t axis = 0; axis < scores.size(); ++axis) {
    const auto column = [&](const Tensor& values) {
      return values.select(1, static_cast<int64_t>(axis)) * nets::kViewLightUnits[axis];
    };
    scores[axis] = axis_score(column(read), column(truth));
  }
  return scores;
}

void ProbeTask::write_network(const std::filesystem::path& path) const {
  model::save_view_light_probe(path, network_, provenance("liftedgan train-probe"));
}

void ProbeTask::write_pictures(RunDirectory& run, int64_t images) {
  const auto scores = score_held_out();
  std::string line =
      fmt::format("kimg {:.1f}: {} held-out images, R² (correlation, mean error):", static_cast<double>(images) / 1000,
                  held_out_images());
  Statistics statistics;
  for (size_t axis = 0; axis < scores.size(); ++axis) {
    const std::string name = nets::kViewLightAxes[axis];
    const AxisScore& score = scores[axis];
    line += fmt::format(" {} {:.3f} ({:.3f}, {:.3f})", name, score.r2, score.correlation, score.absolute_error);
    statistics.add("Metrics/r2_" + name, score.r2);
    statistics.add("Metrics/correlation_" + name, score.correlation);
    statistics.add("Metrics/error_" + name, score.absolute_error);
  }
  run.say(line);
  run.write_statistics(statistics, images);
}

}  // namespace lifted::train
