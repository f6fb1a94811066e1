// StyleGAN2 training as a task of the loop: batches, random draws, the lazy regularization's rhythm, augmentation,
// pictures.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lifted/data/loader.h"
#include "lifted/train/augment.h"
#include "lifted/train/gan_options.h"
#include "lifted/train/loop.h"
#include "lifted/train/random_streams.h"
#include "lifted/train/shards.h"

namespace lifted::train {

class GanTask : public TrainingTask {
 public:
  /// UsageError if the batch or the shards cannot be divided.
  GanTask(GanOptions options, std::shared_ptr<const data::Dataset> images, torch::Device device,
          World world = World::alone());

  void fetch() override;
  void step(Statistics& statistics) override;
  void check() override { trainer_.guard().check(); }
  int64_t images_per_step() const override { return options_.batch; }
  int64_t bytes_per_step() const override;
  StateDict state() const override;
  nlohmann::json values() const override;
  void load_state(const StateDict& state, const nlohmann::json& values) override;
  void write_network(const std::filesystem::path& path) const override;
  void write_pictures(RunDirectory& run, int64_t images) override;
  std::string status(const Statistics& statistics) const override;

  /// transfer_weights() into what is trained.
  std::string transfer_from(const std::filesystem::path& checkpoint, const std::filesystem::path& discriminator = {},
                            bool grow = false);

  GanTrainer& trainer() { return trainer_; }
  const Shards& shards() const { return shards_; }

 private:
  Latents draw_latents(RandomStreams& random, int64_t count) const;
  /// For a shard's fakes.
  GanDraws draw_fakes(RandomStreams& random) const;
  AugmentDraw draw_augmentation(RandomStreams& random) const;
  std::vector<torch::Tensor> draw_noise(RandomStreams& random, int64_t count) const;
  PathDraws draw_paths(RandomStreams& random, int64_t count) const;
  data::LoaderOptions loader_options() const;
  /// Calls work(streams of the shard, its images of `real`) for each of this process's shards.
  template <typename Work>
  void in_shards(const torch::Tensor& real, const Work& work);
  /// The indices of every part of `count` samples, of which `group` go together.
  std::vector<torch::Tensor> parts_of(int64_t count, int64_t group) const;
  /// Calls work(draws, indices) for every part of a batch: those of `whole` for the samples at `indices`.
  template <typename Work>
  void in_parts(const GanDraws& whole, const Work& work) const;
  void train_discriminator(const torch::Tensor& real, Statistics& statistics);
  void train_generator(Statistics& statistics);
  void penalize_discriminator(const torch::Tensor& real, Statistics& statistics);
  void penalize_paths(Statistics& statistics);
  void penalize_paths_of_shards(int64_t count, Statistics& statistics);
  std::vector<PathDraws> path_parts(const PathDraws& whole, int64_t count) const;
  double augmentation() const;

  GanOptions options_;
  std::shared_ptr<const data::Dataset> images_;
  torch::Device device_;
  std::unique_ptr<data::Loader> loader_;
  std::optional<data::Batch> fetched_;
  data::LoaderState position_;  // after the last step
  Shards shards_;
  int64_t share_ = 0;                  // images of a shard
  std::vector<RandomStreams> random_;  // of this step, by shard
  GanTrainer trainer_;
  GradientSum generator_sum_, discriminator_sum_;
  AugmentationController controller_;
  int64_t steps_ = 0;
};

}  // namespace lifted::train
