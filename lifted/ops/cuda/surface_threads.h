// The passes over depth maps on a card, but for the launch: what the threads are given and how many there are.
// `launch(body, count)` runs body(0) … body(count − 1); tests do so in a loop.
#pragma once

#include "lifted/ops/backends.h"
#include "lifted/ops/cuda/surface_body.h"

namespace lifted::ops::cuda {

inline Tensor dense_float(const Tensor& t) {
  return t.to(at::kFloat).contiguous();
}

inline DepthGridOnCard grid_of(const Tensor& depth, double focal, double principal) {
  return {depth.data_ptr<float>(), core::divisor_of(depth.size(1)), core::divisor_of(depth.size(2)),
          static_cast<float>(1 / focal), static_cast<float>(principal)};
}

inline core::Vector3<float>* vectors(const Tensor& t) {
  return reinterpret_cast<core::Vector3<float>*>(t.data_ptr<float>());
}

template <typename Launch>
Tensor surface_vertices(const Launch& launch, const Tensor& depth_any, const OptionalTensor& map_any,
                        const Tensor& rotation_any, const Tensor& offset_any, double focal, double principal) {
  if (depth_any.scalar_type() == at::kDouble) {
    return reference::surface_vertices(depth_any, map_any, rotation_any, offset_any, focal, principal);
  }
  const auto depth = dense_float(depth_any), rotation = dense_float(rotation_any), offset = dense_float(offset_any);
  const auto map = map_any ? dense_float(*map_any) : Tensor();
  auto vertices = at::empty({depth.size(0), depth.size(1), depth.size(2), 3}, depth.options());
  launch(MoveSampleThread{grid_of(depth, focal, principal), rotation.data_ptr<float>(), offset.data_ptr<float>(),
                          map.defined() ? map.data_ptr<float>() : nullptr, vectors(vertices)},
         depth.numel());
  return vertices.to(depth_any.scalar_type());
}

template <typename Launch>
std::tuple<Tensor, Tensor, Tensor> shade_surface(const Launch& launch, const Tensor& depth_any,
                                                 const OptionalTensor& albedo_any, const OptionalTensor& ambient_any,
                                                 const OptionalTensor& diffuse_any, const OptionalTensor& direction_any,
                                                 double focal, double principal, bool unit_normals) {
  if (depth_any.scalar_type() == at::kDouble) {
    return reference::shade_surface(depth_any, albedo_any, ambient_any, diffuse_any, direction_any, focal, principal,
                                    unit_normals);
  }
  const auto depth = dense_float(depth_any);
  const auto normals = at::empty({depth.size(0), depth.size(1), depth.size(2), 3}, depth.options());
  ShadeSampleThread thread = {};
  thread.grid = grid_of(depth, focal, principal);
  thread.epsilon = unit_normals ? 0.0f : 1e-7f;
  thread.normals = vectors(normals);
  Tensor ambient, diffuse, direction, albedo, shading, image;
  if (albedo_any) {
    ambient = dense_float(*ambient_any), diffuse = dense_float(*diffuse_any), direction = dense_float(*direction_any);
    albedo = dense_float(*albedo_any);
    shading = at::empty({depth.size(0), 1, depth.size(1), depth.size(2)}, depth.options());
    image = at::empty_like(albedo);
    thread.ambient = ambient.data_ptr<float>(), thread.diffuse = diffuse.data_ptr<float>();
    thread.direction = direction.data_ptr<float>(), thread.albedo = albedo.data_ptr<float>();
    thread.shading = shading.data_ptr<float>(), thread.image = image.data_ptr<float>();
  }
  launch(thread, depth.numel());
  const auto type = depth_any.scalar_type();
  const auto stored = [&](const Tensor& t) { return t.defined() ? t.to(type) : t; };
  return {stored(normals), stored(shading), stored(image)};
}

}  // namespace lifted::ops::cuda
