#include "lifted/model/lift_config.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/json.h"

namespace lifted::model {
namespace {

/// Calls visit(name, field) for every field, so that reading and writing cannot disagree.
template <typename Config, typename Visit>
void for_each_field(Config& c, Visit visit) {
  visit("min_depth", c.min_depth);
  visit("max_depth", c.max_depth);
  visit("border_depth", c.border_depth);
  visit("blur_radius", c.blur_radius);
  visit("blur_sigma", c.blur_sigma);
  visit("rotation_degrees", c.rotation_degrees);
  visit("xy_translation", c.xy_translation);
  visit("z_translation", c.z_translation);
  visit("fov_degrees", c.fov_degrees);
  visit("rotation_centre_depth", c.rotation_centre_depth);
  visit("clip_render_grad", c.clip_render_grad);
  visit("unit_normals", c.unit_normals);
}

}  // namespace

LiftConfig LiftConfig::at(int size) {
  LiftConfig config;
  config.blur_radius = std::max<int64_t>(1, std::lround(static_cast<double>(config.blur_radius * size) / 256));
  config.blur_sigma = config.blur_sigma * size / 256;
  return config;
}

scene::RendererConfig LiftConfig::renderer(int size) const {
  scene::RendererConfig config;
  config.size = size;
  config.fov_degrees = fov_degrees;
  config.rotation_centre_depth = rotation_centre_depth;
  config.min_depth = min_depth;
  config.max_depth = max_depth;
  config.view_scale = {rotation_degrees, xy_translation, z_translation};
  config.unit_normals = unit_normals;
  config.clip_render_grad = clip_render_grad;
  return config;
}

nlohmann::json LiftConfig::to_json() const {
  nlohmann::json json;
  for_each_field(*this, [&](const char* name, const auto& field) { json[name] = field; });
  return json;
}

LiftConfig LiftConfig::from_json(const nlohmann::json& json) {
  require(json.is_object(), "the lifting configuration must be a JSON object");
  LiftConfig config;
  size_t known = 0;
  for_each_field(config, [&](const char* name, auto& field) {
    if (!json.contains(name)) return;
    read_field(json, name, "lifting configuration", field);
    ++known;
  });
  require(known == json.size(), "the lifting configuration has a field this version does not know: {}",
          shown(json, 400));
  config.validate();
  return config;
}

void LiftConfig::validate() const {
  for_each_field(*this, [](const char* name, const auto& field) {
    require(std::isfinite(static_cast<double>(field)) && std::abs(static_cast<double>(field)) <= 1e6,
            "lifting configuration: {} is {}, expected a number of at most a million", name, field);
  });
  require(0 < min_depth && min_depth < max_depth && max_depth < 1e6,
          "lifting configuration: depths {} … {} are no range", min_depth, max_depth);
  require(border_depth >= min_depth && border_depth <= max_depth,
          "lifting configuration: border_depth {} is outside {} … {}", border_depth, min_depth, max_depth);
  require(blur_radius >= 0 && blur_radius < 1024 && blur_sigma > 0,
          "lifting configuration: blur radius {} and sigma {} are out of range", blur_radius, blur_sigma);
  require(fov_degrees > 0 && fov_degrees < 180, "lifting configuration: fov_degrees {} is outside 0 … 180",
          fov_degrees);
}

}  // namespace lifted::model
