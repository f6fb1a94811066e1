#include "lifted/data/heads/preview.h"

#include <functional>

#include "lifted/base/error.h"
#include "lifted/data/heads/render.h"
#include "lifted/data/parallel.h"
#include "lifted/formats/contact_sheet.h"

namespace lifted::data::heads {
namespace {

using formats::Image;

constexpr float degrees = 3.14159265f / 180;

Image to_image(const std::vector<float>& colors, int size) {
  return {size, size, 3, to_bytes(colors)};
}

/// Shows value(pixel) as grey.
template <typename Value>
Image grey_map(const HeadSample& sample, Value value) {
  std::vector<float> colors;
  for (size_t i = 0; i < sample.mask.size(); ++i) colors.insert(colors.end(), 3, value(i));
  return to_image(colors, sample.size);
}

Image normal_map(const HeadSample& sample) {
  std::vector<float> colors(sample.normal.size());
  for (size_t i = 0; i < colors.size(); ++i) {
    const float sign = i % 3 == 0 ? 0.5f : -0.5f;  // x as it is, y up, z toward the viewer
    colors[i] = (sample.normal[i] * sign + 0.5f) * sample.mask[i / 3];
  }
  return to_image(colors, sample.size);
}

Image label_map(const HeadSample& sample) {
  constexpr Color palette[] = {{.85f, .65f, .5f}, {.75f, .6f, .5f}, {.5f, .1f, .1f}, {.9f, .5f, .5f},
                               {.8f, .3f, .3f},   {1, 1, .9f},      {.9f, .9f, 1},   {0, 0, 0},
                               {0, 0, 0},         {.35f, .25f, .5f}};
  std::vector<float> colors;
  for (uint8_t label : sample.label) {
    const Color c = label < 10 ? palette[label] : Color{};
    colors.insert(colors.end(), {c.x, c.y, c.z});
  }
  return to_image(colors, sample.size);
}

void append_maps(const HeadSample& s, std::vector<Image>& images) {
  images.push_back(to_image(s.image, s.size));
  images.push_back(to_image(s.albedo, s.size));
  images.push_back(grey_map(s, [&](size_t i) { return s.shading[i] / 1.2f; }));
  images.push_back(
      grey_map(s, [&](size_t i) { return s.mask[i] > 0.01f ? 1 - clamp01((s.depth[i] - 0.9f) / 0.22f) : 0; }));
  images.push_back(normal_map(s));
  images.push_back(label_map(s));
  images.push_back(grey_map(s, [&](size_t i) { return s.mask[i]; }));
}

std::vector<Image> render_all(const FaceModel& model, int count, int size,
                              const std::function<HeadParameters(int)>& parameters) {
  std::vector<Image> images(count);
  ordered_parallel<Image>(
      count, default_workers(),
      [&](int64_t i) { return to_image(render_head(model, parameters(static_cast<int>(i)), size).image, size); },
      [&](int64_t i, Image image) { images[i] = std::move(image); });
  return images;
}

}  // namespace

Image preview_heads(const FaceModel& model, const PreviewOptions& options) {
  const auto parameters = [&](int i) { return sample_parameters(options.recipe, options.seed, options.start + i); };
  return formats::render_contact_sheet(
      {.images = render_all(model, 64, options.size, parameters), .columns = 8, .gap = 0});
}

Image preview_yaw_and_light(const FaceModel& model, const PreviewOptions& options) {
  constexpr float lights[3][3] = {{-.8f, -.3f, -1}, {0, -.5f, -1}, {.8f, -.3f, -1}};
  const auto parameters = [&](int i) {
    HeadParameters p = sample_parameters(options.recipe, options.seed, options.start);
    p.image.view = {};
    p.image.view.ry = (i % 7 - 3) * 20 * degrees;
    p.image.zoom = 1;
    const float* l = lights[i / 7];
    p.image.light.direction = normalized({l[0], l[1], l[2]});
    return p;
  };
  return formats::render_contact_sheet({.images = render_all(model, 21, options.size, parameters),
                                        .columns = 7,
                                        .row_labels = {"light from left", "from above", "from right"},
                                        .column_labels = {"yaw -60°", "-40°", "-20°", "0°", "20°", "40°", "60°"}});
}

Image preview_ground_truth(const FaceModel& model, const PreviewOptions& options) {
  std::vector<Image> images;
  for (uint64_t i = 0; i < 8; ++i)
    append_maps(render_head(model, options.recipe, options.seed, options.start + i, options.size), images);
  return formats::render_contact_sheet(
      {.images = images,
       .columns = 7,
       .column_labels = {"image", "albedo", "shading", "depth", "normal", "label", "mask"}});
}

Image preview_identities(const FaceModel& model, const PreviewOptions& options) {
  HeadRecipe recipe = options.recipe;
  recipe.images_per_identity = 8;
  const auto parameters = [&](int i) { return sample_parameters(recipe, options.seed, 8 * options.start + i); };
  std::vector<std::string> labels;
  const char* who = recipe.family == Family::cats ? "cat" : "person";
  for (int i = 0; i < 6; ++i) labels.push_back(fmt::format("{} {}", who, options.start + i));
  return formats::render_contact_sheet(
      {.images = render_all(model, 48, options.size, parameters), .columns = 8, .row_labels = labels});
}

Image preview(const std::string& kind, const FaceModel& model, const PreviewOptions& options) {
  options.recipe.validate();
  if (kind == "heads") return preview_heads(model, options);
  if (kind == "yaw-light") return preview_yaw_and_light(model, options);
  if (kind == "ground-truth") return preview_ground_truth(model, options);
  if (kind == "identities") return preview_identities(model, options);
  usage_error("there is no sheet \"{}\"; there are heads, yaw-light, ground-truth and identities", kind);
}

}  // namespace lifted::data::heads
