#include "lifted/ops/surface.h"

#include <ATen/Parallel.h>

#include "lifted/base/error.h"
#include "lifted/ops/cpu/surface_kernel.h"

namespace lifted::ops {
namespace {

constexpr int64_t kRowsPerTask = 32;

SurfaceParams depth_params(const torch::Tensor& depth, const SurfaceCamera& camera) {
  require(depth.dim() == 3 && depth.size(1) >= 3 && depth.size(2) >= 3,
          "a depth map must have shape B×H×W and at least 3×3 samples, got {}", fmt::join(depth.sizes(), "×"));
  SurfaceParams p = {};
  p.batch = depth.size(0), p.rows = depth.size(1), p.columns = depth.size(2);
  p.slope = static_cast<float>(1 / camera.focal), p.principal = static_cast<float>(camera.principal);
  p.depth = depth.data_ptr<float>();
  return p;
}

/// The tensor in dense order, checked to be a batch of the expected shape of one image.
torch::Tensor batched(const torch::Tensor& tensor, int64_t batch, std::vector<int64_t> shape, const char* name) {
  shape.insert(shape.begin(), batch);
  require(tensor.sizes() == torch::IntArrayRef(shape), "{} must have shape {}, got {}", name, fmt::join(shape, "×"),
          fmt::join(tensor.sizes(), "×"));
  return tensor.contiguous();
}

}  // namespace

bool surface_fusable(std::initializer_list<torch::Tensor> tensors) {
  for (const auto& tensor : tensors) {
    if (!tensor.defined()) continue;
    if (torch::GradMode::is_enabled() && tensor.requires_grad()) return false;
    if (!tensor.device().is_cpu() || tensor.scalar_type() != torch::kFloat) return false;
  }
  return true;
}

torch::Tensor surface_vertices(const torch::Tensor& depth_in, const SurfaceCamera& camera,
                               const torch::Tensor& rotation_in, const torch::Tensor& offset_in,
                               const torch::Tensor& transform_map_in) {
  const auto depth = depth_in.contiguous();
  SurfaceParams p = depth_params(depth, camera);
  const auto rotation = batched(rotation_in, p.batch, {3, 3}, "rotation"),
             offset = batched(offset_in, p.batch, {3}, "offset");
  const auto map = transform_map_in.defined()
                       ? batched(transform_map_in, p.batch, {1, p.rows, p.columns}, "transform_map")
                       : torch::Tensor();
  auto vertices = torch::empty({p.batch, p.rows, p.columns, 3}, depth.options());
  p.rotation = rotation.data_ptr<float>(), p.offset = offset.data_ptr<float>();
  p.transform_map = map.defined() ? map.data_ptr<float>() : nullptr;
  p.vertices = vertices.data_ptr<float>();
  at::parallel_for(0, p.batch * p.rows, kRowsPerTask,
                   [&](int64_t first, int64_t last) { LIFTED_CALL_ISA(surface_vertices, p, first, last); });
  return vertices;
}

ShadedSurface shade_surface(const torch::Tensor& depth_in, const SurfaceCamera& camera, bool unit_normals,
                            const SurfaceLight& light, const torch::Tensor& albedo_in) {
  const auto depth = depth_in.contiguous();
  SurfaceParams p = depth_params(depth, camera);
  p.unit_normals = unit_normals;
  ShadedSurface result;
  result.normals = torch::empty({p.batch, p.rows, p.columns, 3}, depth.options());
  p.normals = result.normals.data_ptr<float>();
  torch::Tensor ambient, diffuse, direction, albedo;  // Keep the memory alive.
  if (albedo_in.defined()) {
    ambient = batched(light.ambient, p.batch, {}, "ambient"), diffuse = batched(light.diffuse, p.batch, {}, "diffuse");
    direction = batched(light.direction, p.batch, {3}, "direction");
    albedo = batched(albedo_in, p.batch, {3, p.rows, p.columns}, "albedo");
    result.shading = torch::empty({p.batch, 1, p.rows, p.columns}, depth.options());
    result.image = torch::empty_like(albedo);
    p.ambient = ambient.data_ptr<float>(), p.diffuse = diffuse.data_ptr<float>(),
    p.direction = direction.data_ptr<float>();
    p.albedo = albedo.data_ptr<float>(), p.shading = result.shading.data_ptr<float>(),
    p.image = result.image.data_ptr<float>();
  }
  at::parallel_for(0, p.batch * p.rows, kRowsPerTask,
                   [&](int64_t first, int64_t last) { LIFTED_CALL_ISA(shade_surface, p, first, last); });
  return result;
}

}  // namespace lifted::ops
