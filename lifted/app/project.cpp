// `project`: pictures into codes, and, with a lifted network, into 3D.
#include <set>

#include "lifted/app/commands.h"
#include "lifted/app/device_options.h"
#include "lifted/app/pictures.h"
#include "lifted/app/sampling.h"
#include "lifted/app/sweep.h"
#include "lifted/app/validators.h"
#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/formats/animation.h"
#include "lifted/formats/contact_sheet.h"
#include "lifted/formats/image_ops.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/critics.h"
#include "lifted/train/projector.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using formats::Image;
using torch::Tensor;

constexpr int kVideoFrames = 120;
constexpr double kVideoFps = 20;
constexpr size_t kVideoColumns = 4;

struct ProjectOptions {
  SamplingOptions sampling;
  std::vector<fs::path> targets;
  std::string vgg, embedding, space = "w";
  train::ProjectorOptions projector;
  bool no_video = false;
};

struct Targets {
  std::vector<std::string> names;
  std::vector<Image> images;
  Tensor tensors;  // N×3×S×S
};

/// Results are named after their targets.
void check_names(const std::vector<fs::path>& files) {
  std::set<std::string> names = {"sheet"};
  for (const auto& file : files) {
    if (names.insert(file.stem().string()).second) continue;
    usage_error("--target {}: its result would be named {}.png, as {}; give it another name", file.string(),
                file.stem().string(), file.stem() == "sheet" ? "the sheet of all is" : "another's is");
  }
}

/// The largest centred square of each file, resized.
Targets read_targets(const std::vector<fs::path>& files, int size) {
  Targets targets;
  std::vector<Tensor> tensors;
  for (const auto& file : files) {
    targets.images.push_back(
        formats::resized(formats::center_square(formats::as_rgb(formats::read_image(file))), size, size));
    tensors.push_back(formats::tensor_from_image(targets.images.back()));
    targets.names.push_back(file.stem().string());
  }
  targets.tensors = torch::stack(tensors);
  return targets;
}

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

/// The first targets above what the search has come to.
class ProgressVideo {
 public:
  ProgressVideo(const fs::path& path, const Targets& targets, int steps)
      : columns_(std::min(kVideoColumns, targets.images.size())), every_(std::max(1, steps / kVideoFrames)) {
    const int side = targets.images[0].width;
    scale_ = std::max(1, 128 / side);
    frame_ = formats::filled_image(static_cast<int>(columns_) * side * scale_, 2 * side * scale_);
    for (size_t i = 0; i < columns_; ++i) put(targets.images[i], i, 0);
    writer_.emplace(path, frame_.width, frame_.height, kVideoFps);
  }
  void add(int step, const Tensor& images) {
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
  int every_, scale_ = 1;
  Image frame_;
  std::optional<formats::AnimationWriter> writer_;
};

/// A row per target: target, projection and, lifted, the rendering, its depth and the head turned.
Image comparison(const model::LoadedNetwork& network, const Targets& targets, const train::Projection& found) {
  const torch::NoGradGuard guard;
  const bool lifted = network.lifted != nullptr;
  const std::vector<double> yaws = {-30, 0, 30};
  formats::ContactSheet sheet;
  sheet.column_labels = {"target", "projection"};
  if (lifted) sheet.column_labels.insert(sheet.column_labels.end(), {"render", "depth", "−30°", "0°", "30°"});
  sheet.columns = static_cast<int>(sheet.column_labels.size());
  for (size_t i = 0; i < targets.images.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    sheet.row_labels.push_back(targets.names[i]);
    sheet.images.push_back(targets.images[i]);
    sheet.images.push_back(formats::image_from_tensor(found.images[row].cpu()));
    if (!lifted) continue;
    const auto estimate = network.lifted->estimate(found.codes.slice(0, row, row + 1));
    const auto rendering = network.lifted->render(estimate);
    sheet.images.push_back(formats::image_from_tensor(rendering.recon_im[0].cpu()));
    sheet.images.push_back(map_picture("depth", estimate, rendering, 0));
    for (auto& image : frames_of(sweep_images(network.lifted->renderer(), scene_of(estimate), SweepAxis::yaw, yaws)))
      sheet.images.push_back(std::move(image));
  }
  return formats::render_contact_sheet(sheet);
}

/// sheet.png, unless that is the projection of a target of this name.
std::string comparison_name(const Targets& targets) {
  std::string name = "sheet";
  while (std::ranges::find(targets.names, name) != targets.names.end()) name += "_";
  return name + ".png";
}

void project(ProjectOptions options) {
  options.projector.per_layer = options.space == "w+";
  options.projector.validate();
  check_names(options.targets);
  options.sampling.truncation_psi = 1;
  SamplingRun run("project", options.sampling);
  const auto& network = run.network();
  const int size = network.generator->config().size;
  const Targets targets = read_targets(options.targets, size);
  run.make_folder();
  const auto perceptual = perceptual_of(options, size, run.device());
  std::optional<ProgressVideo> video;
  if (!options.no_video && !options.projector.noise_maps)
    video.emplace(run.output("progress.mp4"), targets, options.projector.steps);
  const int searches = options.projector.noise_maps ? static_cast<int>(targets.images.size()) : 1;
  Progress progress("project", int64_t{searches} * options.projector.steps, "steps");
  const auto found =
      train::project(network.generator, network.statistics, perceptual ? &*perceptual : nullptr,
                     targets.tensors.to(run.device()), options.projector, [&](int step, double, const Tensor& images) {
                       if (video) video->add(step, images);
                       progress.advance(1);
                     });
  progress.finish();
  if (video) video->finish();
  StateDict codes = {{options.projector.per_layer ? "w_plus" : "w", found.codes.cpu()}};
  for (size_t i = 0; i < found.noise.size(); ++i) codes["noise_" + std::to_string(i)] = found.noise[i].cpu();
  formats::write_safetensors(run.output("codes.safetensors"), codes, {{"command", "liftedgan project"}});
  nlohmann::ordered_json errors;
  for (size_t i = 0; i < targets.names.size(); ++i) {
    // As `generate` will draw the same code.
    const auto rounding = network.lifted ? formats::Rounding::truncate : formats::Rounding::nvidia;
    formats::write_png(run.output(targets.names[i] + ".png"),
                       formats::image_from_tensor(found.images[static_cast<int64_t>(i)].cpu(), rounding));
    errors[targets.names[i]] = found.error[static_cast<int64_t>(i)].item<double>();
  }
  formats::write_png(run.output(comparison_name(targets)), comparison(network, targets, found));
  run.record().set("space", options.space);
  run.record().set("steps", options.projector.steps);
  run.record().set("mean_absolute_error", errors);
  run.finish();
  log_info("every command takes these codes: --latents {} --trunc 1", run.output("codes.safetensors").string());
}

}  // namespace

