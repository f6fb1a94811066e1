// Training a network that reads depth off images on heads with ground truth, as a task of the loop.
#pragma once

#include <memory>
#include <string>

#include "lifted/data/head_truth.h"
#include "lifted/nets/image_depth_net.h"
#include "lifted/train/image_task.h"

namespace lifted::train {

struct DepthOptions {
  ImageTaskOptions images;  // its `network` is not used
  nets::ImageDepthConfig network;
  double slope_weight = 2, mask_weight = 0.2;  // of the differences of neighbours, and of telling head from background
  double held_out = 0.1;                       // share of people kept apart to measure with

  nlohmann::ordered_json to_json() const;
};

/// Means over held-out images.
struct DepthScores {
  int64_t images = 0;
  double side = 0, mad = 0, correlation = 0;  // scene::ShapeError of what the network takes for head
  double overlap = 0;                         // of its head and the true one: intersection over union
};

class DepthTask : public ImageTask {
 public:
  /// `truth` is the images'. UsageError or Error if options and images do not go together.
  DepthTask(DepthOptions options, std::shared_ptr<const data::Dataset> images,
            std::shared_ptr<const data::HeadTruth> truth, torch::Device device, World world = World::alone());

  /// How the network reads the first held-out images (at most 1,000) as it is.
  DepthScores score_held_out();

  void write_network(const std::filesystem::path& path) const override;
  /// Measures and says so, and draws a few held-out images beside their true and read depth.
  void write_pictures(RunDirectory& run, int64_t images) override;
  nlohmann::ordered_json options_json() const override { return options_.to_json(); }

 protected:
  void fetch_truth(const data::Batch& batch) override;
  torch::Tensor loss(const torch::Tensor& images, const data::Batch& batch, int64_t first,
                     Statistics& statistics) override;

 private:
  struct Truth {
    torch::Tensor depth, head;  // B×S×S float, bool
  };
  Truth truth_of(const std::vector<int64_t>& images) const;

  DepthOptions options_;
  std::shared_ptr<const data::HeadTruth> truth_;
  Truth fetched_;
  nets::ImageDepthNet network_{nullptr};
};

}  // namespace lifted::train
