#include "lifted/metrics/shape.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/metrics/moments_cache.h"
#include "lifted/metrics/samples.h"
#include "lifted/nets/load.h"
#include "lifted/photo/network_files.h"

namespace lifted::metrics {
namespace {
using nlohmann::ordered_json;
using torch::Tensor;

struct Spread {
  double mean = 0, deviation = 0;
};

Spread spread_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  return {mean, std::sqrt(square / count)};
}

DepthMaps joined(const std::vector<DepthMaps>& parts) {
  std::vector<Tensor> depth, mask;
  for (const auto& part : parts) depth.push_back(part.depth), mask.push_back(part.mask);
  return {torch::cat(depth), torch::cat(mask)};
}

/// What the renderer sees at the estimates' own views and lights.
DepthMaps seen(const model::Rendering& rendering) {
  return {rendering.recon_depth.cpu(), rendering.recon_im_mask.squeeze(1).cpu() > 0.5};
}

DepthMaps read(const nets::ImageDepthNet& network, const Tensor& images) {
  nets::ImageDepthNet reader = network;
  const auto maps = reader->forward(images);
  return {maps.depth.cpu(), maps.head.cpu() > 0};
}

void append(ordered_json& to, const ordered_json& more) {
  for (const auto& [key, value] : more.items()) to[key] = value;
}

}  // namespace

void ShapeScores::add(const scene::ShapeError& error) {
  for (int64_t i = 0; i < error.pixels.size(0); ++i) {
    if (error.pixels[i].item<int64_t>() == 0) continue;
    side_.push_back(error.side[i].item<double>());
    mad_.push_back(error.mad[i].item<double>());
    correlation_.push_back(error.correlation[i].item<double>());
  }
}

ordered_json ShapeScores::to_json() const {
  require(!side_.empty(), "shape: no image has a pixel where both depths are known");
  const Spread side = spread_of(side_), mad = spread_of(mad_), correlation = spread_of(correlation_);
  return {{"images", side_.size()},  {"side_x100", 100 * side.mean},     {"side_x100_std", 100 * side.deviation},
          {"mad_degrees", mad.mean}, {"mad_degrees_std", mad.deviation}, {"depth_correlation", correlation.mean}};
}

ordered_json score(const DepthMaps& found, const DepthMaps& truth, const scene::Camera& camera) {
  ShapeScores scores;
  scores.add(scene::shape_error(found.depth, found.mask, truth.depth, truth.mask, camera));
  return scores.to_json();
}

ordered_json baselines(const DepthMaps& truth, const scene::Camera& camera) {
  const DepthMaps flat{torch::ones_like(truth.depth), torch::ones_like(truth.mask)};
  const Tensor known = truth.mask.to(torch::kFloat64);
  const Tensor depth = torch::where(truth.mask, truth.depth, torch::zeros_like(truth.depth)).to(torch::kFloat64);
  const Tensor others = known.sum(0, true) - known, sum = depth.sum(0, true) - depth;
  const DepthMaps mean{sum / others.clamp_min(1), others > 0};
  return {{"constant_depth", score(flat, truth, camera)}, {"mean_true_depth", score(mean, truth, camera)}};
}

ShapeJudge::ShapeJudge(nets::ImageDepthNet depth, ShapeTruth truth, nets::FaceEmbedding perceptual)
    : depth_(std::move(depth)), truth_(std::move(truth)), perceptual_(std::move(perceptual)) {
  if (!truth_.images) {
    if (depth_.is_empty())
      usage_error(
          "--metrics shape: needs a judge, expected --depth FILE (from train-depth) or --truth DATA (heads with ground "
          "truth)");
    return;
  }
  const int64_t count = std::min(truth_.count, truth_.images->size());
  if (count < 2) usage_error("--inversions {}: expected at least two images", count);
  if (truth_.search.steps > 0 || truth_.encoder.empty()) truth_.search.validate();
  std::vector<Tensor> images, depths, heads, faces;
  for (int64_t i = 0; i < count; ++i) {
    const auto shape = truth_.shapes->shape(i);
    images.push_back(formats::tensor_from_image(truth_.images->image(i)));
    depths.push_back(shape.depth), heads.push_back(shape.head), faces.push_back(shape.face);
  }
  targets_ = torch::stack(images);
  true_heads_ = {torch::stack(depths), torch::stack(heads)};
  true_faces_ = {true_heads_.depth, torch::stack(faces)};
  require(true_heads_.depth.size(1) == targets_.size(2) && true_heads_.depth.size(2) == targets_.size(3),
          "{}: the ground truth has another size than the images", truth_.images->archive().path().string());
}

