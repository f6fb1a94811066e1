// The rasterizer on a card, but for the launch: what the threads are given and how many there are. `launch(body,
// count)` runs body(0) … body(count − 1); tests do so in a loop.
#pragma once

#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/rasterize_body.h"

namespace lifted::ops::cuda {

/// Projected vertices and the mesh that points into them.
struct DeviceMesh {
  Tensor projected;
  MeshGrid grid;
};

template <typename Launch>
DeviceMesh project_mesh(const Launch& launch, const Tensor& vertices, double focal, int64_t size,
                        bool perspective_correct) {
  DeviceMesh mesh;
  mesh.projected = at::empty(vertices.sizes(), vertices.options());  // B×H×W×3
  auto* out = reinterpret_cast<core::Corner<float>*>(mesh.projected.data_ptr<float>());
  launch(ProjectVertexThread{vertices.data_ptr<float>(), out, static_cast<float>(focal)}, vertices.numel() / 3);
  mesh.grid = {out, vertices.size(1), vertices.size(2), size, perspective_correct};
  return mesh;
}

inline Tensor dense_in_any_order(const Tensor& tensor) {
  return tensor.is_non_overlapping_and_dense() ? tensor : tensor.contiguous();
}

inline ValueStrides strides_of(const Tensor& t) {
  return {t.stride(0), t.stride(1), t.stride(2), t.stride(3)};
}

template <typename Launch>
RasterizeOutputs rasterize(const Launch& launch, const RasterizeInputs& in) {
  const auto vertices = in.vertices.to(at::kFloat).contiguous();
  const auto attributes = dense_in_any_order(in.attributes.to(at::kFloat));
  const auto background = in.background.to(at::kFloat).contiguous();
  const int64_t b = vertices.size(0), channels = attributes.size(3);
  auto image = at::empty({b, channels, in.size, in.size}, vertices.options());
  auto depth = at::empty({b, in.size, in.size}, vertices.options());
  auto faces = at::empty({b, in.size, in.size}, vertices.options().dtype(at::kInt));
  const DeviceMesh mesh = project_mesh(launch, vertices, in.focal, in.size, in.perspective_correct);
  const auto keys = at::full({b, in.size, in.size}, -1, vertices.options().dtype(at::kLong));  // kNothing
  auto* key = reinterpret_cast<PixelKey*>(keys.data_ptr<int64_t>());
  launch(CoverTriangleThread{mesh.grid, key}, b * 2 * mesh.grid.quads());
  launch(ResolvePixelThread{mesh.grid, key, attributes.data_ptr<float>(), strides_of(attributes), channels,
                            background.data_ptr<float>(), static_cast<float>(in.background_depth),
                            image.data_ptr<float>(), depth.data_ptr<float>(), faces.data_ptr<int32_t>()},
         b * in.size * in.size);
  const auto type = in.vertices.scalar_type();
  return {image.to(type), depth.to(type), faces};
}

template <typename Launch>
RasterizeGradients rasterize_backward(const Launch& launch, const RasterizeGradientInputs& in) {
  const auto vertices = in.vertices.to(at::kFloat).contiguous(), faces = in.faces.contiguous();
  const auto attributes = dense_in_any_order(in.attributes.to(at::kFloat));
  const auto grad_image = in.grad_image.to(at::kFloat).contiguous(),
             grad_depth = in.grad_depth.to(at::kFloat).contiguous();
  auto grad_vertices = at::empty(vertices.sizes(), vertices.options());
  auto grad_attributes = at::zeros_like(attributes);  // keeps the strides of dense tensors
  const DeviceMesh mesh = project_mesh(launch, vertices, in.focal, faces.size(1), in.perspective_correct);
  launch(GatherVertexThread{mesh.grid, static_cast<float>(in.focal), faces.data_ptr<int32_t>(),
                            attributes.data_ptr<float>(), strides_of(attributes), attributes.size(3),
                            grad_image.data_ptr<float>(), grad_depth.data_ptr<float>(), grad_vertices.data_ptr<float>(),
                            grad_attributes.data_ptr<float>()},
         vertices.numel() / 3);
  return {grad_vertices.to(in.vertices.scalar_type()), grad_attributes.to(in.attributes.scalar_type())};
}

}  // namespace lifted::ops::cuda
