#include "lifted/app/meter.h"
#include "lifted/app/validators.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/model/critics.h"
#include "lifted/model/torchscript.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;

std::unique_ptr<const data::Dataset> open_data(const fs::path& path, int size) {
  if (path.empty()) usage_error("--data: expected a folder, a zip or an lmdb of real images");
  auto images = std::make_unique<const data::Dataset>(path, size);
  require(images->width() == size && images->height() == size,
          "{}: images of {}x{} pixels, expected {}x{} as the network makes", path.string(), images->width(),
          images->height(), size, size);
  require(images->size() >= 2, "{}: {} image, expected at least two", path.string(), images->size());
  return images;
}

/// Whether a metric looks through one of these.
bool need(const std::vector<metrics::MetricName>& names, std::initializer_list<metrics::Space> spaces) {
  return std::ranges::any_of(names,
                             [&](const auto& name) { return std::ranges::find(spaces, name.space) != spaces.end(); });
}

/// VGG-16 and Inception only where a metric needs them: they are large, and other commands have a --vgg of their own.
void load_large_judges(const MeterSettings& settings, const std::vector<metrics::MetricName>& names,
                       torch::Device device, metrics::Judges& judges) {
  if (!settings.inception.empty() && need(names, {metrics::Space::inception})) {
    judges.inception = model::load_inception(settings.inception);
    judges.inception->to(device);
  }
  if (!settings.vgg.empty() && need(names, {metrics::Space::vgg_maps})) {
    judges.vgg = model::load_vgg16(settings.vgg);
    judges.vgg->to(device);
  }
  if (!settings.vgg.empty() && need(names, {metrics::Space::vgg}) && model::is_torchscript(settings.vgg))
    judges.vgg_program = std::make_shared<const model::FeatureProgram>(settings.vgg, device);
}

metrics::Judges load_judges(const MeterSettings& settings, int size, torch::Device device) {
  metrics::Judges judges;
  const auto check = [&](const fs::path& file, int seen) {
    require(size % seen == 0, "{}: sees images of {}x{} or a multiple, but the network makes {}x{}", file.string(),
            seen, seen, size, size);
  };
  if (!settings.embedding.empty()) {
    judges.embedding = model::load_face_embedding(settings.embedding);
    check(settings.embedding, judges.embedding->config().size);
    judges.embedding->to(device);
  }
  if (!settings.probe.empty()) {
    judges.probe = model::load_view_light_probe(settings.probe);
    check(settings.probe, judges.probe->config().size);
    judges.probe->to(device);
  }
  return judges;
}

/// --truth, else --data if it has ground truth.
metrics::ShapeTruth open_truth(const MeterSettings& settings, int size) {
  metrics::ShapeTruth truth;
  const bool fallback = settings.truth.empty() && !settings.data.empty() && data::has_head_truth(settings.data);
  const fs::path path = fallback ? settings.data : settings.truth;
  if (path.empty()) return truth;
  truth.images = open_data(path, size);
  truth.shapes = std::make_shared<const data::HeadTruth>(path, truth.images->archive());
  truth.count = settings.inversions;
  truth.search.steps = settings.inversion_steps;
  truth.encoder = settings.encoder;
  truth.search.quasi_newton = !truth.encoder.empty();
  return truth;
}

std::shared_ptr<const metrics::ShapeJudge> make_shape_judge(const MeterSettings& settings, int size,
                                                            const nets::FaceEmbedding& perceptual,
                                                            torch::Device device) {
  nets::ImageDepthNet depth{nullptr};
  if (!settings.depth.empty()) {
    depth = model::load_image_depth_net(settings.depth);
    require(depth->config().size == size, "{}: reads images of {}x{}, but the network makes {}x{}",
            settings.depth.string(), depth->config().size, depth->config().size, size, size);
    depth->to(device);
  }
  return std::make_shared<const metrics::ShapeJudge>(depth, open_truth(settings, size), perceptual);
}

}  // namespace

