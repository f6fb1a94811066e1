// Training the landmark network on heads whose landmarks are known, as a task of the loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lifted/photo/face_crops.h"
#include "lifted/photo/landmark_net.h"
#include "lifted/train/image_task.h"

namespace lifted::photo {

struct LandmarkOptions {
  train::ImageTaskOptions images;  // network: the trunk
  double held_out = 0.1;           // share of people kept apart to measure with

  nlohmann::ordered_json to_json() const;
};

/// Mean distance from the truth over held-out images, in shares of the distance of the eyes.
struct LandmarkScores {
  int64_t images = 0;
  double loose = 0;  // off crops as a detector would give them
  double tight = 0;  // off upright crops around the true face, as a second look gets them
};

class LandmarkTask : public train::ImageTask {
 public:
  /// UsageError or Error if options, images and labels do not go together.
  LandmarkTask(LandmarkOptions options, std::shared_ptr<const data::Dataset> images, LandmarkLabels labels,
               torch::Device device, train::World world);

  /// How the network reads the first held-out images (at most 1,000) as it is.
  LandmarkScores score_held_out();

  void write_network(const std::filesystem::path& path) const override;
  /// Measures and says so, and draws held-out crops with their true (green) and read (red) landmarks.
  void write_pictures(train::RunDirectory& run, int64_t images) override;
  nlohmann::ordered_json options_json() const override { return options_.to_json(); }

 protected:
  torch::Tensor labels() const override { return points_; }
  torch::Tensor loss(const torch::Tensor& images, const data::Batch& batch, int64_t first,
                     train::Statistics& statistics) override;

 private:
  torch::Tensor held_out_points(int64_t count) const;

  LandmarkOptions options_;
  torch::Tensor points_;  // N×68×2
  LandmarkNet network_{nullptr};
};

}  // namespace lifted::photo
