// Training an encoder on what its generator makes, as a task of the loop: codes are known there, also of heads turned
// and lit at will.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "lifted/data/loader.h"
#include "lifted/model/import.h"
#include "lifted/photo/code_sampler.h"
#include "lifted/photo/image_encoder.h"
#include "lifted/train/image_task.h"
#include "lifted/train/perceptual_loss.h"

namespace lifted::photo {

/// Factors of the loss terms.
struct EncoderWeights {
  double code = 1;        // mean squared error of w, in deviations of the generator's codes
  double pixel = 4;       // mean |x − y| of the generator's picture of the code with the clean picture
  double perceptual = 1;  // of the same two, through the face network
  double identity = 0.5;  // 1 − cosine of the same two
  double view = 4;        // mean squared error of the code's view and light, raw
  double prior = 0.5;     // mean square, in deviations, of the codes of real pictures, whose truth nobody knows
};

struct EncoderOptions {
  train::ImageTaskOptions images;  // network: the trunk; `mirror` is that of real pictures
  EncoderWeights weights;
  int64_t compared = 4;      // of a batch's samples, so many are compared as pictures: the dear part of a step
  int64_t real = 0;          // real pictures without codes beside them, which are always compared
  double background = 0.25;  // share of the samples that get another background

  nlohmann::ordered_json to_json() const;
};

/// Over held-out codes.
struct EncoderScores {
  double code = 0;     // mean squared error of w in deviations; 1: the mean code's
  double picture = 0;  // mean |x − y| of pictures
  double yaw = 0;      // mean error of the code's yaw, degrees
};

class EncoderTask : public train::TrainingTask {
 public:
  /// `real`: pictures of the network's size or a multiple, or null where options.real is 0. `face` may be null where
  /// neither perceptual nor identity counts. UsageError or Error if they do not go together.
  EncoderTask(EncoderOptions options, model::LoadedNetwork network, std::shared_ptr<const data::Dataset> real,
              nets::FaceEmbedding face, torch::Device device);

  void fetch() override;
  void step(train::Statistics& statistics) override;
  void check() override { guard_.check(); }
  int64_t images_per_step() const override { return options_.images.batch; }
  StateDict state() const override;
  nlohmann::json values() const override;
  void load_state(const StateDict& state, const nlohmann::json& values) override;
  void write_network(const std::filesystem::path& path) const override;
  /// Measures on held-out codes and says so, and draws a few beside what the encoder makes of them.
  void write_pictures(train::RunDirectory& run, int64_t images) override;
  std::string status(const train::Statistics& statistics) const override;

  /// How the encoder reads 256 codes that training does not see, off clean or off degraded pictures.
  EncoderScores score_held_out(bool clean);

 private:
  torch::Tensor real_pictures() const;
  std::pair<torch::Tensor, torch::Tensor> shown_and_compared(const CodeSamples& samples, at::Generator& random) const;
  torch::Tensor code_loss(const torch::Tensor& read, const torch::Tensor& truth, train::Statistics& statistics) const;
  torch::Tensor prior_loss(const torch::Tensor& read, train::Statistics& statistics) const;
  torch::Tensor picture_loss(const torch::Tensor& w, const torch::Tensor& pictures,
                             train::Statistics& statistics) const;
  data::LoaderOptions loader_options() const;
  const model::LiftedGan& gan() const { return *network_.lifted; }

  EncoderOptions options_;
  model::LoadedNetwork network_;
  std::shared_ptr<const data::Dataset> real_;
  nets::FaceEmbedding face_{nullptr};
  std::optional<train::PerceptualLoss> perceptual_;
  torch::Device device_;
  CodeSampler sampler_;
  ImageEncoder encoder_{nullptr};
  std::optional<train::Adam> optimizer_;
  train::StepGuard guard_;
  std::unique_ptr<data::Loader> loader_;
  std::optional<data::Batch> fetched_;
  data::LoaderState position_;
  int64_t steps_ = 0;
};

}  // namespace lifted::photo
