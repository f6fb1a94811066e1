// Lifting as a task of the training loop: random draws, statistics, panels that people look at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lifted/train/lift_trainer.h"
#include "lifted/train/loop.h"
#include "lifted/train/random_streams.h"
#include "lifted/train/shards.h"

namespace lifted::train {

struct LiftTaskOptions {
  LiftTrainerOptions training;
  int64_t batch = 8;
  uint64_t seed = 0;
  int64_t shards = 1;  // that the batch is cut into: train/shards.h
  /// What the weights come from, kept in the network's provenance: preset, generator, critics.
  nlohmann::json sources = nlohmann::json::object();

  /// What a resumed run must agree on.
  nlohmann::json to_json() const;
};

class LiftTask : public TrainingTask {
 public:
  /// UsageError if the batch or the shards cannot be divided.
  LiftTask(LiftTaskOptions options, LiftTrainer trainer, torch::Device device, World world = World::alone());

  void step(Statistics& statistics) override;
  void check() override { trainer_.guard().check(); }
  int64_t images_per_step() const override { return options_.batch; }
  int64_t bytes_per_step() const override { return sum_.bytes(); }
  StateDict state() const override;
  nlohmann::json values() const override;
  void load_state(const StateDict& state, const nlohmann::json& values) override;
  void write_network(const std::filesystem::path& path) const override;
  /// panelNNNNNN.png: on fixed latents, a row per sample: teacher, render, flipped render, canonical, depth, normals,
  /// shading, transform map, perturbed and regenerated; sweepNNNNNN.png: the same heads turned from −45° to 45°;
  /// turnNNNNNN.gif: some of them, their normals and their shape in neutral light, turning from side to side; and
  /// histograms of view and light over more codes.
  void write_pictures(RunDirectory& run, int64_t images) override;
  std::string status(const Statistics& statistics) const override;

  LiftTrainer& trainer() { return trainer_; }
  const Shards& shards() const { return shards_; }

 private:
  LiftDraws draw(int64_t shard) const;
  void add_losses(const LiftStep& step, ShardNumbers& numbers) const;
  /// The step's raw light and view in the shard's place among all, zeros elsewhere: B×10.
  torch::Tensor placed_factors(const LiftStep& step, int64_t shard) const;
  void write_panel(RunDirectory& run, int64_t images, const torch::Tensor& w, const model::Estimate& estimate);
  void write_sweep(RunDirectory& run, int64_t images, const model::Estimate& estimate);
  void write_turn(RunDirectory& run, int64_t images, const model::Estimate& estimate);
  /// Of the predicted lights and views, raw.
  void write_histograms(RunDirectory& run, int64_t images, RandomStreams& fixed);

  LiftTaskOptions options_;
  torch::Device device_;
  Shards shards_;
  int64_t share_ = 0;  // samples of a shard
  LiftTrainer trainer_;
  GradientSum sum_;
  int64_t steps_ = 0;
};

}  // namespace lifted::train