Tensor ShapeJudge::encoded(const model::LoadedNetwork& network, const Tensor& targets, double psi) const {
  if (truth_.encoder.empty()) return {};
  const torch::NoGradGuard guard;
  auto encoder = photo::load_encoder_of(truth_.encoder, network.generator);
  encoder->to(targets.device());
  return model::truncate(encoder->forward(targets), network.statistics, {.psi = psi, .cutoff = {}},
                         network.generator->layers());
}

double ShapeJudge::identity(const Tensor& images) const {
  nets::FaceEmbedding face = perceptual_;
  const Tensor targets = targets_.to(images.device());
  return (face->forward(images) * face->forward(targets)).sum(1).mean().item<double>();
}

const train::Projection& ShapeJudge::projection_of(const model::LoadedNetwork& network, double psi) const {
  const std::string key = fmt::format("{} {}", content_hash(nets::state_of(*network.generator)), psi);
  if (const auto known = found_.find(key); known != found_.end()) return known->second;
  const torch::AutoGradMode gradients(true);
  std::optional<train::PerceptualLoss> perceptual;
  if (!perceptual_.is_empty())
    perceptual.emplace(train::perceptual_maps(perceptual_), train::perceptual_scales(network.generator->config().size));
  const Tensor targets = targets_.to(network.statistics.mean.device());
  const int64_t at_once = train::searched_at_once(truth_.search, network.generator->config().size);
  Progress progress("inversion", (targets.size(0) + at_once - 1) / at_once * truth_.search.steps, "steps");
  auto found = train::project(
      network.generator, network.statistics, perceptual ? &*perceptual : nullptr, targets, truth_.search,
      [&](int, double, const Tensor&) { progress.advance(); },
      train::start_at(network, encoded(network, targets, psi)));
  return found_[key] = std::move(found);
}

ordered_json ShapeJudge::samples(const model::LoadedNetwork& network, const CodeOptions& codes) const {
  std::vector<DepthMaps> lifted, pseudo;
  Progress progress("shape", codes.count, "samples");
  for_each_code(network, codes, [&](const Tensor& w) {
    const auto rendering = network.lifted->render(network.lifted->estimate(w));
    lifted.push_back(seen(rendering));
    pseudo.push_back(read(depth_, as_stored(rendering.recon_im)));
    progress.advance(w.size(0));
  });
  const auto camera = scene::pixel_camera(network.lifted->size());
  const DepthMaps truth = joined(pseudo);
  ordered_json json = {{"lifted", score(joined(lifted), truth, camera)}};
  append(json, baselines(truth, camera));
  return json;
}

ordered_json ShapeJudge::inverted(const model::LoadedNetwork& network, const CodeOptions& codes) const {
  const auto& found = projection_of(network, codes.truncation_psi);
  const int64_t batch = codes.batch;
  std::vector<DepthMaps> lifted, supervised;
  for (int64_t from = 0; from < targets_.size(0); from += batch) {
    const int64_t to = std::min(targets_.size(0), from + batch);
    lifted.push_back(seen(network.lifted->render(network.lifted->estimate(found.codes.slice(0, from, to)))));
    if (!depth_.is_empty())
      supervised.push_back(read(depth_, targets_.slice(0, from, to).to(network.statistics.mean.device())));
  }
  const auto camera = scene::pixel_camera(network.lifted->size());
  ordered_json json = {{"image_error", found.error.mean().item<double>()}};
  if (!perceptual_.is_empty()) json["identity"] = identity(found.images);
  json["lifted"] = score(joined(lifted), true_heads_, camera);
  append(json, baselines(true_heads_, camera));
  if (!supervised.empty()) json["supervised"] = score(joined(supervised), true_heads_, camera);
  // The same on the face alone, without hair, scalp and neck.
  ordered_json face = {{"lifted", score(joined(lifted), true_faces_, camera)}};
  append(face, baselines(true_faces_, camera));
  if (!supervised.empty()) face["supervised"] = score(joined(supervised), true_faces_, camera);
  json["face"] = face;
  return json;
}

ordered_json ShapeJudge::measure(const model::LoadedNetwork& network, const CodeOptions& codes) const {
  const int size = network.require_lifted().size();
  require(depth_.is_empty() || depth_->config().size == size,
          "--depth: reads images of {0}x{0}, but the network makes {1}x{1}",
          depth_.is_empty() ? 0 : depth_->config().size, size);
  require(!targets_.defined() || (targets_.size(2) == size && targets_.size(3) == size),
          "--truth: images of {}x{} pixels, but the network makes {}x{}", targets_.defined() ? targets_.size(3) : 0,
          targets_.defined() ? targets_.size(2) : 0, size, size);
  ordered_json json;
  if (!depth_.is_empty()) json["samples"] = samples(network, codes);
  if (targets_.defined()) json["inverted"] = inverted(network, codes);
  return json;
}

}  // namespace lifted::metrics
