// liftedgan train-depth: train a network that reads the depth of a head off an image.
#include "lifted/app/commands.h"
#include "lifted/app/image_training.h"
#include "lifted/train/depth_task.h"

namespace lifted::app {
namespace {

struct DepthSettings : ImageTrainingSettings {
  DepthSettings() { batch = 32, lr = 3e-3, weight_decay = 1e-5; }
};

ImageTraining prepare_depth(const DepthSettings& s, train::ImageTaskOptions images,
                            std::shared_ptr<const data::Dataset> heads, torch::Device device) {
  train::DepthOptions options;
  options.images = std::move(images);
  options.network.size = heads->width();
  options.held_out = s.held_out;
  const auto truth = std::make_shared<const data::HeadTruth>(s.data, heads->archive());
  auto task = std::make_unique<train::DepthTask>(options, heads, truth, device, s.run.world);
  auto division = divided(*task);
  return {std::move(task), "depth", options.to_json(), std::move(division)};
}

}  // namespace

void add_train_depth(CLI::App& app) {
  add_image_training<DepthSettings>(
      app, {.name = "train-depth",
            .description = "Train a network that reads the depth of heads off images",
            .data_help = "Heads with their ground truth, as `heads render --ground-truth` makes them",
            .missing_data = "a set of `heads render --ground-truth`",
            .prepare = prepare_depth});
}

}  // namespace lifted::app
