// What training a small network on labelled images has in common, whatever it learns: batches, optimizer, schedule,
// state, and images kept apart to measure with.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "lifted/base/numerics.h"
#include "lifted/data/identities.h"
#include "lifted/data/loader.h"
#include "lifted/nets/face_embedding.h"
#include "lifted/train/adam.h"
#include "lifted/train/loop.h"
#include "lifted/train/shards.h"
#include "lifted/train/step_guard.h"

namespace lifted::train {

struct ImageTaskOptions {
  nets::FaceEmbeddingConfig network;
  int64_t batch = 64;
  int64_t total_images = 300'000;  // shown in all: the length of the learning rate's schedule
  double lr = 2e-3;                // of Adam (0.9, 0.999); rises over the first 5 %, then falls as a cosine to 1 %
  double weight_decay = 1e-4;      // inside the gradient
  bool mirror = true;
  Precision precision = Precision::fp32;  // fp32 or tf32
  uint64_t seed = 0;
  int64_t shards = 1;  // that the batch is cut into: train/shards.h

  /// What a resumed run must agree on.
  nlohmann::ordered_json to_json() const;
  /// UsageError if the numbers make no sense together, or if the images are not squares that the network sees.
  void validate(const data::Dataset& images) const;
  /// The learning rate after so many images.
  double learning_rate(int64_t images) const;
};

class ImageTask : public TrainingTask {
 public:
  void fetch() final;
  void step(Statistics& statistics) final;
  void check() final { guard_.check(); }
  int64_t images_per_step() const override { return options_.batch; }
  int64_t bytes_per_step() const override { return sum_.bytes(); }
  StateDict state() const override;
  nlohmann::json values() const override;
  /// Averages what batch normalization has measured: of each process's own shards.
  void settle() override;
  /// Error if the state is of other labels.
  void load_state(const StateDict& state, const nlohmann::json& values) override;
  std::string status(const Statistics& statistics) const override;
  /// What a resumed run must agree on.
  virtual nlohmann::ordered_json options_json() const { return options_.to_json(); }

  int64_t training_images() const { return static_cast<int64_t>(split_.training.images.size()); }
  int64_t held_out_images() const { return static_cast<int64_t>(split_.held_out.images.size()); }

 protected:
  /// Trains on split.training of the images and keeps split.held_out apart. UsageError as validate().
  ImageTask(ImageTaskOptions options, std::shared_ptr<const data::Dataset> images, data::IdentitySplit split,
            torch::Device device, World world);
  /// To be called once, with everything that is to be trained; its weights are drawn anew from `weights()`.
  void set_module(std::shared_ptr<torch::nn::Module> module);
  /// Where first weights come from.
  at::Generator& weights() { return weights_; }
  /// What a step draws comes from here; seeded by its number, so that it is no part of the state.
  at::Generator& step_random() { return step_random_; }
  /// What is known of every image and must be the same where a training goes on; undefined if nothing is.
  virtual torch::Tensor labels() const { return {}; }
  /// Reads what loss() will need of a batch beside its images.
  virtual void fetch_truth(const data::Batch&) {}

  /// Scalar loss of a shard. images: B×3×S×S in [-1, 1] on the device, mirrored where batch.samples says so; a sample's
  /// index counts within split.training. They are those of the fetched batch from the first-th on. What it adds to
  /// `statistics` are tensors of one element, means over the shard.
  virtual torch::Tensor loss(const torch::Tensor& images, const data::Batch& batch, int64_t first,
                             Statistics& statistics) = 0;

  /// read(images) of the first `count` held-out images, a batch at a time with the module in evaluation mode, together.
  torch::Tensor read_held_out(int64_t count, const std::function<torch::Tensor(const torch::Tensor& images)>& read);
  /// B×3×S×S of the images at `indices` (of the whole data), in [-1, 1] on the CPU.
  torch::Tensor images_at(const std::vector<int64_t>& indices) const;
  /// {"data": …, "images": …} for the files written.
  nlohmann::json provenance(const std::string& tool) const;

  const ImageTaskOptions& options() const { return options_; }
  const data::IdentitySplit& split() const { return split_; }
  torch::Device device() const { return device_; }

 private:
  std::optional<std::string> labels_digest() const;
  data::LoaderOptions loader_options() const;
  void seed_step(int64_t shard);
  void backward(int64_t shard, int64_t first, ShardNumbers& numbers);

  ImageTaskOptions options_;
  std::shared_ptr<const data::Dataset> images_, training_images_;
  data::IdentitySplit split_;
  torch::Device device_;
  Shards shards_;
  int64_t share_ = 0;  // images of a shard
  std::unique_ptr<data::Loader> loader_;
  std::optional<data::Batch> fetched_;
  data::LoaderState position_;  // after the last step
  at::Generator weights_, step_random_;
  std::shared_ptr<torch::nn::Module> module_;
  std::optional<Adam> optimizer_;
  GradientSum sum_;
  StepGuard guard_;
  int64_t steps_ = 0;
};

}  // namespace lifted::train
