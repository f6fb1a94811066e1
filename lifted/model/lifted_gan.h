// LiftedGAN: a pretrained 2D generator, the networks that lift it, and the renderer (paper figure 2).
#pragma once

#include "lifted/base/tensor.h"
#include "lifted/model/lift_config.h"
#include "lifted/model/lifting_networks.h"
#include "lifted/model/w_statistics.h"
#include "lifted/nets/stylegan2.h"
#include "lifted/scene/renderer.h"

namespace lifted::model {

/// What a style code means in 3D. B samples of side S.
struct Estimate {
  torch::Tensor canon_depth;    // B×S×S, min_depth … max_depth
  torch::Tensor canon_albedo;   // B×3×S×S, −1 … 1 where the light does not clip
  torch::Tensor canon_light;    // B×4 raw: ambient, diffuse, direction x and y
  torch::Tensor view;           // B×6 raw: rotations about x, y, z and translations
  torch::Tensor neutral_style;  // B×w_dim, w0: the same subject seen and lit from the front
  torch::Tensor trans_map;      // B×1×S×S, 1 moves with the head, 0 stays
  torch::Tensor canon_im_raw;   // B×3×S×S, the generator's image of w0
  torch::Tensor features;       // B×C×S×S, the generator's last feature map for w0

  int64_t batch() const { return canon_depth.size(0); }
  /// Samples [first, first + count).
  Estimate narrow(int64_t first, int64_t count) const;
};

struct RenderOptions {
  torch::Tensor light;            // B×4 raw; undefined: the estimate's own
  torch::Tensor view;             // B×6 raw; undefined: the estimate's own
  bool use_light = true;          // false shows the albedo
  bool use_transform_map = true;  // false: everything moves with the view
  bool flip = false;              // depth and albedo mirrored left to right; light, view and map are not
};

struct Rendering {
  torch::Tensor recon_im;       // B×3×S×S, unclamped; white background
  torch::Tensor recon_depth;    // B×S×S; background is max_depth plus half the depth range. No gradient.
  torch::Tensor recon_im_mask;  // B×1×S×S, 1 where something is seen. No gradient.
  torch::Tensor canon_im;       // B×3×S×S, the shaded texture
  torch::Tensor canon_normal;   // B×S×S×3; undefined without light
  torch::Tensor canon_shading;  // B×1×S×S; undefined without light
};

class LiftedGan {
 public:
  /// Error unless the generator's size, style width and last feature map are those the networks were made for.
  LiftedGan(nets::Stylegan2Generator generator, LiftingNetworks networks, LiftConfig config, WStatistics statistics);

  const nets::Stylegan2Generator& generator() const { return generator_; }
  const LiftingNetworks& networks() const { return networks_; }
  const scene::Renderer& renderer() const { return renderer_; }
  const LiftConfig& config() const { return config_; }
  const WStatistics& statistics() const { return statistics_; }
  WStatistics& statistics() { return statistics_; }
  int size() const { return generator_->config().size; }

  /// w: B×w_dim, or B×layers×w_dim with one code per layer: then view, light, depth and map are those of the codes'
  /// mean, and the generator's codes move as the mean does on its way to w0. Everything is differentiable but the
  /// code's way into M (detached, as published). Without gradients a sample's result is the same bits for any batch
  /// size and thread count. Published: LiftedGAN.estimate.
  Estimate estimate(const torch::Tensor& w) const;

  /// The shape of one estimate in the looks of another: D_S and D_T of `shape`'s code with the feature map, image and
  /// light of `looks`, at the view of `shape`. This project's own; see transfer_style for the reproduction's.
  Estimate mix(const Estimate& shape, const Estimate& looks) const;

  /// The reproduction's style transfer: the estimate of `content` with another depth, D_S of its own neutral code with
  /// the feature map of a style (B×C×S×S): of the style's own code (its second version) or of its neutral code (its
  /// first). Picture, light, view and map are of `content`; albedo and the map's head follow the depth, as in estimate.
  Estimate transfer_style(const Estimate& content, const torch::Tensor& style_features) const;
  /// The generator's last feature map for w, B×C×S×S.
  torch::Tensor features(const torch::Tensor& w) const;

  /// Published: LiftedGAN.render. An estimate of one sample is drawn at each of the given views and lights (a sweep);
  /// otherwise there is one view and light per sample. Error if the numbers of samples, views and lights disagree.
  Rendering render(const Estimate& estimate, const RenderOptions& options = {}) const;

  /// The 2D teacher's image of w, B×3×S×S unclamped, with the stored noise.
  torch::Tensor proxy_image(const torch::Tensor& w) const;

  /// w0: the code of the same subject in neutral light (ambient and diffuse of `light`, from the front) and zero view.
  torch::Tensor neutral_style(const torch::Tensor& w, const nets::Decomposed& decomposed) const;
  /// D_S's raw output (B×1×S×S) to canonical depth (B×S×S).
  torch::Tensor depth_from_raw(const torch::Tensor& raw) const;
  /// D_T's logits (B×1×S×S) and the canonical depth to the transformation map.
  torch::Tensor transform_map_from_logits(const torch::Tensor& logits, const torch::Tensor& depth) const;
  /// The generator's image without its (frontal) shading.
  torch::Tensor delight(const torch::Tensor& image, const torch::Tensor& depth, const torch::Tensor& light) const;

  /// Normals as a picture from the view (raw, B×6): B×3×S×S. Published: get_recon_normal.
  torch::Tensor recon_normal(const torch::Tensor& normals, const torch::Tensor& depth, const torch::Tensor& view) const;
  /// Normals (B×S×S×3) under a frontal light of 0.8, as a picture: B×3×S×S. Published: get_neutral_shading (there
  /// B×S×S×3).
  torch::Tensor neutral_shading(const torch::Tensor& normals) const;

  void to(torch::Device device);

  /// From now on images are means of so many sub-pixels per pixel side (1 … 16): smooth contours. Published: 1.
  void set_supersampling(int64_t sub_pixels);

 private:
  nets::Stylegan2Generator generator_;
  LiftingNetworks networks_;
  LiftConfig config_;
  WStatistics statistics_;
  scene::Renderer renderer_;
};

}  // namespace lifted::model
