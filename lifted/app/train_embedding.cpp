// liftedgan train-embedding: train the face network on labelled identities.
#include "lifted/app/commands.h"
#include "lifted/app/image_training.h"
#include "lifted/app/validators.h"
#include "lifted/train/embedding_task.h"

namespace lifted::app {
namespace {
constexpr Bounds kSoftmaxScale = bounds::above(0, 1000), kImagesOfOne = bounds::whole(0, 1e6),
                 kMargin{.low = 0, .high = 1, .without_high = true};

struct EmbeddingSettings : ImageTrainingSettings {
  EmbeddingSettings() { kimg = 300; }
  std::string arch = "lresnet18";
  int64_t images_per_identity = 0;
  double scale = 30, margin = 0.3;

  template <typename Self, typename Visit>
  static void each(Self& self, const Visit& visit) {
    visit("arch", self.arch);
    visit("images-per-identity", self.images_per_identity);
    visit("scale", self.scale);
    visit("margin", self.margin);
    ImageTrainingSettings::each(self, visit);
  }
};

void add_embedding_options(CLI::App& command, EmbeddingSettings& s) {
  command
      .add_option("--images-per-identity", s.images_per_identity,
                  "Images without labels: so many of each person, one after another")
      ->transform(number(kImagesOfOne));
  add_face_architecture(command, s.arch);
  command.add_option("--scale", s.scale, "Scale of CosFace's softmax")
      ->transform(number(kSoftmaxScale))
      ->capture_default_str();
  command.add_option("--margin", s.margin, "Margin of CosFace, as cosine")
      ->transform(number(kMargin))
      ->capture_default_str();
}

void check_embedding(const EmbeddingSettings& s) {
  kSoftmaxScale.check("--scale", s.scale);
  kMargin.check("--margin", s.margin);
  kImagesOfOne.check("--images-per-identity", static_cast<double>(s.images_per_identity));
}

ImageTraining prepare_embedding(const EmbeddingSettings& s, train::ImageTaskOptions images,
                                std::shared_ptr<const data::Dataset> pictures, torch::Device device) {
  train::EmbeddingOptions options;
  options.images = std::move(images);
  options.images.network = nets::named_face_embedding(s.arch);
  options.cosface = {.scale = s.scale, .margin = s.margin};
  options.held_out = s.held_out;
  options.images_per_identity = s.images_per_identity;
  auto task = std::make_unique<train::EmbeddingTask>(options, pictures, device, s.run.world);
  auto division = fmt::format("identities by {}: {} to train on, {} held out", task->label_source(),
                              task->training_identities(), task->held_out_identities());
  return {std::move(task), "embedding-" + s.arch, options.to_json(), std::move(division)};
}

}  // namespace

void add_train_embedding(CLI::App& app) {
  add_image_training<EmbeddingSettings>(
      app, {.name = "train-embedding",
            .description = "Train a face network to tell people apart",
            .data_help = "A folder per person, or any images whose dataset.json has class labels",
            .missing_data = "a folder per person, or images with labels",
            .add_options = add_embedding_options,
            .check = check_embedding,
            .prepare = prepare_embedding});
}

}  // namespace lifted::app
