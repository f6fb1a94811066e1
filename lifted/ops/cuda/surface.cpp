#include "lifted/ops/cuda/on_card.h"
#include "lifted/ops/cuda/surface_threads.h"

namespace lifted::ops {

Tensor cuda::surface_vertices(const Tensor& depth_any, const OptionalTensor& map_any, const Tensor& rotation_any,
                              const Tensor& offset_any, double focal, double principal) {
  const c10::cuda::CUDAGuard guard(depth_any.device());
  return surface_vertices(on_card, depth_any, map_any, rotation_any, offset_any, focal, principal);
}

std::tuple<Tensor, Tensor, Tensor> cuda::shade_surface(const Tensor& depth_any, const OptionalTensor& albedo_any,
                                                       const OptionalTensor& ambient_any,
                                                       const OptionalTensor& diffuse_any,
                                                       const OptionalTensor& direction_any, double focal,
                                                       double principal, bool unit_normals) {
  const c10::cuda::CUDAGuard guard(depth_any.device());
  return shade_surface(on_card, depth_any, albedo_any, ambient_any, diffuse_any, direction_any, focal, principal,
                       unit_normals);
}

}  // namespace lifted::ops
