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

namespace lifted::train {

struct LiftTaskOptions {
  LiftTrainerOptions training;
  int64_t batch = 8;
  uint64_t seed = 0;
  /// What the weights come from, kept in the network's provenance: preset, generator, critics.
  nlohmann::json sources = nlohmann::json::object();

  /// What a resumed run must agree on.
  nlohmann::json to_json() const;
};

class LiftTask : public TrainingTask {
 public:
  LiftTask(LiftTaskOptions options, LiftTrainer trainer, torch::Device device);

  void step(Statistics& statistics) override;
  void check() override { trainer_.guard().check(); }
  int64_t images_per_step() const override { return options_.batch; }
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

 private:
  LiftDraws draw(RandomStreams& streams, int64_t count) const;
  void write_panel(RunDirectory& run, int64_t images, const torch::Tensor& w, const model::Estimate& estimate);
  void write_sweep(RunDirectory& run, int64_t images, const model::Estimate& estimate);
  void write_turn(RunDirectory& run, int64_t images, const model::Estimate& estimate);
  /// Of the predicted lights and views, raw.
  void write_histograms(RunDirectory& run, int64_t images, RandomStreams& fixed);

  LiftTaskOptions options_;
  torch::Device device_;
  RandomStreams random_;
  LiftTrainer trainer_;
  int64_t steps_ = 0;
};

}  // namespace lifted::train