void add_project(CLI::App& app) {
  auto options = std::make_shared<ProjectOptions>();
  auto* command = app.add_subcommand("project", "Find the codes of given pictures, and lift them to 3D");
  command->add_option("--target", options->targets, "Pictures: of each the largest centred square is taken")
      ->required();
  command
      ->add_option("--network,--ckpt,--pkl", options->sampling.networks,
                   "Network file, 2D or lifted (default: builtin, the heads this program carries)")
      ->expected(1);
  command->add_option("--gan", options->sampling.gans, "The generator of a LiftedGAN checkpoint_NNN.pth")->expected(1);
  command->add_option("--outdir,--out-dir,--out", options->sampling.outdir, "Folder of the results")->required();
  command->add_option("--space", options->space, "w: one code, which lifts best; w+: one per layer, closer in 2D")
      ->transform(choice({"w", "w+"}))
      ->capture_default_str();
  command->add_option("--steps,--num-steps", options->projector.steps, "Steps of the search")
      ->transform(number(bounds::steps))
      ->capture_default_str();
  command->add_option("--lr", options->projector.lr, "Highest learning rate")
      ->transform(number(bounds::learning_rate))
      ->capture_default_str();
  command->add_option("--pixel", options->projector.pixel, "Weight of mean |x − y|")
      ->transform(number(bounds::weight))
      ->capture_default_str();
  command->add_option("--perceptual", options->projector.perceptual, "Weight of the perceptual distance")
      ->transform(number(bounds::weight))
      ->capture_default_str();
  command->add_option("--vgg", options->vgg, "VGG-16 for the perceptual distance");
  command->add_option("--embedding", options->embedding, "Face network for it, where there is no --vgg");
  command->add_flag("--noise", options->projector.noise_maps, "Find noise maps too (one picture after another)");
  command->add_flag("--no-video,!--save-video", options->no_video, "Do not write progress.mp4");
  command->add_option("--seed", options->projector.seed, "Seed of the search")
      ->transform(seed())
      ->capture_default_str();
  add_device_option(*command, options->sampling.device);
  command->add_option("--threads", options->sampling.threads, "Computing threads; 0: OMP_NUM_THREADS, else every core")
      ->transform(number(bounds::threads))
      ->capture_default_str();
  command->callback([options] { project(*options); });
}

}  // namespace lifted::app
