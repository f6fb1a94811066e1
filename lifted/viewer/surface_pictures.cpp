#include "lifted/viewer/surface_pictures.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/formats/color_map.h"
#include "lifted/scene/resolution.h"

namespace lifted::viewer {
namespace {

constexpr double kClay = -0.2;      // albedo of the neutral surface, −1 … 1
constexpr int64_t kWireLines = 32;  // about so many grid lines to a side
constexpr double kWireShade = 0.5;  // of the surface between them

scene::LitScene textured(const model::Estimate& estimate, const torch::Tensor& texture, const SurfaceView& view) {
  return {estimate.canon_depth, texture, {}, view.view, estimate.trans_map};
}

torch::Tensor grey(const torch::Tensor& values) {
  return (values.clamp(0, 1) * 2 - 1).expand({1, 3, -1, -1}).contiguous();
}

torch::Tensor clay(const model::Estimate& estimate) {
  return torch::full_like(estimate.canon_albedo, kClay);
}

torch::Tensor canonical_shading(const model::LiftedGan& lifted, const model::Estimate& estimate,
                                const torch::Tensor& light) {
  return scene::shading(lifted.renderer().normals(estimate.canon_depth), scene::parse_light(light));
}

/// Every few rows and columns of the depth map as bright lines on the darkened clay.
torch::Tensor wire_texture(const model::LiftedGan& lifted, const model::Estimate& estimate,
                           const torch::Tensor& light) {
  const torch::Tensor shaded = scene::shade(clay(estimate), canonical_shading(lifted, estimate, light));
  torch::Tensor texture = (shaded.clamp(-1, 1) + 1) * kWireShade - 1;
  const int64_t size = texture.size(2), step = std::max<int64_t>(4, size / kWireLines);
  for (int64_t line = step / 2; line < size; line += step) {
    texture.select(2, line).fill_(0.7);
    texture.select(3, line).fill_(0.7);
  }
  return texture;
}

void fill_background(formats::Image& image, const torch::Tensor& mask, uint32_t color) {
  if (color == 0xffffff) return;  // the renderer's own
  const torch::Tensor seen = mask[0][0].to(torch::kCPU, torch::kFloat).contiguous();
  const float* values = seen.data_ptr<float>();
  const auto red = static_cast<uint8_t>(color >> 16), green = static_cast<uint8_t>(color >> 8),
             blue = static_cast<uint8_t>(color);
  for (int64_t i = 0; i < seen.numel(); ++i) {
    if (values[i] > 0) continue;
    uint8_t* pixel = &image.pixels[static_cast<size_t>(3 * i)];
    pixel[0] = red, pixel[1] = green, pixel[2] = blue;
  }
}

formats::Image depth_picture(const model::Estimate& estimate, const scene::RenderedMesh& mesh) {
  const torch::Tensor seen = mesh.mask[0][0] > 0.5;
  return formats::depth_image(mesh.depth[0].masked_fill(~seen, NAN), estimate.canon_depth.min().item<double>(),
                              estimate.canon_depth.max().item<double>());
}

scene::LitScene scene_of(const model::LiftedGan& lifted, const model::Estimate& estimate, const std::string& what,
                         const SurfaceView& view) {
  if (what == "image") return {estimate.canon_depth, estimate.canon_albedo, view.light, view.view, estimate.trans_map};
  if (what == "neutral") return {estimate.canon_depth, clay(estimate), view.light, view.view, estimate.trans_map};
  if (what == "albedo" || what == "depth") return textured(estimate, estimate.canon_albedo, view);
  if (what == "wire") return textured(estimate, wire_texture(lifted, estimate, view.light), view);
  if (what == "transform") return textured(estimate, grey(estimate.trans_map), view);
  if (what == "mask") return textured(estimate, torch::ones_like(estimate.canon_albedo), view);
  if (what == "shading") return textured(estimate, grey(canonical_shading(lifted, estimate, view.light)), view);
  require(what == "normals", "{}: not a picture of a surface", what);
  return textured(estimate, lifted.renderer().normals(estimate.canon_depth).permute({0, 3, 1, 2}), view);
}

}  // namespace

formats::Image surface_picture(const model::LiftedGan& lifted, const model::Estimate& estimate, const std::string& what,
                               const SurfaceView& view) {
  const scene::RenderedMesh mesh = scene::draw_at(lifted.renderer(), scene_of(lifted, estimate, what, view), view.size);
  if (what == "mask") return formats::image_from_tensor(grey(mesh.mask)[0]);
  formats::Image image = what == "depth" ? depth_picture(estimate, mesh) : formats::image_from_tensor(mesh.image[0]);
  fill_background(image, mesh.mask, view.background);
  return image;
}

}  // namespace lifted::viewer
