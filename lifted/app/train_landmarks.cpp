// liftedgan train-landmarks: train a network that finds the landmarks of a face.
#include "lifted/app/commands.h"
#include "lifted/app/image_training.h"
#include "lifted/base/error.h"
#include "lifted/photo/landmark_task.h"

namespace lifted::app {
namespace {

struct LandmarkSettings : ImageTrainingSettings {
  LandmarkSettings() { batch = 16, weight_decay = 0, kimg = 150; }
  std::string labels;

  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("labels", self.labels);
    ImageTrainingSettings::each(self, visit);
  }
};

void add_landmark_options(CLI::App& command, LandmarkSettings& s) {
  command.add_option("--labels", s.labels, "Their landmarks: JSON lines of `heads labels --landmarks`");
}

void check_landmarks(const LandmarkSettings& s) {
  if (s.labels.empty()) usage_error("--labels: expected JSON lines of `heads labels --landmarks` for the same set");
}

ImageTraining prepare_landmarks(const LandmarkSettings& s, train::ImageTaskOptions images,
                                std::shared_ptr<const data::Dataset> heads, torch::Device device) {
  photo::LandmarkOptions options;
  options.images = std::move(images);
  options.images.network = photo::landmark_trunk();
  options.held_out = s.held_out;
  auto labels = photo::read_landmark_labels(s.labels, heads->archive(), heads->width());
  auto task = std::make_unique<photo::LandmarkTask>(options, heads, std::move(labels), device, s.run.world);
  auto division = divided(*task);
  return {std::move(task), "landmarks", options.to_json(), std::move(division)};
}

}  // namespace

void add_train_landmarks(CLI::App& app) {
  add_image_training<LandmarkSettings>(app,
                                       {.name = "train-landmarks",
                                        .description = "Train a network that finds the landmarks of a face",
                                        .data_help = "Heads of 64x64 pixels or a multiple: a folder, a zip or an lmdb",
                                        .missing_data = "a set of `heads render`",
                                        .files = {"data", "labels"},
                                        .add_options = add_landmark_options,
                                        .check = check_landmarks,
                                        .prepare = prepare_landmarks});
}

}  // namespace lifted::app
