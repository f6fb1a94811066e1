#include "lifted/model/head_mesh.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lifted/base/error.h"
#include "lifted/formats/mesh_ops.h"

namespace lifted::model {
namespace {

constexpr double kMovesWithHead = 0.5;
constexpr int kGaussianReach = 5;         // samples to each side
constexpr double kContourSigma = 1.6;     // samples: what the head's edge is smoothed by
constexpr int kContinuedSamples = 4;      // beyond its edge, more than smoothing moves it
constexpr double kLeastWeight = 1e-3;     // of known samples, for a mean of them to mean anything
constexpr double kNearestCut = 1.0 / 64;  // of an edge's length to its end: no slivers

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

/// 1×1×S×S, 0 or 1: the samples that belong to the head.
torch::Tensor head_samples(const Estimate& estimate, double deepest) {
  const torch::Tensor depth = estimate.canon_depth.unsqueeze(1).to(torch::kCPU, torch::kFloat32);
  const torch::Tensor moves = estimate.trans_map.to(torch::kCPU, torch::kFloat32);
  return depth.le(deepest).logical_and(moves.ge(kMovesWithHead)).to(torch::kFloat32);
}

/// Each of the 1×C×S×S planes under a Gaussian; the border's samples go on outside.
torch::Tensor blurred(const torch::Tensor& planes, double sigma) {
  const torch::Tensor at = torch::arange(-kGaussianReach, kGaussianReach + 1, torch::kFloat32);
  torch::Tensor weights = (-at.square() / (2 * sigma * sigma)).exp();
  weights = weights / weights.sum();
  const torch::Tensor padded = torch::replication_pad2d(planes, std::vector<int64_t>(4, kGaussianReach));
  const torch::Tensor rows = torch::conv2d(padded.transpose(0, 1), weights.view({1, 1, 1, -1}));
  return torch::conv2d(rows, weights.view({1, 1, -1, 1})).transpose(0, 1);
}

/// 1×C×S×S planes that are known where `known` is 1, continued a few samples beyond as the mean of the neighbours that
/// are known already.
torch::Tensor continued(const torch::Tensor& planes, const torch::Tensor& known) {
  const torch::Tensor given = planes.to(torch::kCPU, torch::kFloat32);
  torch::Tensor values = torch::where(known > 0, given, torch::zeros({})), weight = known;
  const torch::Tensor neighbours = torch::ones({1, 1, 3, 3});
  const auto sums = [&](const torch::Tensor& of) {
    return torch::conv2d(of.transpose(0, 1), neighbours, {}, 1, 1).transpose(0, 1);
  };
  for (int i = 0; i < kContinuedSamples; ++i) {
    const torch::Tensor count = sums(weight);
    const torch::Tensor fresh = count.gt(0).logical_and(weight.eq(0)).to(torch::kFloat32);
    values = values + fresh * sums(values) / count.clamp_min(1);
    weight = weight + fresh;
  }
  return torch::where(weight > 0, values, given);
}

/// Planes with their `known` samples smoothed along the edge of these, which `blurred_known` (½ at the edge, 1 well
/// inside) says the place of, and continued beyond it. A surface falls steeply where it ends: from row to row its last
/// sample lies at another depth, and seen from the side its edge would be a saw.
torch::Tensor smoothed_at_edge(const torch::Tensor& planes, const torch::Tensor& known,
                               const torch::Tensor& blurred_known) {
  const torch::Tensor given = planes.to(torch::kCPU, torch::kFloat32);
  const torch::Tensor inside = torch::where(known > 0, given, torch::zeros({}));
  const torch::Tensor smooth = blurred(inside, kContourSigma) / blurred_known.clamp_min(kLeastWeight);
  const torch::Tensor share = (2 * (1 - blurred_known)).clamp(0, 1);
  const torch::Tensor beyond = torch::where(blurred_known > kLeastWeight, smooth, given);
  return torch::where(known > 0, torch::lerp(given, smooth, share), beyond);
}

/// The surface as it is cut: what it shows, and where it ends.
struct Surface {
  Estimate estimate;
  torch::Tensor inside;  ///< 1×1×S×S, at least 0 on the head: its zero line is the edge
};

/// The head: its edge is where the blurred samples are half head, and the surface is continued beyond it, so that what
/// lies between the last sample and the edge neither falls towards the background nor shows it.
Surface trimmed_surface(const Estimate& whole, double deepest) {
  const torch::Tensor head = head_samples(whole, deepest), blurred_head = blurred(head, kContourSigma);
  const auto device = whole.canon_depth.device();
  Surface surface{whole, blurred_head - 0.5F};
  surface.estimate.canon_depth = smoothed_at_edge(whole.canon_depth.unsqueeze(1), head, blurred_head)[0].to(device);
  surface.estimate.trans_map = smoothed_at_edge(whole.trans_map, head, blurred_head).to(device);
  surface.estimate.canon_albedo = continued(whole.canon_albedo, head).to(device);
  return surface;
}

/// A grid of two triangles per cell (cut along the same diagonal as the rasterizer's, counter-clockwise from the
/// viewer's side), cut along the zero line of a function of its vertices: what is below zero goes. Every edge that
/// crosses it gets one new vertex, which its triangles share.
class GridCutter {
 public:
  /// `inside` is N×N. New vertices and the triangles are added to `mesh`, whose lists hold the N×N grid.
  GridCutter(const torch::Tensor& inside, formats::Mesh& mesh)
      : values_(inside.to(torch::kFloat64).contiguous()), at_(values_.data_ptr<double>()), mesh_(mesh) {}

