#include "lifted/model/head_mesh.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/formats/mesh_ops.h"

namespace lifted::model {
namespace {

constexpr double kMovesWithHead = 0.5;

/// 1×C×S×S at N×N grid positions, the first and last on the border samples. On the CPU.
torch::Tensor resampled(const torch::Tensor& planes, int64_t side) {
  namespace F = torch::nn::functional;
  const torch::Tensor on_cpu = planes.to(torch::kCPU, torch::kFloat32);
  if (planes.size(2) == side) return on_cpu;
  return F::interpolate(
      on_cpu,
      F::InterpolateFuncOptions().size(std::vector<int64_t>{side, side}).mode(torch::kBilinear).align_corners(true));
}

/// N×N×3 points in scene units to the mesh's metres and axes.
std::vector<std::array<float, 3>> mesh_positions(const LiftedGan& gan, const torch::Tensor& points) {
  const double scale = mesh_scale(gan);
  const torch::Tensor centre = torch::tensor({0.0, 0.0, gan.config().rotation_centre_depth}, torch::kDouble);
  const torch::Tensor axes = torch::tensor({scale, -scale, -scale}, torch::kDouble);
  const torch::Tensor moved = ((points.to(torch::kDouble) - centre) * axes).to(torch::kFloat32).contiguous();
  std::vector<std::array<float, 3>> positions(static_cast<size_t>(moved.numel() / 3));
  std::copy_n(moved.data_ptr<float>(), moved.numel(), positions.front().data());
  return positions;
}

std::vector<std::array<float, 2>> texture_coordinates(int64_t side, int64_t texture_side) {
  const auto coordinate = [&](int64_t i) {
    const double sample = static_cast<double>(i * (texture_side - 1)) / static_cast<double>(side - 1);
    return static_cast<float>((sample + 0.5) / static_cast<double>(texture_side));
  };
  std::vector<std::array<float, 2>> uvs;
  for (int64_t row = 0; row < side; ++row) {
    for (int64_t column = 0; column < side; ++column) uvs.push_back({coordinate(column), coordinate(row)});
  }
  return uvs;
}

std::vector<std::array<uint8_t, 3>> vertex_colors(const torch::Tensor& albedo) {
  const formats::Image image = formats::image_from_tensor(albedo);
  std::vector<std::array<uint8_t, 3>> colors;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    colors.push_back({image.pixels[i], image.pixels[i + 1], image.pixels[i + 2]});
  }
  return colors;
}

double depth_limit(const LiftedGan& gan, const HeadMeshOptions& options) {
  return options.trim_depth == 0 ? gan.config().head_limit() : options.trim_depth;
}

/// N×N: 1 where a vertex belongs to the head.
torch::Tensor head_mask(const Estimate& estimate, double deepest, int64_t side) {
  const torch::Tensor depth = resampled(estimate.canon_depth.unsqueeze(1), side)[0][0];
  const torch::Tensor moves = resampled(estimate.trans_map, side)[0][0];
  return depth.le(deepest).logical_and(moves.ge(kMovesWithHead));
}

/// Two triangles per cell, cut along the same diagonal as the rasterizer's, counter-clockwise from the viewer's side;
/// only those whose corners are all kept.
std::vector<std::array<uint32_t, 3>> grid_triangles(const torch::Tensor& keep) {
  const torch::Tensor kept = keep.to(torch::kBool).contiguous();
  const bool* flags = kept.data_ptr<bool>();
  const auto side = static_cast<uint32_t>(kept.size(0));
  std::vector<std::array<uint32_t, 3>> triangles;
  const auto add = [&](uint32_t a, uint32_t b, uint32_t c) {
    if (flags[a] && flags[b] && flags[c]) triangles.push_back({a, b, c});
  };
  for (uint32_t row = 0; row + 1 < side; ++row) {
    for (uint32_t column = 0; column + 1 < side; ++column) {
      const uint32_t top = row * side + column, bottom = top + side;
      add(top, bottom, top + 1);
      add(top + 1, bottom, bottom + 1);
    }
  }
  return triangles;
}

torch::Tensor warped_points(const LiftedGan& gan, const Estimate& estimate, const torch::Tensor& raw_view) {
  const scene::Renderer& renderer = gan.renderer();
  const torch::Tensor view = raw_view.defined() ? raw_view.to(estimate.canon_depth.options())
                                                : torch::zeros({1, 6}, estimate.canon_depth.options());
  return renderer.warp(estimate.canon_depth, renderer.config().view_scale.apply(view), estimate.trans_map);
}

}  // namespace

double mesh_scale(const LiftedGan& gan) {
  return kMeshPictureHeight / 2 * gan.renderer().camera().image_focal();
}

formats::Mesh head_mesh(const LiftedGan& gan, const Estimate& estimate, const HeadMeshOptions& options) {
  const torch::NoGradGuard no_grad;
  require(estimate.batch() == 1, "a mesh shows one sample, got {}", estimate.batch());
  const int64_t samples = estimate.canon_depth.size(2);
  const int64_t side = options.resolution == 0 ? samples : options.resolution;
  require(side >= 2 && side <= 4096, "a mesh of {0}×{0} vertices: expected a side of 2 to 4096", side);
  const torch::Tensor points = warped_points(gan, estimate, options.view).permute({0, 3, 1, 2});
  require(points.isfinite().all().item<bool>(), "the depth map or the view holds values that are not finite");

  formats::Mesh mesh;
  mesh.positions = mesh_positions(gan, resampled(points, side)[0].permute({1, 2, 0}));
  mesh.uvs = texture_coordinates(side, samples);
  mesh.colors = vertex_colors(resampled(estimate.canon_albedo, side)[0]);
  mesh.triangles = grid_triangles(options.trim ? head_mask(estimate, depth_limit(gan, options), side)
                                               : torch::ones({side, side}, torch::kBool));
  require(!mesh.triangles.empty(),
          "trimming leaves nothing: no part of the surface is nearer than depth {:.4g} and moves with the head",
          depth_limit(gan, options));
  mesh = options.trim ? formats::largest_component(mesh) : mesh;
  mesh.normals = formats::smooth_normals(mesh);
  mesh.texture = formats::image_from_tensor(estimate.canon_albedo[0]);
  return formats::decimated(mesh, options.decimate);
}

}  // namespace lifted::model
