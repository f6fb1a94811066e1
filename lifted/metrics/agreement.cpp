#include "lifted/metrics/agreement.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/base/random.h"
#include "lifted/scene/view.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

constexpr int64_t kBatch = 8;
constexpr double kMaxPitch = 15, kMaxYaw = 45;

double mean_distance(const Tensor& x, const Tensor& y) {
  return (x - y).abs().mean().item<double>();
}

/// One raw view per row: those of a yaw and a pitch sweep, added.
Tensor drawn_views(int64_t count, uint64_t seed) {
  NumpyRandomState random(static_cast<uint32_t>(seed));
  std::vector<Tensor> views;
  for (int64_t i = 0; i < count; ++i) {
    const double yaw = (random.uniform() * 2 - 1) * kMaxYaw, pitch = (random.uniform() * 2 - 1) * kMaxPitch;
    views.push_back(scene::yaw_view(yaw) + scene::pitch_view(pitch));
  }
  return torch::stack(views);
}

}  // namespace

nlohmann::ordered_json Agreement::to_json() const {
  return {{"codes", codes},       {"render", render}, {"flipped", flipped}, {"turned", turned},
          {"view", view_degrees}, {"light", light},   {"relief", relief}};
}

Agreement measure_agreement(const model::LiftedGan& gan, const Tensor& w, uint64_t seed) {
  const torch::NoGradGuard guard;
  require(w.dim() == 2 && w.size(0) > 0, "agreement needs at least one code");
  const auto& networks = gan.networks();
  const Tensor views = drawn_views(w.size(0), seed).to(w.device());
  // The light of the next code, so that lights are ones the model knows.
  const Tensor lights = networks.decompose->forward(w).light.roll(1, 0);
  Agreement sum;
  for (int64_t first = 0; first < w.size(0); first += kBatch) {
    const int64_t count = std::min(kBatch, w.size(0) - first);
    const auto rows = [&](const Tensor& all) { return all.narrow(0, first, count); };
    const auto share = static_cast<double>(count) / static_cast<double>(w.size(0));
    const Tensor codes = rows(w), view = rows(views), light = rows(lights);
    const auto estimate = gan.estimate(codes);
    const Tensor teacher = gan.proxy_image(codes).clamp(-1, 1);
    sum.render += share * mean_distance(gan.render(estimate).recon_im, teacher);
    sum.flipped +=
        share * mean_distance(gan.render(estimate, {.light = {}, .view = {}, .flip = true}).recon_im, teacher);
    const Tensor code = networks.compose->forward(codes, light, view);
    const auto read = networks.decompose->forward(code);
    sum.turned += share * mean_distance(gan.render(estimate, {.light = light, .view = view}).recon_im,
                                        gan.proxy_image(code).clamp(-1, 1));
    sum.view_degrees +=
        share * gan.config().rotation_degrees * mean_distance(read.view.slice(1, 0, 2), view.slice(1, 0, 2));
    sum.light += share * mean_distance(read.light, light);
    sum.relief += share * estimate.canon_depth.flatten(1).std(1).mean().item<double>();
  }
  sum.codes = w.size(0);
  return sum;
}

}  // namespace lifted::metrics
