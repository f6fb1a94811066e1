// liftedgan train-probe: train a network that reads view and light off images.
#include "lifted/app/commands.h"
#include "lifted/app/image_training.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/train/probe_task.h"

namespace lifted::app {
namespace {

struct ProbeSettings : ImageTrainingSettings {
  ProbeSettings() { kimg = 200; }
  std::string labels, arch = "small";

  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("labels", self.labels);
    visit("arch", self.arch);
    ImageTrainingSettings::each(self, visit);
  }
};

void add_probe_options(CLI::App& command, ProbeSettings& s) {
  command.add_option("--labels", s.labels, "What is true of them: JSON lines, as `heads labels` writes them");
  add_face_architecture(command, s.arch);
}

void check_probe(const ProbeSettings& s) {
  if (s.labels.empty()) usage_error("--labels: expected JSON lines of `heads labels` or `heads render --ground-truth`");
}

ImageTraining prepare_probe(const ProbeSettings& s, train::ImageTaskOptions images,
                            std::shared_ptr<const data::Dataset> pictures, torch::Device device) {
  train::ProbeOptions options;
  options.images = std::move(images);
  options.images.network = nets::named_face_embedding(s.arch);
  options.images.network.dropout = 0;
  options.held_out = s.held_out;
  auto labels = data::read_view_light_labels(s.labels, pictures->archive());
  auto task = std::make_unique<train::ProbeTask>(options, pictures, std::move(labels), device, s.run.world);
  auto division = divided(*task);
  return {std::move(task), "probe-" + s.arch, options.to_json(), std::move(division)};
}

}  // namespace

void add_train_probe(CLI::App& app) {
  add_image_training<ProbeSettings>(app, {.name = "train-probe",
                                          .description = "Train a network that reads view and light off images",
                                          .data_help = "Images: a folder, a zip or an lmdb",
                                          .missing_data = "a folder, zip or lmdb of images",
                                          .files = {"data", "labels"},
                                          .add_options = add_probe_options,
                                          .check = check_probe,
                                          .prepare = prepare_probe});
}

}  // namespace lifted::app
