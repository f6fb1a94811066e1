#include "lifted/app/project_search.h"

#include <algorithm>

#include "lifted/base/log.h"
#include "lifted/formats/animation.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/critics.h"
#include "lifted/photo/network_files.h"

namespace lifted::app {
namespace {
using formats::Image;
using torch::Tensor;

constexpr int kVideoFrames = 120;
constexpr double kVideoFps = 20;
constexpr int64_t kVideoColumns = 4, kEncodedAtOnce = 64;

/// The first targets above what the search has come to.
class ProgressVideo {
 public:
  /// `at_once`: how many targets are searched for together, and so seen at a step.
  ProgressVideo(const std::filesystem::path& path, const Targets& targets, int steps, int64_t at_once)
      : columns_(static_cast<size_t>(std::min({kVideoColumns, at_once, static_cast<int64_t>(targets.size())}))),
        steps_(steps),
        every_(std::max(1, steps / kVideoFrames)) {
    const int side = targets.images[0].width;
    scale_ = std::max(1, 128 / side);
    frame_ = formats::filled_image(static_cast<int>(columns_) * side * scale_, 2 * side * scale_);
    for (size_t i = 0; i < columns_; ++i) put(targets.images[i], i, 0);
    writer_.emplace(path, frame_.width, frame_.height, kVideoFps);
  }
  void add(int step, const Tensor& images) {
    if (seen_ >= steps_) return;  // later targets
    ++seen_;
    if (step % every_ != 0) return;
    for (size_t i = 0; i < columns_; ++i) put(formats::image_from_tensor(images[static_cast<int64_t>(i)].cpu()), i, 1);
    writer_->add(frame_);
  }
  void finish() { writer_->finish(); }

 private:
  void put(const Image& image, size_t column, int row) {
    const Image large = formats::enlarged(image, scale_);
    formats::paste(frame_, large, static_cast<int>(column) * large.width, row * large.height);
  }

  size_t columns_;
  int steps_, every_, seen_ = 0, scale_ = 1;
  Image frame_;
  std::optional<formats::AnimationWriter> writer_;
};

}  // namespace

std::optional<train::PerceptualLoss> perceptual_of(const ProjectOptions& options, int size, torch::Device device) {
  const int scales = train::perceptual_scales(size);
  if (!options.vgg.empty()) {
    auto vgg = model::load_vgg16(options.vgg);
    vgg->to(device);
    return train::PerceptualLoss(train::perceptual_maps(vgg), scales);
  }
  if (!options.embedding.empty()) {
    auto face = model::load_face_embedding(options.embedding);
    face->to(device);
    return train::PerceptualLoss(train::perceptual_maps(face), scales);
  }
  log_info("neither --vgg nor --embedding: pixels alone are compared");
  return {};
}

Tensor encoded(const ProjectOptions& options, const SamplingRun& run, const Tensor& pictures) {
  if (options.encoder.empty()) return {};
  auto encoder = photo::load_encoder_of(options.encoder, run.network().generator);
  encoder->to(run.device());
  const torch::NoGradGuard guard;
  std::vector<Tensor> codes;
  for_batches(pictures.size(0), kEncodedAtOnce,
              [&](int64_t first, int64_t last) { codes.push_back(encoder->forward(pictures.slice(0, first, last))); });
  return torch::cat(codes);
}

train::Projection search(const ProjectOptions& options, const SamplingRun& run, const Targets& targets,
                         const Tensor& start, const train::PerceptualLoss* perceptual) {
  const auto& network = run.network();
  const int steps = options.projector.steps;
  const int64_t count = static_cast<int64_t>(targets.size());
  const int64_t at_once = train::searched_at_once(options.projector, network.generator->config().size);
  std::optional<ProgressVideo> video;
  if (!options.no_video && !options.projector.noise_maps && steps > 0)
    video.emplace(run.output("progress.mp4"), targets, steps, at_once);
  std::optional<Progress> progress;
  if (steps > 0) progress.emplace("project", (count + at_once - 1) / at_once * steps, "steps");
  auto found = train::project(
      network.generator, network.statistics, perceptual, targets.tensors().to(run.device()), options.projector,
      [&](int step, double, const Tensor& images) {
        if (video) video->add(step, images);
        progress->advance(1);
      },
      train::start_at(network, start));
  if (progress) progress->finish();
  if (video) video->finish();
  return found;
}

void write_codes(const ProjectOptions& options, const SamplingRun& run, const train::Projection& found) {
  StateDict codes = {{options.projector.per_layer ? "w_plus" : "w", found.codes.cpu()}};
  for (size_t i = 0; i < found.noise.size(); ++i) codes["noise_" + std::to_string(i)] = found.noise[i].cpu();
  formats::write_safetensors(run.output("codes.safetensors"), codes, {{"command", "liftedgan project"}});
}

}  // namespace lifted::app
