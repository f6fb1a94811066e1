#include "lifted/ops/surface.h"

#include "lifted/base/error.h"
#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

Tensor call_surface_vertices(const Tensor& depth, const OptionalTensor& transform_map, const Tensor& rotation,
                             const Tensor& offset, double focal, double principal) {
  static const auto op = find_op<SurfaceVertices>("lifted::surface_vertices");
  return op.call(depth, transform_map, rotation, offset, focal, principal);
}

std::tuple<Tensor, Tensor, Tensor> call_shade_surface(const Tensor& depth, const OptionalTensor& albedo,
                                                      const OptionalTensor& ambient, const OptionalTensor& diffuse,
                                                      const OptionalTensor& direction, double focal, double principal,
                                                      bool unit_normals) {
  static const auto op = find_op<ShadeSurface>("lifted::shade_surface");
  return op.call(depth, albedo, ambient, diffuse, direction, focal, principal, unit_normals);
}

void check_depth(const Tensor& depth) {
  require(depth.dim() == 3 && depth.size(1) >= 3 && depth.size(2) >= 3,
          "a depth map must have shape B×H×W and at least 3×3 samples, got {}", fmt::join(depth.sizes(), "×"));
}

void check_shape(const Tensor& tensor, const std::vector<int64_t>& shape, const char* name) {
  require(tensor.sizes() == at::IntArrayRef(shape), "{} must have shape {}, got {}", name, fmt::join(shape, "×"),
          fmt::join(tensor.sizes(), "×"));
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def(
      "surface_vertices(Tensor depth, Tensor? transform_map, Tensor rotation, Tensor offset, float focal, "
      "float principal) -> Tensor");
  m.def(
      "shade_surface(Tensor depth, Tensor? albedo, Tensor? ambient, Tensor? diffuse, Tensor? direction, float focal, "
      "float principal, bool unit_normals) -> (Tensor, Tensor, Tensor)");
  implement<SurfaceVertices>(m, "surface_vertices",
                             {.cpu = fp32_kernel<cpu::surface_vertices, reference::surface_vertices>,
                              .cuda = LIFTED_CUDA_KERNEL(cuda::surface_vertices),
                              .elsewhere = reference::surface_vertices,
                              .autograd = reference_gradient<reference::surface_vertices, call_surface_vertices>});
  implement<ShadeSurface>(m, "shade_surface",
                          {.cpu = fp32_kernel<cpu::shade_surface, reference::shade_surface>,
                           .cuda = LIFTED_CUDA_KERNEL(cuda::shade_surface),
                           .elsewhere = reference::shade_surface,
                           .autograd = reference_gradient<reference::shade_surface, call_shade_surface>});
}

Tensor surface_vertices(const Tensor& depth, const SurfaceCamera& camera, const Tensor& rotation, const Tensor& offset,
                        const Tensor& transform_map, Implementation implementation) {
  check_depth(depth);
  check_shape(rotation, {depth.size(0), 3, 3}, "rotation");
  check_shape(offset, {depth.size(0), 3}, "offset");
  if (transform_map.defined()) {
    check_shape(transform_map, {depth.size(0), 1, depth.size(1), depth.size(2)}, "transform_map");
  }
  const auto f =
      implementation == Implementation::reference ? in_fp32<reference::surface_vertices> : call_surface_vertices;
  return f(depth, optional(transform_map), rotation, offset, camera.focal, camera.principal);
}

ShadedSurface shade_surface(const Tensor& depth, const SurfaceCamera& camera, bool unit_normals,
                            const SurfaceLight& light, const Tensor& albedo, Implementation implementation) {
  check_depth(depth);
  const bool lit = albedo.defined();
  if (lit) {
    check_shape(light.ambient, {depth.size(0)}, "ambient");
    check_shape(light.diffuse, {depth.size(0)}, "diffuse");
    check_shape(light.direction, {depth.size(0), 3}, "direction");
    check_shape(albedo, {depth.size(0), 3, depth.size(1), depth.size(2)}, "albedo");
  }
  const SurfaceLight shown = lit ? light : SurfaceLight{};
  const auto f = implementation == Implementation::reference ? in_fp32<reference::shade_surface> : call_shade_surface;
  const auto [normals, shading, image] = f(depth, optional(albedo), optional(shown.ambient), optional(shown.diffuse),
                                           optional(shown.direction), camera.focal, camera.principal, unit_normals);
  return {normals, shading, image};
}

}  // namespace lifted::ops
