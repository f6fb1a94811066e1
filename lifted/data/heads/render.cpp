#include "lifted/data/heads/render.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/data/heads/background.h"
#include "lifted/data/heads/geometry.h"
#include "lifted/data/heads/head.h"
#include "lifted/data/heads/rasterizer.h"
#include "lifted/data/heads/surface.h"

namespace lifted::data::heads {
namespace {

int supersampling_of(const RenderOptions& options, int size) {
  if (options.supersampling > 0) return options.supersampling;
  return size <= 64 ? 4 : size <= 128 ? 3 : 2;
}

/// Averages blocks of sub-pixels.
class BoxFilter {
 public:
  BoxFilter(int size, int factor) : size_(size), factor_(factor) {}

  /// value(sub-pixel index) is summed over each pixel; `out` has `stride` entries per pixel.
  template <typename Value>
  void mean(std::vector<float>& out, int stride, int offset, Value value) const {
    const int wide = size_ * factor_;
    const float scale = 1.0f / static_cast<float>(factor_ * factor_);
    for (int y = 0; y < size_; ++y)
      for (int x = 0; x < size_; ++x) {
        float sum = 0;
        for (int v = 0; v < factor_; ++v)
          for (int u = 0; u < factor_; ++u) sum += value((y * factor_ + v) * wide + x * factor_ + u);
        out[(y * size_ + x) * stride + offset] = sum * scale;
      }
  }

 private:
  int size_, factor_;
};

void reduce(const SurfaceMaps& maps, const Light& light, Vec3 l, int factor, HeadSample& sample) {
  const int size = sample.size, wide = size * factor;
  const BoxFilter box(size, factor);
  std::vector<float> shading(maps.pixels());
  for (size_t i = 0; i < shading.size(); ++i) {
    const float facing = maps.normal[0][i] * l.x + maps.normal[1][i] * l.y + maps.normal[2][i] * l.z;
    const float lit = static_cast<float>(light.ambient) + static_cast<float>(light.diffuse) * max_of(facing, 0);
    shading[i] = maps.covered(i) ? lit : 1.0f;
  }
  const size_t pixels = static_cast<size_t>(size) * size;
  sample.image.resize(3 * pixels), sample.albedo.resize(3 * pixels), sample.normal.resize(3 * pixels);
  sample.shading.resize(pixels), sample.depth.resize(pixels), sample.mask.resize(pixels), sample.label.resize(pixels);
  for (int c = 0; c < 3; ++c) {
    const std::vector<float>&albedo = maps.albedo[c], &normal = maps.normal[c];
    box.mean(sample.image, 3, c, [&](size_t i) { return clamp01(albedo[i] * shading[i]); });
    box.mean(sample.albedo, 3, c, [&](size_t i) { return albedo[i]; });
    box.mean(sample.normal, 3, c, [&](size_t i) { return normal[i]; });
  }
  box.mean(sample.shading, 1, 0, [&](size_t i) { return shading[i]; });
  box.mean(sample.mask, 1, 0, [&](size_t i) { return maps.covered(i) ? 1.0f : 0.0f; });
  box.mean(sample.depth, 1, 0, [&](size_t i) { return maps.depth[i]; });
  for (size_t i = 0; i < pixels; ++i) {
    sample.depth[i] = sample.mask[i] > 0 ? sample.depth[i] / sample.mask[i] : 0;
    float* n = &sample.normal[3 * i];
    const Vec3 unit = normalized({n[0], n[1], n[2]});
    if (sample.mask[i] > 0) n[0] = unit.x, n[1] = unit.y, n[2] = unit.z;
    const size_t y = i / size * factor + factor / 2, x = i % size * factor + factor / 2;
    sample.label[i] = maps.label[y * wide + x];
  }
}

std::array<Vec3, 68> project_landmarks(const FaceModelData& model, const HeadGeometry& geometry,
                                       const CameraTransform& camera, const Projection& projection, int factor) {
  std::array<Vec3, 68> landmarks;
  for (size_t k = 0; k < landmarks.size(); ++k) {
    const Vec3 p = camera.point(geometry.vertices[model.landmarks[k]]);
    const ScreenVertex s = projection.project(p);
    landmarks[k] = {s.x / static_cast<float>(factor), s.y / static_cast<float>(factor), p.z};
  }
  return landmarks;
}

}  // namespace

HeadSample render_head(const FaceModel& model, const HeadParameters& parameters, int size,
                       const RenderOptions& options) {
  if (size < 8 || size > 4096) usage_error("the image size is {}, but must be from 8 to 4096", size);
  const int factor = supersampling_of(options, size);
  if (factor > 16) usage_error("the supersampling factor is {}, but must be at most 16", factor);
  HeadSample sample;
  sample.size = size;
  sample.parameters = parameters;
  const std::unique_ptr<Head> head = make_head(model, parameters);
  const HeadGeometry geometry = head->geometry();
  sample.camera = camera_transform(geometry.placement, parameters.image.view, parameters.image.recentre);
  sample.light_in_camera = rotate(sample.camera.rotation, parameters.image.light.direction);

  const Projection projection(size, factor, options.pixel_grid);
  SurfaceMaps maps = visible_surface(model.data(), geometry, sample.camera, projection);
  head->paint(maps);
  paint_background(parameters.image.background, maps);
  reduce(maps, parameters.image.light, sample.light_in_camera, factor, sample);
  sample.landmarks = project_landmarks(model.data(), geometry, sample.camera, projection, factor);
  return sample;
}

std::array<Vec3, 68> head_landmarks(const FaceModel& model, const HeadParameters& parameters, int size,
                                    PixelGrid pixel_grid) {
  const HeadGeometry geometry = make_head(model, parameters)->geometry();
  const CameraTransform camera = camera_transform(geometry.placement, parameters.image.view, parameters.image.recentre);
  return project_landmarks(model.data(), geometry, camera, Projection(size, 1, pixel_grid), 1);
}

HeadSample render_head(const FaceModel& model, const HeadRecipe& recipe, uint64_t seed, uint64_t index, int size,
                       const RenderOptions& options) {
  return render_head(model, sample_parameters(recipe, seed, index), size, options);
}

HeadParameters canonical_parameters(HeadParameters parameters) {
  parameters.image.view = {};
  parameters.image.recentre = 0;
  return parameters;
}

std::vector<uint8_t> to_bytes(const std::vector<float>& values) {
  std::vector<uint8_t> bytes(values.size());
  std::transform(values.begin(), values.end(), bytes.begin(),
                 [](float v) { return static_cast<uint8_t>(clamp01(v) * 255 + 0.5f); });
  return bytes;
}

}  // namespace lifted::data::heads
