#include "lifted/train/lift_task.h"

#include <array>

#include "lifted/base/json.h"
#include "lifted/formats/animation.h"
#include "lifted/formats/color_map.h"
#include "lifted/formats/contact_sheet.h"
#include "lifted/formats/image_ops.h"
#include "lifted/model/network_file.h"
#include "lifted/scene/view.h"
#include "lifted/train/snapshot.h"

namespace lifted::train {
namespace {
using formats::Image;
using torch::Tensor;

constexpr const char* kRandom = "random.";  // entries of earlier versions' states, which kept generators
constexpr int64_t kHeadRows = 6, kHistogramCodes = 256;
/// Of the turning heads: how many, their pictures' side, their degrees to either side and between frames.
constexpr int64_t kTurnHeads = 4;
constexpr int kTurnSide = 128, kTurnExtent = 90, kTurnStep = 15;
constexpr double kTurnFps = 8;

/// The axes of raw lights and views, as statistics name them.
constexpr std::array<const char*, 4> kLightAxes = {"ambient", "diffuse", "direction_x", "direction_y"};
constexpr std::array<const char*, 6> kViewAxes = {"pitch", "yaw", "roll", "x", "y", "z"};

Image picture(const Tensor& image) {
  return formats::image_from_tensor(image.detach().to(torch::kCPU));
}

/// H×W in [0, 1].
Image grey(const Tensor& map) {
  return picture(map.squeeze().unsqueeze(0).expand({3, -1, -1}) * 2 - 1);
}

/// The raw views that show the estimate's heads at `yaw` degrees, B×6.
Tensor turned_view(double yaw, const model::Estimate& estimate) {
  return scene::yaw_view(yaw).to(estimate.view.options()).expand_as(estimate.view);
}

/// "panel000080.png"; of the untrained networks "panel_init.png".
std::string picture_name(const std::string& stem, int64_t images, const std::string& extension) {
  return images == 0 ? stem + "_init." + extension : fmt::format("{}{:06d}.{}", stem, images / 1000, extension);
}

/// At most kTurnSide wide: event files hold one animation per snapshot.
Image reduced(Image image) {
  if (image.width <= kTurnSide) return image;
  return formats::resized(image, kTurnSide, kTurnSide);
}

template <size_t N>
void add_axes(Statistics& statistics, const std::string& group, const std::array<const char*, N>& axes,
              const Tensor& values) {
  for (size_t axis = 0; axis < N; ++axis)
    statistics.add(group + "/" + axes[axis], values.select(1, static_cast<int64_t>(axis)));
}

}  // namespace

nlohmann::json LiftTaskOptions::to_json() const {
  nlohmann::json json = {{"training", training.to_json()},
                         {"batch", batch},
                         {"precision", name_of(training.precision)},
                         {"seed", seed},
                         {"sources", sources}};
  if (shards > 1) json["shards"] = shards;  // states of earlier versions do not know it
  return json;
}

LiftTask::LiftTask(LiftTaskOptions options, LiftTrainer trainer, torch::Device device, World world)
    : options_(std::move(options)),
      device_(device),
      shards_(options_.shards, std::move(world)),
      share_(shards_.share_of(options_.batch)),
      trainer_(std::move(trainer)) {
  if (!device_.is_cpu()) trainer_.to(device_);
  sum_ = {trainer_.networks().parameters(), shards_};
}

LiftDraws LiftTask::draw(int64_t shard) const {
  RandomStreams random(options_.seed, steps_, shard);
  const int64_t z_dim = trainer_.gan().generator()->config().z_dim;
  LiftDraws draws = LiftDraws::draw(share_, z_dim, random.get("latents"), random.get("factors"));
  draws.share = 1 / static_cast<double>(shards_.count());
  return draws;
}

void LiftTask::add_losses(const LiftStep& step, ShardNumbers& numbers) const {
  for (const auto& [name, value] : step.losses) numbers.add("Loss/" + name, value.to(torch::kFloat64) * step.share);
}

Tensor LiftTask::placed_factors(const LiftStep& step, int64_t shard) const {
  const Tensor factors = torch::cat({step.estimate.canon_light, step.estimate.view}, 1);
  if (shards_.is_whole()) return factors;
  Tensor all = torch::zeros({options_.batch, factors.size(1)}, factors.options());
  all.slice(0, shard * share_, (shard + 1) * share_).copy_(factors);
  return all;
}

void LiftTask::step(Statistics& statistics) {
  ShardNumbers numbers;
  for (const int64_t shard : shards_.mine()) {
    const LiftStep step = trainer_.backward(draw(shard));
    add_losses(step, numbers);
    sum_.add_shard(numbers.take(placed_factors(step, shard)));
  }
  const Tensor factors = numbers
                             .give(sum_.finish("sum the gradients of lifting"),
                                   [&](const std::string& name, const Tensor& value) { statistics.add(name, value); })
                             .view({options_.batch, -1});
  statistics.add("Gradient/lift", trainer_.update());
  add_axes(statistics, "Light", kLightAxes, factors.slice(1, 0, kLightAxes.size()));
  add_axes(statistics, "View", kViewAxes, factors.slice(1, kLightAxes.size()));
  ++steps_;
  trainer_.guard().end_step();
}

StateDict LiftTask::state() const {
  return trainer_.state();
}

nlohmann::json LiftTask::values() const {
  return {{"options", options_.to_json()}, {"steps", steps_}};
}

void LiftTask::load_state(const StateDict& state, const nlohmann::json& values) {
  read_field(values, "steps", "training state", steps_);
  StateDict own;
  for (const auto& [name, tensor] : state) {
    if (!name.starts_with(kRandom)) own[name] = tensor;
  }
  trainer_.load_state(own, "training state");
}

void LiftTask::write_network(const std::filesystem::path& path) const {
  const model::LiftedGan& gan = trainer_.gan();
  model::LoadedNetwork network;
  network.generator = gan.generator();
  network.statistics = gan.statistics();
  network.lifted = std::make_shared<model::LiftedGan>(gan);
  network.provenance = {
      {"tool", "liftedgan train-lift"}, {"images", steps_ * options_.batch}, {"options", options_.to_json()}};
  model::save_network(path, network);
}

// ---- What people look at ----

void LiftTask::write_pictures(RunDirectory& run, int64_t images) {
  const torch::NoGradGuard guard;
  RandomStreams fixed(derived_seed(options_.seed, "pictures"));
  const auto& gan = trainer_.gan();
  const auto& generator = gan.generator();
  const auto z = torch::randn({kHeadRows, generator->config().z_dim}, fixed.get("latents")).to(device_);
  const auto w = model::truncate(generator->map(z), gan.statistics(),
                                 {.psi = options_.training.truncation, .cutoff = {}}, generator->layers());
  const model::Estimate estimate = gan.estimate(w);
  write_panel(run, images, w, estimate);
  write_sweep(run, images, estimate);
  if (formats::can_animate()) write_turn(run, images, estimate.narrow(0, kTurnHeads));
  write_histograms(run, images, fixed);
}

void LiftTask::write_panel(RunDirectory& run, int64_t images, const Tensor& w, const model::Estimate& estimate) {
  const auto& gan = trainer_.gan();
  const auto plain = gan.render(estimate), flipped = gan.render(estimate, {.light = {}, .view = {}, .flip = true});
  const auto teacher = gan.proxy_image(w);
  // Perturbed: turned by 30°, lit as the next sample; and what the generator makes of the code that M writes for it.
  const auto view = turned_view(30, estimate);
  const auto light = estimate.canon_light.roll(1, 0);
  const auto perturbed = gan.render(estimate, {.light = light, .view = view});
  const auto regenerated = gan.generator()->synthesize(gan.networks().compose->forward(w, light, view)).image;
  formats::ContactSheet sheet;
  sheet.column_labels = {"teacher", "render",  "flipped", "canonical", "depth",
                         "normals", "shading", "moves",   "perturbed", "regenerated"};
  sheet.columns = static_cast<int>(sheet.column_labels.size());
  for (int64_t i = 0; i < w.size(0); ++i) {
    const auto add = [&](Image image) { sheet.images.push_back(std::move(image)); };
    add(picture(teacher[i]));
    add(picture(plain.recon_im[i]));
    add(picture(flipped.recon_im[i]));
    add(picture(plain.canon_im[i]));
    add(formats::depth_image(estimate.canon_depth[i].to(torch::kCPU), gan.config().min_depth, gan.config().max_depth));
    add(formats::normal_image(plain.canon_normal[i].permute({2, 0, 1}).to(torch::kCPU)));
    add(grey(plain.canon_shading[i] / 2));  // ambient and diffuse add up to 2 at most
    add(grey(estimate.trans_map[i]));
    add(picture(perturbed.recon_im[i]));
    add(picture(regenerated[i]));
  }
  run.write_image(picture_name("panel", images, "png"), "Panel", formats::render_contact_sheet(sheet), images);
}

void LiftTask::write_sweep(RunDirectory& run, int64_t images, const model::Estimate& estimate) {
  const auto& gan = trainer_.gan();
  formats::ContactSheet sheet;
  std::vector<Tensor> columns;
  for (int yaw = -45; yaw <= 45; yaw += 15) {
    columns.push_back(gan.render(estimate, {.light = {}, .view = turned_view(yaw, estimate)}).recon_im);
    sheet.column_labels.push_back(fmt::format("{}°", yaw));
  }
  sheet.columns = static_cast<int>(columns.size());
  for (int64_t i = 0; i < estimate.view.size(0); ++i) {
    for (const auto& column : columns) sheet.images.push_back(picture(column[i]));
  }
  run.write_image(picture_name("sweep", images, "png"), "Sweep", formats::render_contact_sheet(sheet), images);
}

/// What the authors' code shows of a run as videos: picture, normals and neutral shading, turned to ±90°.
void LiftTask::write_turn(RunDirectory& run, int64_t images, const model::Estimate& estimate) {
  const auto& gan = trainer_.gan();
  const Tensor normals = gan.renderer().normals(estimate.canon_depth), shape = gan.neutral_shading(normals);
  std::vector<Image> frames;
  for (int yaw = -kTurnExtent; yaw <= kTurnExtent; yaw += kTurnStep) {
    const Tensor view = turned_view(yaw, estimate), pose = gan.renderer().config().view_scale.apply(view);
    formats::ContactSheet sheet;
    sheet.columns = static_cast<int>(view.size(0));
    for (const Tensor& row : {gan.render(estimate, {.light = {}, .view = view}).recon_im,
                              gan.recon_normal(normals, estimate.canon_depth, view),
                              gan.renderer().render(estimate.canon_depth, shape, pose).image}) {
      for (int64_t i = 0; i < row.size(0); ++i) sheet.images.push_back(reduced(picture(row[i])));
    }
    frames.push_back(formats::render_contact_sheet(sheet));
  }
  for (size_t i = frames.size() - 1; i-- > 1;) frames.push_back(frames[i]);  // and back again
  run.write_animation(picture_name("turn", images, "gif"), "Turn", frames, kTurnFps, images);
}

void LiftTask::write_histograms(RunDirectory& run, int64_t images, RandomStreams& fixed) {
  const auto& gan = trainer_.gan();
  const auto& generator = gan.generator();
  const auto z = torch::randn({kHistogramCodes, generator->config().z_dim}, fixed.get("histograms")).to(device_);
  const auto w = model::truncate(generator->map(z), gan.statistics(),
                                 {.psi = options_.training.truncation, .cutoff = {}}, generator->layers());
  const auto factors = gan.networks().decompose->forward(w);
  const auto add = [&](const std::string& group, const auto& axes, const Tensor& values) {
    for (size_t axis = 0; axis < axes.size(); ++axis) {
      const auto column = values.select(1, static_cast<int64_t>(axis)).to(torch::kCPU, torch::kFloat64).contiguous();
      run.write_histogram(group + "/" + axes[axis] + "/histogram",
                          {column.template data_ptr<double>(), static_cast<size_t>(column.numel())}, {}, images);
    }
  };
  add("Light", kLightAxes, factors.light);
  add("View", kViewAxes, factors.view);
}

std::string LiftTask::status(const Statistics& statistics) const {
  return fmt::format("total {:<7.3f} rec {:<6.3f} perturb {:<6.3f} light {:<7.2g} view {:<7.2g} yaw {:+.2f}",
                     statistics.mean("Loss/loss_total"), statistics.mean("Loss/loss_rec"),
                     statistics.mean("Loss/loss_perturb_im"), statistics.mean("Loss/loss_perturb_light"),
                     statistics.mean("Loss/loss_perturb_view"), statistics.mean("View/yaw"));
}

}  // namespace lifted::train
