#include "lifted/scene/resolution.h"

#include "lifted/base/error.h"

namespace lifted::scene {
namespace {

/// B×C×H×W to another side, corner samples on corner samples, as the depth grid counts them.
torch::Tensor resampled(const torch::Tensor& planes, int64_t size) {
  return torch::upsample_bicubic2d(planes, {size, size}, true);
}

torch::Tensor nearest(const torch::Tensor& planes, int64_t size) {
  return torch::upsample_nearest2d(planes, {size, size});
}

RenderedMesh reduced(const RenderedMesh& mesh, int64_t size) {
  return {torch::adaptive_avg_pool2d(mesh.image.contiguous(), {size, size}),
          nearest(mesh.depth.unsqueeze(1), size).squeeze(1), nearest(mesh.mask, size),
          nearest(mesh.faces.unsqueeze(1).to(torch::kFloat), size).squeeze(1).to(torch::kInt)};
}

}  // namespace

RenderedMesh draw_at(const Renderer& renderer, const LitScene& scene, int64_t size) {
  require(size >= 4 && size <= 4096, "a picture of {0}×{0} pixels: expected a side of 4 to 4096", size);
  if (size <= renderer.config().size) {
    const RenderedMesh mesh = renderer.render_lit(scene).mesh;
    return size == renderer.config().size ? mesh : reduced(mesh, size);
  }
  const torch::Tensor texture =
      scene.light.defined() ? shade(scene.albedo, shading(renderer.normals(scene.depth), parse_light(scene.light)))
                            : scene.albedo;
  RendererConfig config = renderer.config();
  config.size = size;
  const torch::Tensor map =
      scene.transform_map.defined() ? resampled(scene.transform_map, size).clamp(0, 1) : scene.transform_map;
  return Renderer(config).render(resampled(scene.depth.unsqueeze(1), size).squeeze(1).contiguous(),
                                 resampled(texture, size), config.view_scale.apply(scene.view), map);
}

}  // namespace lifted::scene
