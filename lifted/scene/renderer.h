// The renderer R(A, S, T, V, L) of LiftedGAN: shade, warp the depth grid, rasterize.
#pragma once

#include <optional>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/scene/camera.h"
#include "lifted/scene/light.h"
#include "lifted/scene/view.h"

namespace lifted::scene {

/// Defaults are those of the published configurations.
struct RendererConfig {
  int64_t size = 256;  ///< Side of depth maps, textures and images.
  double fov_degrees = 10;
  double rotation_centre_depth = 1.0;  ///< Views rotate about (0, 0, this).
  double min_depth = 0.9, max_depth = 1.1;
  std::vector<double> background = {1};  ///< One value, or one per texture channel.
  ViewScale view_scale;
  bool perspective_correct = false;  ///< Barycentrics; published weights were trained without.
  bool unit_normals = false;         ///< See normals.h.
  bool clip_render_grad = true;      ///< See contour_clip.h.
  int64_t supersampling = 1;         ///< Sub-pixels per pixel side, whose mean an image shows; published: 1.
  bool reference = false;            ///< Draw with the slow readable rasterizer and composed tensor operations.

  /// Depth given to background pixels: max_depth plus half the depth range.
  double background_depth() const { return max_depth + (max_depth - min_depth) / 2; }
};

/// All but the image are of pixel centres, whatever the supersampling.
struct RenderedMesh {
  torch::Tensor image;  ///< B×C×S×S
  torch::Tensor depth;  ///< B×S×S; background_depth() where nothing is seen
  torch::Tensor mask;   ///< B×1×S×S, 1 where depth < background_depth(), else 0. No gradient.
  torch::Tensor faces;  ///< B×S×S int32: the visible triangle (ops/rasterize.h), −1 for none
};

/// What `estimate` yields, as the networks output it.
struct LitScene {
  torch::Tensor depth;          ///< B×S×S canonical depth
  torch::Tensor albedo;         ///< B×3×S×S in −1 … 1
  torch::Tensor light;          ///< Raw lights, B×4; undefined shows the albedo itself
  torch::Tensor view;           ///< Raw views, B×6
  torch::Tensor transform_map;  ///< B×1×S×S, or undefined: everything follows the view
};

struct LitRender {
  RenderedMesh mesh;
  torch::Tensor canonical_image;  ///< B×3×S×S, the shaded texture
  torch::Tensor normals;          ///< B×S×S×3 of the canonical depth; undefined without a light
  torch::Tensor shading;          ///< B×1×S×S; undefined without a light
};

struct YawOptions {
  torch::Tensor view_before;   ///< B×6 in radians and units, undone first; undefined for none
  torch::Tensor view_after;    ///< B×6, applied after each rotation; undefined for none
  std::vector<double> angles;  ///< Radians; empty: `count` angles from max_degrees to −max_degrees
  double max_degrees = 90;
  int64_t count = 9;
  std::vector<int64_t>
      crop;  ///< Top, bottom, left, right rows and columns flattened to the crop's edge; empty for none
};

class Renderer {
 public:
  explicit Renderer(RendererConfig config);

  const RendererConfig& config() const { return config_; }
  const Camera& camera() const { return camera_; }

  /// Draws a depth map (B×S×S) textured with B×C×S×S at views given in radians and scene units (B×6). Where
  /// `transform_map` (B×1×S×S) is 0 the grid stays. Differentiable in every tensor.
  RenderedMesh render(const torch::Tensor& depth, const torch::Tensor& texture, const torch::Tensor& view,
                      const torch::Tensor& transform_map = {}) const;

  /// Shading and drawing at once, from raw lights and views: the published `LiftedGAN.render`. Without gradients it
  /// takes fused kernels instead of composed tensor operations.
  LitRender render_lit(const LitScene& scene) const;

  /// B×S×S×3 normals of a depth map.
  torch::Tensor normals(const torch::Tensor& depth) const;

  /// The vertices that render draws, B×S×S×3.
  torch::Tensor warp(const torch::Tensor& depth, const torch::Tensor& view,
                     const torch::Tensor& transform_map = {}) const;

  /// Where each sample of the depth map lands in the image at a view (radians and units): B×S×S×2, −1 … 1.
  torch::Tensor warped_2d_grid(const torch::Tensor& depth, const torch::Tensor& view) const;

  /// Draws vertices (B×S×S×3) textured with B×C×S×S.
  RenderedMesh draw(const torch::Tensor& vertices, const torch::Tensor& texture) const;

  /// A turn about the vertical axis, clamped to −1 … 1: B×N×C×S×S (Unsup3D's render_yaw).
  torch::Tensor render_yaw(const torch::Tensor& texture, const torch::Tensor& depth, const YawOptions& options) const;

 private:
  RendererConfig config_;
  Camera camera_;
};

}  // namespace lifted::scene