  void cut() {
    const auto side = static_cast<uint32_t>(values_.size(0));
    for (uint32_t row = 0; row + 1 < side; ++row) {
      for (uint32_t column = 0; column + 1 < side; ++column) {
        const uint32_t top = row * side + column, bottom = top + side;
        add({top, bottom, top + 1});
        add({top + 1, bottom, bottom + 1});
      }
    }
  }

 private:
  bool kept(uint32_t vertex) const { return at_[vertex] >= 0; }

  void add(std::array<uint32_t, 3> corners) {
    const auto count = std::count_if(corners.begin(), corners.end(), [this](uint32_t v) { return kept(v); });
    if (count == 0) return;
    if (count == 3) return mesh_.triangles.push_back(corners);
    // The corner that differs from both others comes first; turning keeps the winding.
    while (kept(corners[1]) != kept(corners[2])) std::rotate(corners.begin(), corners.begin() + 1, corners.end());
    const auto [single, second, third] = corners;
    const uint32_t near_second = crossing(single, second), near_third = crossing(single, third);
    if (count == 1) return mesh_.triangles.push_back({single, near_second, near_third});
    mesh_.triangles.push_back({near_second, second, third});
    mesh_.triangles.push_back({near_second, third, near_third});
  }

  /// The vertex where the edge between two grid vertices crosses the zero line.
  uint32_t crossing(uint32_t a, uint32_t b) {
    if (a > b) std::swap(a, b);
    const auto [found, is_new] = crossings_.try_emplace({a, b}, static_cast<uint32_t>(mesh_.positions.size()));
    if (!is_new) return found->second;
    const double share = std::clamp(at_[a] / (at_[a] - at_[b]), kNearestCut, 1 - kNearestCut);
    const auto between = [share](const auto& from, const auto& to) {
      auto result = from;
      for (size_t i = 0; i < result.size(); ++i) {
        const double value = (1 - share) * from[i] + share * to[i];
        using Number = std::decay_t<decltype(result[i])>;
        result[i] = static_cast<Number>(std::is_integral_v<Number> ? std::round(value) : value);
      }
      return result;
    };
    mesh_.positions.push_back(between(mesh_.positions[a], mesh_.positions[b]));
    mesh_.uvs.push_back(between(mesh_.uvs[a], mesh_.uvs[b]));
    mesh_.colors.push_back(between(mesh_.colors[a], mesh_.colors[b]));
    return found->second;
  }

  torch::Tensor values_;
  const double* at_;
  formats::Mesh& mesh_;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> crossings_;
};

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
  require(warped_points(gan, estimate, options.view).isfinite().all().item<bool>(),
          "the depth map or the view holds values that are not finite");
  const Surface surface = options.trim ? trimmed_surface(estimate, depth_limit(gan, options))
                                       : Surface{estimate, torch::ones({1, 1, samples, samples})};
  const torch::Tensor points = warped_points(gan, surface.estimate, options.view).permute({0, 3, 1, 2});

  formats::Mesh mesh;
  mesh.positions = mesh_positions(gan, resampled(points, side)[0].permute({1, 2, 0}));
  mesh.uvs = texture_coordinates(side, samples);
  mesh.colors = vertex_colors(resampled(surface.estimate.canon_albedo, side)[0]);
  GridCutter(resampled(surface.inside, side)[0][0], mesh).cut();
  require(!mesh.triangles.empty(),
          "trimming leaves nothing: no part of the surface is nearer than depth {:.4g} and moves with the head",
          depth_limit(gan, options));
  mesh = options.trim ? formats::largest_component(mesh) : mesh;
  mesh.normals = formats::smooth_normals(mesh);
  mesh.texture = formats::image_from_tensor(surface.estimate.canon_albedo[0]);
  return formats::decimated(mesh, options.decimate);
}

}  // namespace lifted::model
