#include "lifted/ops/backends.h"

namespace lifted::ops {
namespace {

/// Every sample's point, B×H×W×3.
Tensor points_of(const Tensor& depth, double focal, double principal) {
  const auto options = depth.options().requires_grad(false);
  const auto along = [&](int64_t size) { return (at::arange(size, options) - principal) / focal; };
  const auto x = along(depth.size(2)).view({1, 1, -1}), y = along(depth.size(1)).view({1, -1, 1});
  return at::stack({depth * x, depth * y, depth}, 3);
}

/// The border repeats what it encloses.
Tensor with_border(const Tensor& inner) {
  return at::replication_pad2d(inner.permute({0, 3, 1, 2}), {1, 1, 1, 1}).permute({0, 2, 3, 1});
}

Tensor normals_of(const Tensor& points, bool unit_normals) {
  const int64_t rows = points.size(1), columns = points.size(2);
  const auto middle_rows = points.slice(1, 1, rows - 1), middle_columns = points.slice(2, 1, columns - 1);
  const auto across = middle_rows.slice(2, 2) - middle_rows.slice(2, 0, columns - 2);
  const auto down = middle_columns.slice(1, 2) - middle_columns.slice(1, 0, rows - 2);
  const auto normal = at::cross(across, down, 3);
  const auto square = normal.square().sum(3, true);
  return with_border(normal / (unit_normals ? square.clamp_min(1e-30).sqrt() : square.sqrt() + 1e-7));
}

}  // namespace

Tensor reference::surface_vertices(const Tensor& depth, const OptionalTensor& transform_map, const Tensor& rotation,
                                   const Tensor& offset, double focal, double principal) {
  const auto points = points_of(depth, focal, principal);
  const auto moved =
      at::matmul(points.flatten(1, 2), rotation.transpose(1, 2)).view(points.sizes()) + offset.view({-1, 1, 1, 3});
  if (!transform_map) return moved;
  const auto follows = transform_map->permute({0, 2, 3, 1});
  return follows * moved + (1 - follows) * points;
}

std::tuple<Tensor, Tensor, Tensor> reference::shade_surface(const Tensor& depth, const OptionalTensor& albedo,
                                                            const OptionalTensor& ambient,
                                                            const OptionalTensor& diffuse,
                                                            const OptionalTensor& direction, double focal,
                                                            double principal, bool unit_normals) {
  const auto normals = normals_of(points_of(depth, focal, principal), unit_normals);
  if (!albedo) return {normals, Tensor(), Tensor()};
  const auto cosine = (normals * direction->view({-1, 1, 1, 3})).sum(3).clamp_min(0).unsqueeze(1);
  const auto shading = ambient->view({-1, 1, 1, 1}) + diffuse->view({-1, 1, 1, 1}) * cosine;
  return {normals, shading, (*albedo / 2 + 0.5) * shading * 2 - 1};
}

}  // namespace lifted::ops
