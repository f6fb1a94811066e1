#include "lifted/train/embedding_task.h"

#include <algorithm>

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/model/critics.h"
#include "lifted/train/random_streams.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr int64_t kMostMeasuredFaces = 4'000, kPeople = 8, kImagesOfEach = 8;

/// What is trained together: the network, and the centers of the identities in its space.
struct EmbeddingModel : torch::nn::Module {
  EmbeddingModel(nets::FaceEmbedding embedding, int64_t identities, at::Generator& random) {
    const int64_t dimensions = embedding->config().dimensions;
    register_module("network", std::move(embedding));
    centers = register_parameter("centers", torch::randn({identities, dimensions}, random) * 0.01);
  }
  Tensor centers;
};

}  // namespace

nlohmann::ordered_json EmbeddingOptions::to_json() const {
  auto json = images.to_json();
  json.update({{"scale", cosface.scale},
               {"margin", cosface.margin},
               {"held_out", held_out},
               {"pairs", pairs},
               {"images_per_identity", images_per_identity}});
  return json;
}

EmbeddingTask::EmbeddingTask(EmbeddingOptions options, std::shared_ptr<const data::Dataset> images,
                             torch::Device device, World world)
    : EmbeddingTask(options, images, data::read_identities(images->archive(), options.images_per_identity), device,
                    std::move(world)) {}

EmbeddingTask::EmbeddingTask(EmbeddingOptions options, std::shared_ptr<const data::Dataset> images,
                             const data::IdentityLabels& labels, torch::Device device, World world)
    : ImageTask(options.images, std::move(images),
                data::split_identities(labels, options.held_out, derived_seed(options.images.seed, "held out")), device,
                std::move(world)),
      options_(std::move(options)),
      label_source_(labels.source) {
  network_ = nets::FaceEmbedding(options_.images.network);
  const auto model = std::make_shared<EmbeddingModel>(network_, split().training.identities, weights());
  network_->set_dropout_generator(step_random());
  centers_ = model->centers;
  set_module(model);
  auto measured = split().held_out.identity;
  measured.resize(std::min(measured.size(), static_cast<size_t>(kMostMeasuredFaces)));
  pairs_ = verification_pairs(measured, options_.pairs, derived_seed(options_.images.seed, "pairs"));
}

Tensor EmbeddingTask::loss(const Tensor& images, const data::Batch& batch, int64_t, Statistics& statistics) {
  std::vector<int64_t> identity;
  for (const auto& sample : batch.samples)
    identity.push_back(split().training.identity[static_cast<size_t>(sample.index)]);
  const Tensor labels = to_device(torch::tensor(identity, torch::kInt64), device());
  const Tensor embeddings = network_->forward(images);
  {
    const torch::NoGradGuard guard;
    const Tensor nearest = embeddings.mm((centers_ / centers_.norm(2, 1, true)).t()).argmax(1);
    statistics.add("Accuracy/train", nearest.eq(labels).to(torch::kFloat32).mean());
  }
  return cosface_loss(embeddings, centers_, labels, options_.cosface);
}

Verification EmbeddingTask::verify_held_out() {
  return verify(read_held_out(kMostMeasuredFaces, [&](const Tensor& images) { return network_->forward(images); }),
                pairs_);
}

std::string EmbeddingTask::status(const Statistics& statistics) const {
  return fmt::format("{} accuracy {:.3f}", ImageTask::status(statistics), statistics.mean("Accuracy/train"));
}

void EmbeddingTask::write_network(const std::filesystem::path& path) const {
  model::save_face_embedding(path, network_, provenance("liftedgan train-embedding"));
}

void EmbeddingTask::write_pictures(RunDirectory& run, int64_t images) {
  if (images == 0) write_people(run);
  const Verification result = verify_held_out();
  run.say(
      fmt::format("kimg {:.1f}: verification of {} held-out people: accuracy {:.4f}, AUC {:.4f}, true accepts at "
                  "1 % false {:.4f} (threshold {:.3f}, {} pairs)",
                  static_cast<double>(images) / 1000, held_out_identities(), result.accuracy, result.auc, result.tar,
                  result.threshold, 2 * options_.pairs));
  Statistics statistics;
  statistics.add("Metrics/verification_accuracy", result.accuracy);
  statistics.add("Metrics/verification_auc", result.auc);
  statistics.add("Metrics/true_accepts_at_1e-2", result.tar);
  run.write_statistics(statistics, images);
}

void EmbeddingTask::write_people(RunDirectory& run) const {
  const auto& part = split().held_out;
  std::vector<Tensor> rows;
  for (int64_t person = 0; person < std::min(kPeople, part.identities); ++person) {
    std::vector<int64_t> theirs;
    for (size_t i = 0; i < part.images.size(); ++i)
      if (part.identity[i] == person && static_cast<int64_t>(theirs.size()) < kImagesOfEach)
        theirs.push_back(part.images[i]);
    const Tensor images = images_at(theirs);
    Tensor row = torch::ones({3, images.size(2), kImagesOfEach * images.size(3)});
    row.slice(2, 0, images.size(0) * images.size(3)).copy_(torch::cat(images.unbind(0), 2));
    rows.push_back(row);
  }
  run.write_image("people.png", "People", formats::image_from_tensor(torch::cat(rows, 1)), 0);
}

}  // namespace lifted::train
