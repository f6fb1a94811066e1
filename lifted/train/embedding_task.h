// Training the face network on labelled identities, as a task of the loop.
#pragma once

#include <memory>
#include <string>

#include "lifted/train/cosface.h"
#include "lifted/train/image_task.h"
#include "lifted/train/verification.h"

namespace lifted::train {

struct EmbeddingOptions {
  ImageTaskOptions images;
  CosFaceOptions cosface;
  double held_out = 0.1;            // share of identities kept apart to verify with
  int64_t pairs = 3'000;            // of each kind
  int64_t images_per_identity = 0;  // 0: by dataset.json or folders

  nlohmann::ordered_json to_json() const;
};

class EmbeddingTask : public ImageTask {
 public:
  /// UsageError or Error if the options make no sense or the images' identities cannot be told.
  EmbeddingTask(EmbeddingOptions options, std::shared_ptr<const data::Dataset> images, torch::Device device,
                World world = World::alone());

  /// Verification of the held-out people (at most 4,000 images of them) by the network as it is.
  Verification verify_held_out();

  void write_network(const std::filesystem::path& path) const override;
  /// Verifies, and says so in the log and the statistics; at the start also people.png, a row per held-out person.
  void write_pictures(RunDirectory& run, int64_t images) override;
  std::string status(const Statistics& statistics) const override;
  nlohmann::ordered_json options_json() const override { return options_.to_json(); }

  int64_t training_identities() const { return split().training.identities; }
  int64_t held_out_identities() const { return split().held_out.identities; }
  const std::string& label_source() const { return label_source_; }

 protected:
  torch::Tensor loss(const torch::Tensor& images, const data::Batch& batch, int64_t first,
                     Statistics& statistics) override;

 private:
  EmbeddingTask(EmbeddingOptions options, std::shared_ptr<const data::Dataset> images,
                const data::IdentityLabels& labels, torch::Device device, World world);
  void write_people(RunDirectory& run) const;

  EmbeddingOptions options_;
  std::string label_source_;
  nets::FaceEmbedding network_{nullptr};
  torch::Tensor centers_;  // identities × dimensions
  VerificationPairs pairs_;
};

}  // namespace lifted::train
