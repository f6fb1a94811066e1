#include "lifted/model/lifted_gan.h"

#include <algorithm>
#include <vector>

#include "lifted/base/error.h"
#include "lifted/ops/reflect_blur.h"
#include "lifted/scene/light.h"

namespace lifted::model {
namespace {

constexpr int64_t kBorderColumns = 2;  // of the depth map, held at border_depth
constexpr double kTransformBias = 5;   // D_T starts out saying "moves with the head"

/// 1×S×S: 1 inside, 0 on a frame of so many rows and columns.
torch::Tensor inside(int64_t size, int64_t rows, int64_t columns, const torch::TensorOptions& options) {
  torch::Tensor mask = torch::zeros({1, size, size}, options);
  mask.slice(1, rows, size - rows).slice(2, columns, size - columns).fill_(1);
  return mask;
}

/// Mean per image, the same bits for any thread count: rows first, then the row sums.
torch::Tensor image_mean(const torch::Tensor& images) {
  const auto sums = images.sum(2, false, torch::kFloat64).sum(1);
  return (sums / static_cast<double>(images.size(1) * images.size(2))).to(images.scalar_type()).view({-1, 1, 1});
}

void require_pair(const nets::Stylegan2Config& generator, const nets::LiftingConfig& lifting) {
  require(generator.size == lifting.size,
          "the generator makes {0}×{0} images but the lifting networks were trained for {1}×{1}", generator.size,
          lifting.size);
  require(generator.channels.back() == lifting.feature_channels,
          "the generator's last feature map has {} channels but the lifting networks were trained for {}",
          generator.channels.back(), lifting.feature_channels);
  require(generator.w_dim == lifting.style_dim,
          "the generator's style codes have {} values but the lifting networks were trained for {}", generator.w_dim,
          lifting.style_dim);
}

/// What is not finite would leave holes in a mesh or nothing at all, and a picture that looks like one. While training,
/// the losses are watched instead.
void require_finite(const torch::Tensor& values, const char* what) {
  if (torch::GradMode::is_enabled() || values.isfinite().all().item<bool>()) return;
  fail("the network's {} holds NaN or infinite values: it has diverged or is damaged", what);
}

/// Gives every part as many samples as there are views or lights, where there is one of it.
void repeat_for_sweep(scene::LitScene& scene) {
  int64_t count = std::max(scene.depth.size(0), scene.view.size(0));
  if (scene.light.defined()) count = std::max(count, scene.light.size(0));
  for (torch::Tensor* part : {&scene.depth, &scene.albedo, &scene.light, &scene.view, &scene.transform_map}) {
    if (!part->defined() || part->size(0) == count) continue;
    require(part->size(0) == 1, "render: {} samples, {} views and {} lights do not fit together", scene.depth.size(0),
            scene.view.size(0), scene.light.defined() ? scene.light.size(0) : 0);
    std::vector<int64_t> sizes = part->sizes().vec();
    sizes[0] = count;
    *part = part->expand(sizes);
  }
}

}  // namespace

Estimate Estimate::narrow(int64_t first, int64_t count) const {
  const auto part = [&](const torch::Tensor& t) { return t.narrow(0, first, count); };
  return {part(canon_depth),   part(canon_albedo), part(canon_light),  part(view),
          part(neutral_style), part(trans_map),    part(canon_im_raw), part(features)};
}

LiftedGan::LiftedGan(nets::Stylegan2Generator generator, LiftingNetworks networks, LiftConfig config,
                     WStatistics statistics)
    : generator_(std::move(generator)),
      networks_(std::move(networks)),
      config_(config),
      statistics_(std::move(statistics)),
      renderer_(config.renderer(generator_->config().size)) {
  require_pair(generator_->config(), networks_.config);
}

torch::Tensor LiftedGan::neutral_style(const torch::Tensor& w, const nets::Decomposed& decomposed) const {
  const torch::Tensor strengths = decomposed.light.slice(1, 0, 2);
  const torch::Tensor frontal = torch::cat({strengths, torch::zeros_like(strengths)}, 1);
  return networks_.compose->forward(w.detach(), frontal, torch::zeros_like(decomposed.view));
}

torch::Tensor LiftedGan::depth_from_raw(const torch::Tensor& raw) const {
  const torch::Tensor planes = raw.squeeze(1);
  const torch::Tensor unit = torch::tanh(planes - image_mean(planes));
  const torch::Tensor depth = (1 + unit) / 2 * config_.max_depth + (1 - unit) / 2 * config_.min_depth;
  const torch::Tensor keep = inside(depth.size(1), 0, kBorderColumns, depth.options().requires_grad(false));
  require_finite(depth, "depth map");
  return depth * keep + (1 - keep) * config_.border_depth;
}

torch::Tensor LiftedGan::transform_map_from_logits(const torch::Tensor& logits, const torch::Tensor& depth) const {
  const torch::Tensor map = torch::sigmoid(logits + kTransformBias);
  require_finite(map, "transform map");
  // A hard threshold: at a tie, one pixel of depth changes a whole square of the blurred map.
  const torch::Tensor head = depth.detach().unsqueeze(1) <= config_.head_limit();
  const torch::Tensor soft =
      ops::reflect_blur(torch::where(head, torch::ones_like(map), map), config_.blur_radius, config_.blur_sigma);
  return soft * inside(map.size(2), 1, kBorderColumns, map.options().requires_grad(false));
}

torch::Tensor LiftedGan::delight(const torch::Tensor& image, const torch::Tensor& depth,
                                 const torch::Tensor& light) const {
  return scene::unshade(image, scene::shading(renderer_.normals(depth), scene::parse_light(light, true)));
}

Estimate LiftedGan::estimate(const torch::Tensor& w) const {
  const bool layered = w.dim() == 3;
  require((layered ? w.size(1) == generator_->layers() : w.dim() == 2) && w.size(-1) == networks_.config.style_dim,
          "estimate needs style codes of {} values, one per sample or one per layer", networks_.config.style_dim);
  const torch::Tensor code = layered ? w.mean(1) : w;
  Estimate e;
  const nets::Decomposed decomposed = networks_.decompose->forward(code);
  e.canon_light = decomposed.light;
  e.view = decomposed.view;
  require_finite(e.view, "view");
  e.neutral_style = neutral_style(code, decomposed);
  const nets::SynthesisOutput neutral =
      generator_->synthesize(layered ? w + (e.neutral_style - code).unsqueeze(1) : e.neutral_style);
  e.canon_im_raw = neutral.image;
  e.features = neutral.features;
  e.canon_depth = depth_from_raw(networks_.depth->forward(e.neutral_style, e.features));
  e.trans_map = transform_map_from_logits(networks_.transform->forward(e.neutral_style), e.canon_depth);
  e.canon_albedo = delight(e.canon_im_raw, e.canon_depth, e.canon_light);
  return e;
}

Estimate LiftedGan::mix(const Estimate& shape, const Estimate& looks) const {
  Estimate e = looks;
  e.view = shape.view;
  e.neutral_style = shape.neutral_style;
  e.canon_depth = depth_from_raw(networks_.depth->forward(shape.neutral_style, looks.features));
  e.trans_map = transform_map_from_logits(networks_.transform->forward(shape.neutral_style), e.canon_depth);
  e.canon_albedo = delight(looks.canon_im_raw, e.canon_depth, looks.canon_light);
  return e;
}

Estimate LiftedGan::transfer_style(const Estimate& content, const torch::Tensor& style_features) const {
  Estimate e = content;
  e.features = style_features;
  e.canon_depth = depth_from_raw(networks_.depth->forward(content.neutral_style, style_features));
  e.trans_map = transform_map_from_logits(networks_.transform->forward(content.neutral_style), e.canon_depth);
  e.canon_albedo = delight(content.canon_im_raw, e.canon_depth, content.canon_light);
  return e;
}

torch::Tensor LiftedGan::features(const torch::Tensor& w) const {
  return generator_->synthesize(w).features;
}

Rendering LiftedGan::render(const Estimate& estimate, const RenderOptions& options) const {
  scene::LitScene scene;
  scene.depth = options.flip ? estimate.canon_depth.flip(2) : estimate.canon_depth;
  scene.albedo = options.flip ? estimate.canon_albedo.flip(3) : estimate.canon_albedo;
  if (options.use_light) scene.light = options.light.defined() ? options.light : estimate.canon_light;
  scene.view = options.view.defined() ? options.view : estimate.view;
  if (options.use_transform_map) scene.transform_map = estimate.trans_map;
  repeat_for_sweep(scene);
  const scene::LitRender lit = renderer_.render_lit(scene);
  return {lit.mesh.image, lit.mesh.depth.detach(), lit.mesh.mask, lit.canonical_image, lit.normals, lit.shading};
}

torch::Tensor LiftedGan::proxy_image(const torch::Tensor& w) const {
  return generator_->synthesize(w).image;
}

torch::Tensor LiftedGan::recon_normal(const torch::Tensor& normals, const torch::Tensor& depth,
                                      const torch::Tensor& view) const {
  return renderer_.render(depth, normals.permute({0, 3, 1, 2}), renderer_.config().view_scale.apply(view)).image;
}

torch::Tensor LiftedGan::neutral_shading(const torch::Tensor& normals) const {
  constexpr double kDiffuse = 0.8;
  return (normals.select(3, 2).clamp_min(0) * kDiffuse * 2 - 1).unsqueeze(1).repeat({1, 3, 1, 1});
}

void LiftedGan::set_supersampling(int64_t sub_pixels) {
  scene::RendererConfig config = renderer_.config();
  config.supersampling = sub_pixels;
  renderer_ = scene::Renderer(std::move(config));
}

void LiftedGan::to(torch::Device device) {
  generator_->to(device);
  for (const auto& [name, network] : networks_.published()) network->to(device);
  statistics_.mean = statistics_.mean.to(device);
}

}  // namespace lifted::model
