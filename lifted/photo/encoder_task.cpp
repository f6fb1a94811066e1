#include "lifted/photo/encoder_task.h"

#include <cmath>

#include "lifted/base/bounds.h"
#include "lifted/base/error.h"
#include "lifted/base/json.h"
#include "lifted/formats/contact_sheet.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/init.h"
#include "lifted/nets/load.h"
#include "lifted/photo/degrade.h"
#include "lifted/photo/network_files.h"
#include "lifted/train/random_streams.h"

namespace lifted::photo {
namespace {
using torch::Tensor;
using train::Statistics;

constexpr int64_t kScaleCodes = 5'000, kHeldOutCodes = 256, kDrawnCodes = 8;

void check(const EncoderOptions& o, const model::LoadedNetwork& network, const data::Dataset* real) {
  bounds::whole(2, bounds::batch.high).check("--batch", static_cast<double>(o.images.batch));
  bounds::whole(1, static_cast<double>(o.images.batch)).check("--compared", static_cast<double>(o.compared));
  bounds::learning_rate.check("--lr", o.images.lr);
  bounds::share.check("--background", o.background);
  const int size = network.require_lifted().size();
  require(size % o.images.network.size == 0,
          "the encoder sees pictures of {0}x{0} or a multiple, but the network makes {1}x{1}", o.images.network.size,
          size);
  if (o.real == 0) return;
  require(real != nullptr, "real pictures are wanted, but none are given");
  if (real->width() != real->height() || real->width() % size != 0)
    usage_error("--data {}: images of {}x{} pixels, expected squares of {} or a multiple of it",
                real->archive().path().string(), real->width(), real->height(), size);
}

}  // namespace

nlohmann::ordered_json EncoderOptions::to_json() const {
  auto json = images.to_json();
  json.update({{"code", weights.code},
               {"pixel", weights.pixel},
               {"perceptual", weights.perceptual},
               {"identity", weights.identity},
               {"view", weights.view},
               {"prior", weights.prior},
               {"compared", compared},
               {"real", real},
               {"background", background}});
  return json;
}

EncoderTask::EncoderTask(EncoderOptions options, model::LoadedNetwork network,
                         std::shared_ptr<const data::Dataset> real, nets::FaceEmbedding face, torch::Device device)
    : options_(std::move(options)),
      network_(std::move(network)),
      real_(std::move(real)),
      face_(std::move(face)),
      device_(device),
      sampler_(network_, options_.background) {
  photo::check(options_, network_, real_.get());
  for (auto& parameter : network_.generator->parameters()) parameter.requires_grad_(false);
  for (const auto& [name, module] : gan().networks().published())
    for (auto& parameter : module->parameters()) parameter.requires_grad_(false);
  if (!face_.is_empty() && options_.weights.perceptual > 0)
    perceptual_.emplace(train::perceptual_maps(face_), train::perceptual_scales(gan().size()));
  auto weights = nets::seeded_generator(train::derived_seed(options_.images.seed, "weights"));
  const torch::NoGradGuard guard;
  encoder_ = ImageEncoder(options_.images.network, network_.generator->config().w_dim);
  nets::reset_parameters(*encoder_, weights);
  auto codes = nets::seeded_generator(train::derived_seed(options_.images.seed, "scale"));
  const Tensor w = sampler_.codes(kScaleCodes, codes).cpu();
  encoder_->set_scale(w.mean(0), w.std(0));
  encoder_->to(device_);
  optimizer_.emplace(*encoder_,
                     train::AdamOptions{.lr = options_.images.lr, .weight_decay = options_.images.weight_decay});
  if (options_.real == 0) return;
  loader_ = std::make_unique<data::Loader>(real_, loader_options());
  position_ = loader_->state();
}

data::LoaderOptions EncoderTask::loader_options() const {
  return {.batch = static_cast<int>(options_.real),
          .seed = train::derived_seed(options_.images.seed, "data order"),
          .mirror = options_.images.mirror,
          .workers = 1};
}

void EncoderTask::fetch() {
  if (loader_ && !fetched_) fetched_ = loader_->next();
}

Tensor EncoderTask::real_pictures() const {
  const Tensor images = fetched_->as_float();
  const int64_t factor = images.size(2) / gan().size();
  return factor == 1 ? images : torch::avg_pool2d(images, factor);
}

Tensor EncoderTask::picture_loss(const Tensor& w, const Tensor& pictures, Statistics& statistics) const {
  const EncoderWeights& weights = options_.weights;
  const Tensor made = network_.generator->synthesize(w).image;
  const Tensor pixel = (made - pictures).abs().mean();
  statistics.add("Loss/pixel", pixel.detach());
  Tensor loss = weights.pixel * pixel;
  if (perceptual_) {
    const Tensor distance = (*perceptual_)(made, pictures);
    statistics.add("Loss/perceptual", distance.detach());
    loss = loss + weights.perceptual * distance;
  }
  if (!face_.is_empty() && weights.identity > 0) {
    nets::FaceEmbedding face = face_;
    const Tensor identity = 1 - (face->forward(made) * face->forward(pictures)).sum(1).mean();
    statistics.add("Loss/identity", identity.detach());
    loss = loss + weights.identity * identity;
  }
  return loss;
}

/// What is shown: generated pictures, then real ones; and the pictures that the last of them are compared with.
std::pair<Tensor, Tensor> EncoderTask::shown_and_compared(const CodeSamples& samples, at::Generator& random) const {
  Tensor shown = samples.shown, compared = samples.pictures.slice(0, options_.images.batch - options_.compared);
  if (loader_) {
    const Tensor real = real_pictures();
    shown = torch::cat({shown, degraded(misaligned(real, random), random).to(device_)});
    compared = torch::cat({compared, real.to(device_)});
  }
  return {shown, compared};
}

Tensor EncoderTask::code_loss(const Tensor& read, const Tensor& truth, Statistics& statistics) const {
  const Tensor code = (read - encoder_->standardize(truth)).square().mean();
  const auto& decompose = gan().networks().decompose;
  const auto found = decompose->forward(encoder_->raw(read)), wanted = decompose->forward(truth);
  const Tensor view = (found.view - wanted.view).square().mean() + (found.light - wanted.light).square().mean();
  statistics.add("Loss/code", code.detach());
  statistics.add("Loss/view", view.detach());
  return options_.weights.code * code + options_.weights.view * view;
}

/// Without it codes of real pictures leave the region where the network's geometry is good, for a nearer picture.
Tensor EncoderTask::prior_loss(const Tensor& read, Statistics& statistics) const {
  if (read.size(0) == 0) return torch::zeros({}, read.options());
  const Tensor prior = read.square().mean();
  statistics.add("Loss/prior", prior.detach());
  return options_.weights.prior * prior;
}

void EncoderTask::step(Statistics& statistics) {
  fetch();
  auto random = nets::seeded_generator(train::derived_seed(options_.images.seed, fmt::format("step {}", steps_)));
  const int64_t batch = options_.images.batch;
  const CodeSamples samples = sampler_.draw(batch, random);
  const auto [shown, compared] = shown_and_compared(samples, random);
  encoder_->train();
  optimizer_->zero_gradients();
  const Tensor read = encoder_->standardized(shown);
  const Tensor loss = code_loss(read.slice(0, 0, batch), samples.w, statistics) +
                      prior_loss(read.slice(0, batch), statistics) +
                      picture_loss(encoder_->raw(read.slice(0, batch - options_.compared)), compared, statistics);
  guard_.watch("the loss", loss);
  loss.backward();
  const double rate = options_.images.learning_rate(steps_ * batch);
  optimizer_->set_learning_rate(rate);
  const Tensor gradient = guard_.update(*optimizer_);
  guard_.end_step();
  ++steps_;
  fetched_.reset();
  if (loader_) position_ = loader_->state();
  statistics.add("Loss/loss", loss.detach());
  statistics.add("Gradient/norm", gradient);
  statistics.add("Progress/lr", rate);
}

StateDict EncoderTask::state() const {
  StateDict state;
  train::add_under(state, "module.", nets::state_of(*encoder_));
  train::add_under(state, "optimizer.", optimizer_->state());
  return state;
}

nlohmann::json EncoderTask::values() const {
  return {{"options", options_.to_json()},
          {"steps", steps_},
          {"generator", model::generator_fingerprint(network_.generator)},
          {"data", loader_ ? position_.to_json() : nlohmann::json()}};
}

void EncoderTask::load_state(const StateDict& state, const nlohmann::json& values) {
  const char* what = "training state";
  require(json_field<std::string>(values, "generator", what) == model::generator_fingerprint(network_.generator),
          "--network: its generator is not the one that the saved training used");
  read_field(values, "steps", what, steps_);
  nets::load_strict(*encoder_, train::entries_under(state, "module."), what);
  optimizer_->load_state(train::entries_under(state, "optimizer."), what);
  fetched_.reset();
  if (!loader_) return;
  loader_ = std::make_unique<data::Loader>(
      real_, loader_options(), data::LoaderState::from_json(json_field<nlohmann::json>(values, "data", what)));
  position_ = loader_->state();
}

std::string EncoderTask::status(const Statistics& statistics) const {
  return fmt::format("loss {:<7.4f} code {:.3f} pixel {:.4f} lr {:.2e}", statistics.mean("Loss/loss"),
                     statistics.mean("Loss/code"), statistics.mean("Loss/pixel"), statistics.mean("Progress/lr"));
}

void EncoderTask::write_network(const std::filesystem::path& path) const {
  save_image_encoder(path, {encoder_, model::generator_fingerprint(network_.generator)},
                     {{"tool", "liftedgan train-encoder"},
                      {"images", steps_ * options_.images.batch},
                      {"options", options_.to_json()}});
}

EncoderScores EncoderTask::score_held_out(bool clean) {
  const torch::NoGradGuard guard;
  auto random = nets::seeded_generator(train::derived_seed(options_.images.seed, "held out"));
  const CodeSamples samples = sampler_.draw(kHeldOutCodes, random);
  encoder_->eval();
  const Tensor read = encoder_->standardized(clean ? samples.pictures : samples.shown), w = encoder_->raw(read);
  const auto& decompose = gan().networks().decompose;
  const Tensor yaw = decompose->forward(w).view.select(1, 1) - decompose->forward(samples.w).view.select(1, 1);
  const Tensor made = gan().proxy_image(w);
  return {(read - encoder_->standardize(samples.w)).square().mean().item<double>(),
          (made - samples.pictures).abs().mean().item<double>(),
          yaw.abs().mean().item<double>() * gan().config().rotation_degrees};
}

void EncoderTask::write_pictures(train::RunDirectory& run, int64_t images) {
  const EncoderScores clean = score_held_out(true), shown = score_held_out(false);
  run.say(
      fmt::format("kimg {:.1f}: {} held-out codes, clean (degraded): code error {:.3f} ({:.3f}), picture error {:.4f} "
                  "({:.4f}), yaw error {:.2f} ({:.2f}) degrees",
                  static_cast<double>(images) / 1000, kHeldOutCodes, clean.code, shown.code, clean.picture,
                  shown.picture, clean.yaw, shown.yaw));
  Statistics statistics;
  statistics.add("Metrics/code", clean.code), statistics.add("Metrics/code_degraded", shown.code);
  statistics.add("Metrics/picture", clean.picture), statistics.add("Metrics/picture_degraded", shown.picture);
  statistics.add("Metrics/yaw", clean.yaw), statistics.add("Metrics/yaw_degraded", shown.yaw);
  run.write_statistics(statistics, images);

  const torch::NoGradGuard guard;
  auto random = nets::seeded_generator(train::derived_seed(options_.images.seed, "pictures"));
  const CodeSamples samples = sampler_.draw(kDrawnCodes, random);
  encoder_->eval();
  formats::ContactSheet sheet;
  sheet.row_labels = {"picture", "shown", "encoded"};
  sheet.columns = static_cast<int>(kDrawnCodes);
  for (const Tensor& row : {samples.pictures, samples.shown, gan().proxy_image(encoder_->forward(samples.shown))})
    for (int64_t i = 0; i < kDrawnCodes; ++i) sheet.images.push_back(formats::image_from_tensor(row[i].cpu()));
  run.write_image(fmt::format("encoded{:06d}.png", images / 1000), "encoded", formats::render_contact_sheet(sheet),
                  images);
}

}  // namespace lifted::photo