void add_meter_options(CLI::App& command, MeterSettings& settings) {
  command
      .add_option("--metrics", settings.metrics,
                  "Comma-separated. Of N thousand samples with all real images: fidNk_full, kidNk_full and "
                  "pr_inceptionNk3_full (precision and recall) in --inception, prNk3_full in NVIDIA's --vgg; the same "
                  "in other features, not FID: fd_, kd_embedNk_full, pr_embedNk3_full in --embedding, fd_, "
                  "kd_randomNk_full, pr_randomNk3_full in a fixed random network. Of --samples: ppl_w (NVIDIA's "
                  "--vgg), ppl_vgg_w (any --vgg), ppl_embed_w (--embedding); identity and "
                  "retrieval (--embedding), view_light "
                  "(--probe), agreement (of a lifted model with its teacher), shape (--depth, --truth)")
      ->capture_default_str();
  command.add_option("--data", settings.data, "Real images: a folder, a zip or an lmdb");
  command.add_option("--inception", settings.inception,
                     "InceptionV3 of FID: pt_inception-2015-12-05-6726825d.pth or NVIDIA's inception-2015-12-05.pt");
  command.add_option("--probe", settings.probe, "View and light probe, from train-probe");
  command.add_option("--depth", settings.depth, "Depth network, from train-depth: judges samples' shape");
  command.add_option("--truth", settings.truth,
                     "Heads with ground truth, to be inverted and lifted for shape (--data, where that has it)");
  command.add_option("--inversions", settings.inversions, "How many of them")
      ->transform(number(bounds::whole(1, 1e6)))
      ->capture_default_str();
  command.add_option("--encoder", settings.encoder,
                     "Network of train-encoder (or builtin) whose codes the searches start from");
  command
      .add_option("--inversion-steps", settings.inversion_steps,
                  "Steps of the search for their codes; with --encoder 0 takes its codes as they are")
      ->transform(number(bounds::whole(0, bounds::steps.high)))
      ->capture_default_str();
  command.add_option("--cache", settings.suite.cache, "Folder that keeps what is measured of real images");
  command
      .add_option("--samples", settings.suite.samples, "Samples of metrics whose names fix no number (of ppl_…: pairs)")
      ->transform(number(bounds::whole(1, 1e7)))
      ->capture_default_str();
  command
      .add_option("--repeats", settings.suite.repeats,
                  "Measure with so many seeds; every number becomes its values, mean and 95 % confidence interval")
      ->transform(number(bounds::whole(1, 1e4)))
      ->capture_default_str();
}

std::unique_ptr<const data::Dataset> open_images(const fs::path& path) {
  auto images = std::make_unique<const data::Dataset>(path);
  require(images->width() == images->height(), "{}: images of {}x{} pixels, expected square ones", path.string(),
          images->width(), images->height());
  require(images->size() >= 2, "{}: {} image, expected at least two", path.string(), images->size());
  return images;
}

Meter::Meter(const MeterSettings& settings, int size, torch::Device device)
    : settings_(settings), names_(metrics::parse_metrics(settings.metrics)) {
  if (!settings.suite.statistics.empty() && !settings.data.empty() && metrics::needs_data(names_))
    usage_error("--data and --stats: expected one of them to compare with");
  const bool needed = metrics::needs_data(names_) && settings.suite.statistics.empty();
  if (needed || (!settings.data.empty() && metrics::looks_at_data(names_))) images_ = open_data(settings.data, size);
  judges_ = load_judges(settings, size, device);
  if (std::ranges::any_of(names_, [](const auto& name) { return name.kind == metrics::MetricName::Kind::shape; }))
    judges_.shape = make_shape_judge(settings, size, judges_.embedding, device);
  load_large_judges(settings, names_, device, judges_);
  for (const auto& name : names_) metrics::check_judges(name, judges_);
}

nlohmann::ordered_json Meter::measure(const model::LoadedNetwork& network) const {
  return metrics::measure(names_, network, images_.get(), judges_, settings_.suite);
}

nlohmann::ordered_json Meter::measure_images(const data::Dataset& made, torch::Device device) const {
  return metrics::measure_images(names_, made, images_.get(), judges_, device, settings_.suite);
}

void Meter::write_statistics(torch::Device device) const {
  metrics::measure_images(names_, *images_, images_.get(), judges_, device, settings_.suite);
}

int64_t Meter::generated_images() const {
  int64_t most = 0;
  for (const auto& name : names_) most = std::max(most, name.samples);
  return most;
}

}  // namespace lifted::app
