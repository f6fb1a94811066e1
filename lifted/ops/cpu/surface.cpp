#include <ATen/Parallel.h>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/surface_kernel.h"

namespace lifted::ops {
namespace {

constexpr int64_t kRowsPerTask = 32;

SurfaceParams depth_params(const Tensor& depth, double focal, double principal) {
  SurfaceParams p = {};
  p.batch = depth.size(0), p.rows = depth.size(1), p.columns = depth.size(2);
  p.slope = static_cast<float>(1 / focal), p.principal = static_cast<float>(principal);
  p.depth = depth.data_ptr<float>();
  return p;
}

}  // namespace

Tensor cpu::surface_vertices(const Tensor& depth_any, const OptionalTensor& map_any, const Tensor& rotation_any,
                             const Tensor& offset_any, double focal, double principal) {
  const auto depth = depth_any.contiguous(), rotation = rotation_any.contiguous(), offset = offset_any.contiguous();
  const auto map = map_any ? map_any->contiguous() : Tensor();
  SurfaceParams p = depth_params(depth, focal, principal);
  auto vertices = at::empty({p.batch, p.rows, p.columns, 3}, depth.options());
  p.rotation = rotation.data_ptr<float>(), p.offset = offset.data_ptr<float>();
  p.transform_map = map.defined() ? map.data_ptr<float>() : nullptr;
  p.vertices = vertices.data_ptr<float>();
  at::parallel_for(0, p.batch * p.rows, kRowsPerTask,
                   [&](int64_t first, int64_t last) { LIFTED_CALL_ISA(surface_vertices, p, first, last); });
  return vertices;
}

std::tuple<Tensor, Tensor, Tensor> cpu::shade_surface(const Tensor& depth_any, const OptionalTensor& albedo_any,
                                                      const OptionalTensor& ambient_any,
                                                      const OptionalTensor& diffuse_any,
                                                      const OptionalTensor& direction_any, double focal,
                                                      double principal, bool unit_normals) {
  const auto depth = depth_any.contiguous();
  SurfaceParams p = depth_params(depth, focal, principal);
  p.unit_normals = unit_normals;
  const auto normals = at::empty({p.batch, p.rows, p.columns, 3}, depth.options());
  p.normals = normals.data_ptr<float>();
  Tensor ambient, diffuse, direction, albedo, shading, image;
  if (albedo_any) {
    ambient = ambient_any->contiguous(), diffuse = diffuse_any->contiguous(), direction = direction_any->contiguous();
    albedo = albedo_any->contiguous();
    shading = at::empty({p.batch, 1, p.rows, p.columns}, depth.options());
    image = at::empty_like(albedo);
    p.ambient = ambient.data_ptr<float>(), p.diffuse = diffuse.data_ptr<float>();
    p.direction = direction.data_ptr<float>(), p.albedo = albedo.data_ptr<float>();
    p.shading = shading.data_ptr<float>(), p.image = image.data_ptr<float>();
  }
  at::parallel_for(0, p.batch * p.rows, kRowsPerTask,
                   [&](int64_t first, int64_t last) { LIFTED_CALL_ISA(shade_surface, p, first, last); });
  return {normals, shading, image};
}

}  // namespace lifted::ops
