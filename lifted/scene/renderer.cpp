#include "lifted/scene/renderer.h"

#include <cmath>
#include <numbers>

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/ops/arguments.h"
#include "lifted/ops/rasterize.h"
#include "lifted/ops/surface.h"
#include "lifted/scene/contour_clip.h"
#include "lifted/scene/depth_grid.h"
#include "lifted/scene/normals.h"

namespace lifted::scene {
namespace {

/// Rows [0, count) of one component take the value of row `count`, on all four sides: the published crop_mesh.
void flatten_border(torch::Tensor& grid, const std::vector<int64_t>& crop) {
  require(crop.size() == 4, "crop must have 4 values (top, bottom, left, right), got {}", crop.size());
  const auto rows = grid.size(1), columns = grid.size(2);
  require(crop[0] + crop[1] < rows && crop[2] + crop[3] < columns && *std::min_element(crop.begin(), crop.end()) >= 0,
          "crop ({}) must leave something of a {}×{} grid", fmt::join(crop, ", "), rows, columns);
  const auto flatten = [&](int64_t dimension, int64_t first, int64_t last, int64_t from, int64_t component) {
    if (first == last) return;
    for (const int64_t c : {component, int64_t{2}}) {
      const auto values = grid.select(3, c);
      values.slice(dimension, first, last).copy_(values.slice(dimension, from, from + 1).clone());
    }
  };
  flatten(1, 0, crop[0], crop[0], 1);
  flatten(1, rows - crop[1], rows, rows - crop[1] - 1, 1);
  flatten(2, 0, crop[2], crop[2], 0);
  flatten(2, columns - crop[3], columns, columns - crop[3] - 1, 0);
}

std::vector<double> yaw_angles(const YawOptions& options) {
  if (!options.angles.empty()) return options.angles;
  const double last = options.max_degrees * std::numbers::pi / 180;
  std::vector<double> angles(options.count);
  for (int64_t i = 0; i < options.count; ++i) {
    angles[i] =
        options.count == 1 ? last : last - 2 * last * static_cast<double>(i) / static_cast<double>(options.count - 1);
  }
  return angles;
}

ops::SurfaceCamera surface_camera(const Camera& camera) {
  return {camera.focal(), camera.principal()};
}

/// Fills in what render_lit shows on the surface.
void shade_scene(const LitScene& scene, const Renderer& renderer, LitRender& result) {
  result.canonical_image = scene.albedo;
  if (!scene.light.defined()) return;
  const auto light = parse_light(scene.light);
  if (!renderer.config().reference && !ops::wants_gradient(scene.depth, scene.albedo, scene.light)) {
    const auto shaded =
        ops::shade_surface(scene.depth, surface_camera(renderer.camera()), renderer.config().unit_normals,
                           {light.ambient, light.diffuse, light.direction}, scene.albedo);
    result.normals = shaded.normals, result.shading = shaded.shading, result.canonical_image = shaded.image;
    return;
  }
  result.normals = renderer.normals(scene.depth);
  result.shading = shading(result.normals, light);
  result.canonical_image = shade(scene.albedo, result.shading);
}

}  // namespace

Renderer::Renderer(RendererConfig config) : config_(std::move(config)), camera_{config_.size, config_.fov_degrees} {
  require(config_.size >= 4, "the renderer's size must be at least 4, got {}", config_.size);
  require(config_.supersampling >= 1 && config_.supersampling <= 16,
          "the renderer's supersampling must be 1 to 16, got {}", config_.supersampling);
  require(config_.fov_degrees > 0 && config_.fov_degrees < 180,
          "the field of view must be between 0 and 180 degrees, got {}", config_.fov_degrees);
  require(config_.min_depth > 0 && config_.min_depth < config_.max_depth,
          "depths must satisfy 0 < min_depth < max_depth, got {} and {}", config_.min_depth, config_.max_depth);
}

torch::Tensor Renderer::normals(const torch::Tensor& depth) const {
  if (!config_.reference && !ops::wants_gradient(depth)) {
    return ops::shade_surface(depth, surface_camera(camera_), config_.unit_normals).normals;
  }
  return normals_from_depth(depth, camera_, config_.unit_normals);
}

torch::Tensor Renderer::warp(const torch::Tensor& depth, const torch::Tensor& view,
                             const torch::Tensor& transform_map) const {
  require(depth.dim() == 3 && depth.size(1) == config_.size && depth.size(2) == config_.size,
          "a depth map must have shape B×{0}×{0}, got {1}", config_.size, fmt::join(depth.sizes(), "×"));
  if (transform_map.defined()) {
    require(transform_map.dim() == 4 && transform_map.size(1) == 1,
            "a transform map must have shape B×1×{0}×{0}, got {1}", config_.size,
            fmt::join(transform_map.sizes(), "×"));
  }
  const auto motion = motion_from_view(view, config_.rotation_centre_depth);
  if (!config_.reference && !ops::wants_gradient(depth, view, transform_map)) {
    const auto centre = constant({0.0, 0.0, motion.centre_depth}, {3}, depth.options());
    const auto offset = centre + motion.translation - motion.rotation.matmul(centre);
    return ops::surface_vertices(depth, surface_camera(camera_), motion.rotation, offset, transform_map);
  }
  const auto canonical = grid_from_depth(depth, camera_);
  const auto moved = move_grid(canonical, motion);
  return transform_map.defined() ? blend_grids(moved, canonical, transform_map) : moved;
}

torch::Tensor Renderer::warped_2d_grid(const torch::Tensor& depth, const torch::Tensor& view) const {
  return project_grid(warp(depth, view), camera_);
}

RenderedMesh Renderer::draw(const torch::Tensor& vertices, const torch::Tensor& texture) const {
  require(texture.dim() == 4 && texture.size(2) == config_.size && texture.size(3) == config_.size,
          "a texture must have shape B×C×{0}×{0}, got {1}", config_.size, fmt::join(texture.sizes(), "×"));
  ops::RasterizeOptions options;
  options.size = config_.size;
  options.focal = camera_.image_focal();
  options.background = config_.background;
  options.background_depth = config_.background_depth();
  options.perspective_correct = config_.perspective_correct;
  const auto colors = texture.permute({0, 2, 3, 1});
  const auto kind = config_.reference ? ops::Implementation::reference : ops::Implementation::fused;
  const auto drawn = ops::rasterize(vertices, colors, options, kind);
  const auto mask = drawn.depth.detach().lt(config_.background_depth()).logical_and(drawn.faces.ge(0));
  auto image = drawn.image;
  if (config_.supersampling > 1) {
    options.size *= config_.supersampling;
    image = torch::avg_pool2d(ops::rasterize(vertices, colors, options, kind).image, config_.supersampling);
  }
  return {image, drawn.depth, mask.to(drawn.depth.scalar_type()).unsqueeze(1), drawn.faces};
}

RenderedMesh Renderer::render(const torch::Tensor& depth, const torch::Tensor& texture, const torch::Tensor& view,
                              const torch::Tensor& transform_map) const {
  const auto clipped = config_.clip_render_grad && depth.requires_grad() ? clip_contour_gradient(depth) : depth;
  return draw(warp(clipped, view, transform_map), texture);
}

LitRender Renderer::render_lit(const LitScene& scene) const {
  LitRender result;
  shade_scene(scene, *this, result);
  result.mesh = render(scene.depth, result.canonical_image, config_.view_scale.apply(scene.view), scene.transform_map);
  return result;
}

torch::Tensor Renderer::render_yaw(const torch::Tensor& texture, const torch::Tensor& depth,
                                   const YawOptions& options) const {
  auto grid = grid_from_depth(depth, camera_);
  if (!options.crop.empty()) {
    grid = grid.clone();
    flatten_border(grid, options.crop);
  }
  const auto centre = config_.rotation_centre_depth;
  if (options.view_before.defined()) grid = move_grid_back(grid, motion_from_view(options.view_before, centre));
  std::vector<torch::Tensor> frames;
  for (const double angle : yaw_angles(options)) {
    auto turn = torch::zeros({depth.size(0), 6}, depth.options().requires_grad(false));
    turn.select(1, 1).fill_(angle);
    auto turned = move_grid(grid, motion_from_view(turn, centre));
    if (options.view_after.defined()) turned = move_grid(turned, motion_from_view(options.view_after, centre));
    frames.push_back(draw(turned, texture).image.clamp(-1, 1));
  }
  return torch::stack(frames, 1);
}

}  // namespace lifted::scene
