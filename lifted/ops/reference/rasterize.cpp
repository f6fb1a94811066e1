#include <ATen/Dispatch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "lifted/ops/backends.h"

namespace lifted::ops {
namespace {

constexpr double kNear = 1e-4, kHuge = 1e9;  // Vertices outside this range of depths are not drawn.
constexpr double kAreaEpsilon = 1e-8;        // Of PyTorch3D 0.2.5.

/// The three vertex numbers of every triangle, F×3: upper-left triangles first.
torch::Tensor grid_faces(int64_t rows, int64_t columns) {
  const auto number = torch::arange(rows * columns).view({rows, columns});
  const auto top_left = number.slice(0, 0, rows - 1).slice(1, 0, columns - 1).flatten();
  const auto top_right = number.slice(0, 0, rows - 1).slice(1, 1).flatten();
  const auto bottom_left = number.slice(0, 1).slice(1, 0, columns - 1).flatten();
  const auto bottom_right = number.slice(0, 1).slice(1, 1).flatten();
  return torch::cat(
      {torch::stack({top_left, bottom_left, top_right}, 1), torch::stack({top_right, bottom_left, bottom_right}, 1)});
}

template <typename T>
using Point = std::array<T, 3>;  // Projected x and y, depth.

template <typename T>
T edge(T px, T py, const Point<T>& a, const Point<T>& b) {
  return (px - a[0]) * (b[1] - a[1]) - (py - a[1]) * (b[0] - a[0]);
}

/// Edge functions opposite to the corners. A common edge of two triangles is computed with the same arguments for both.
template <typename T>
std::array<T, 3> edges_at(T px, T py, const std::array<Point<T>, 3>& v, bool lower_right) {
  const T last = lower_right ? -edge(px, py, v[1], v[0]) : edge(px, py, v[0], v[1]);
  return {edge(px, py, v[1], v[2]), -edge(px, py, v[0], v[2]), last};
}

template <typename T>
bool is_sliver(T area) {
  return !(area > T(kAreaEpsilon) || area < T(-10 * kAreaEpsilon));
}

/// Depth of the triangle at a pixel centre; NaN where it does not cover it.
template <typename T>
T depth_at(T px, T py, const std::array<Point<T>, 3>& v, bool lower_right, bool perspective_correct) {
  constexpr T none = std::numeric_limits<T>::quiet_NaN();
  const auto e = edges_at(px, py, v, lower_right);
  const bool inside = (e[0] >= 0 && e[1] >= 0 && e[2] >= 0) || (e[0] <= 0 && e[1] <= 0 && e[2] <= 0);
  const T area = edge(v[2][0], v[2][1], v[0], v[1]);
  const T divisor = is_sliver(area) ? e[0] + e[1] + e[2] : area + T(kAreaEpsilon);
  if (!inside || divisor == 0) return none;
  const T w0 = e[0] / divisor, w1 = e[1] / divisor, w2 = e[2] / divisor;
  if (perspective_correct) return (w0 + w1 + w2) / (w0 / v[0][2] + w1 / v[1][2] + w2 / v[2][2]);
  return w0 * v[0][2] + w1 * v[1][2] + w2 * v[2][2];
}

/// The pixels whose centres may lie between lo and hi (projected coordinates).
template <typename T>
std::pair<int64_t, int64_t> pixel_range(T lo, T hi, int64_t size) {
  const auto pixel = [&](T v) {
    return std::clamp((v + 1) * static_cast<T>(size) / 2, T(-2), static_cast<T>(size) + 2);
  };
  return {std::max<int64_t>(0, static_cast<int64_t>(std::floor(pixel(lo))) - 1),
          std::min<int64_t>(size - 1, static_cast<int64_t>(std::ceil(pixel(hi))) + 1)};
}

/// One image's z-buffer loop. points: (H·W)×3 projected, faces F×3; returns the visible triangle of each pixel, −1 for
/// none.
template <typename T>
void find_visible(const torch::Tensor& points, const torch::Tensor& faces, const RasterizeInputs& inputs,
                  int32_t* visible) {
  const auto at = points.accessor<T, 2>();
  const auto face = faces.accessor<int64_t, 2>();
  std::vector<T> nearest(inputs.size * inputs.size, std::numeric_limits<T>::infinity());
  const T size = static_cast<T>(inputs.size), inverse = 1 / size;
  for (int64_t f = 0; f < faces.size(0); ++f) {
    std::array<Point<T>, 3> v;
    bool usable = true;
    for (int k = 0; k < 3; ++k) {
      for (int i = 0; i < 3; ++i) v[k][i] = at[face[f][k]][i];
      usable = usable && v[k][2] > T(kNear) && v[k][2] < T(kHuge) && std::abs(v[k][0]) < T(kHuge) &&
               std::abs(v[k][1]) < T(kHuge);
    }
    if (!usable) continue;
    const auto [x0, x1] =
        pixel_range(std::min({v[0][0], v[1][0], v[2][0]}), std::max({v[0][0], v[1][0], v[2][0]}), inputs.size);
    const auto [y0, y1] =
        pixel_range(std::min({v[0][1], v[1][1], v[2][1]}), std::max({v[0][1], v[1][1], v[2][1]}), inputs.size);
    for (int64_t y = y0; y <= y1; ++y) {
      for (int64_t x = x0; x <= x1; ++x) {
        const T px = (2 * static_cast<T>(x) + 1) * inverse - 1, py = (2 * static_cast<T>(y) + 1) * inverse - 1;
        const T z = depth_at(px, py, v, 2 * f >= faces.size(0), inputs.perspective_correct);
        if (!(z < nearest[y * inputs.size + x])) continue;  // Triangles come in order: the first of equals stays.
        nearest[y * inputs.size + x] = z;
        visible[y * inputs.size + x] = static_cast<int32_t>(f);
      }
    }
  }
}

torch::Tensor visible_faces(const torch::Tensor& points, const torch::Tensor& faces, const RasterizeInputs& inputs) {
  auto visible = torch::full({points.size(0), inputs.size, inputs.size}, -1, torch::kInt);
  for (int64_t b = 0; b < points.size(0); ++b) {
    int32_t* out = visible[b].data_ptr<int32_t>();
    AT_DISPATCH_FLOATING_TYPES(points.scalar_type(), "rasterize_reference",
                               [&] { find_visible<scalar_t>(points[b], faces, inputs, out); });
  }
  return visible;
}

torch::Tensor edge(const torch::Tensor& px, const torch::Tensor& py, const torch::Tensor& a, const torch::Tensor& b) {
  return (px - a.select(-1, 0)) * (b.select(-1, 1) - a.select(-1, 1)) -
         (py - a.select(-1, 1)) * (b.select(-1, 0) - a.select(-1, 0));
}

/// Barycentrics of every covered pixel, N×3, from its triangle's corners (each N×3) and its centre.
torch::Tensor barycentrics(const std::array<torch::Tensor, 3>& v, const torch::Tensor& px, const torch::Tensor& py,
                           bool perspective_correct) {
  const auto e = torch::stack({edge(px, py, v[1], v[2]), edge(px, py, v[2], v[0]), edge(px, py, v[0], v[1])}, 1);
  const auto area = edge(v[2].select(1, 0), v[2].select(1, 1), v[0], v[1]);
  const auto sliver = (area > kAreaEpsilon).logical_or(area < -10 * kAreaEpsilon).logical_not();
  const auto usual = e / torch::where(sliver, torch::ones_like(area), area + kAreaEpsilon).unsqueeze(1);
  const auto normalized = (e / e.sum(1, true)).detach();
  const auto w = torch::where(sliver.unsqueeze(1), normalized, usual);
  if (!perspective_correct) return w;
  const auto q = w / torch::stack({v[0].select(1, 2), v[1].select(1, 2), v[2].select(1, 2)}, 1);
  return q / q.sum(1, true);
}

}  // namespace

RasterizeOutputs reference::rasterize(const RasterizeInputs& inputs) {
  const auto &vertices = inputs.vertices, &attributes = inputs.attributes;
  const auto b = vertices.size(0), count = vertices.size(1) * vertices.size(2), channels = attributes.size(3),
             size = inputs.size;
  const auto depth = vertices.select(3, 2);
  const auto points = torch::stack(
      {vertices.select(3, 0) * inputs.focal / depth, vertices.select(3, 1) * inputs.focal / depth, depth}, 3);
  const auto faces = grid_faces(vertices.size(1), vertices.size(2));
  const auto visible = visible_faces(points.detach().reshape({b, count, 3}).cpu(), faces, inputs);

  // Every covered pixel: its number in the batch, its centre and the vertices of its triangle.
  const auto pixel = visible.flatten().ge(0).nonzero().squeeze(1);
  const auto image_number = pixel.div(size * size, "floor");
  const auto corners = faces.index_select(0, visible.flatten().index_select(0, pixel).to(torch::kLong)) +
                       (image_number * count).unsqueeze(1);
  const auto centre = [&](const torch::Tensor& i) {
    return ((2 * i + 1).to(vertices.options()) / static_cast<double>(size) - 1);
  };
  const auto px = centre(pixel.remainder(size)), py = centre(pixel.div(size, "floor").remainder(size));
  const auto at = [&](const torch::Tensor& values, int64_t k) {
    return values.reshape({b * count, values.size(3)}).index_select(0, corners.select(1, k).to(values.device()));
  };

  const std::array<torch::Tensor, 3> v = {at(points, 0), at(points, 1), at(points, 2)};
  const auto w = barycentrics(v, px, py, inputs.perspective_correct);
  torch::Tensor colour, z;
  for (int k = 0; k < 3; ++k) {
    const auto weight = w.select(1, k);
    colour = k == 0 ? weight.unsqueeze(1) * at(attributes, k) : colour + weight.unsqueeze(1) * at(attributes, k);
    z = k == 0 ? weight * v[k].select(1, 2) : z + weight * v[k].select(1, 2);
  }
  const auto background = inputs.background.expand({channels});
  const auto to = pixel.to(vertices.device());
  const auto image = background.expand({b * size * size, channels}).contiguous().index_copy(0, to, colour);
  const auto zbuffer = torch::full({b * size * size}, inputs.background_depth, vertices.options()).index_copy(0, to, z);
  return {image.view({b, size, size, channels}).permute({0, 3, 1, 2}).contiguous(), zbuffer.view({b, size, size}),
          visible.to(vertices.device())};
}

}  // namespace lifted::ops
