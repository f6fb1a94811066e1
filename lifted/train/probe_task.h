// Training the view and light probe on labelled images, as a task of the loop.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "lifted/data/view_light_labels.h"
#include "lifted/nets/view_light_probe.h"
#include "lifted/train/axis_scores.h"
#include "lifted/train/image_task.h"

namespace lifted::train {

struct ProbeOptions {
  ImageTaskOptions images;  // network: the trunk
  double held_out = 0.1;    // share of people (images, where people are not labelled) kept apart to measure with

  nlohmann::ordered_json to_json() const;
};

class ProbeTask : public ImageTask {
 public:
  /// `labels` are the images'. UsageError or Error if options, images and labels do not go together.
  ProbeTask(ProbeOptions options, std::shared_ptr<const data::Dataset> images, data::ViewLightLabels labels,
            torch::Device device, World world = World::alone());

  /// How the network reads the held-out images (at most 4,000) as it is: in degrees, shares and tangents, in the order
  /// of nets::kViewLightAxes.
  std::array<AxisScore, 7> score_held_out();

  void write_network(const std::filesystem::path& path) const override;
  /// Measures, and says so in the log and the statistics.
  void write_pictures(RunDirectory& run, int64_t images) override;
  nlohmann::ordered_json options_json() const override { return options_.to_json(); }

 protected:
  torch::Tensor labels() const override { return values_; }
  torch::Tensor loss(const torch::Tensor& images, const data::Batch& batch, int64_t first,
                     Statistics& statistics) override;

 private:
  torch::Tensor truth_of(const std::vector<int64_t>& images) const;

  ProbeOptions options_;
  torch::Tensor values_, training_values_;  // N×7
  nets::ViewLightProbe network_{nullptr};
};

}  // namespace lifted::train
