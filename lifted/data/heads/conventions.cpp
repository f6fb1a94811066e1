#include "lifted/data/heads/conventions.h"

#include <cmath>
#include <numbers>

#include "lifted/base/error.h"
#include "lifted/data/heads/scalar.h"

namespace lifted::data::heads {
namespace {

constexpr double rotation_scale = std::numbers::pi / 3, xy_scale = 0.1, z_scale = 0.01;

}  // namespace

std::array<float, 4> to_raw_light(const Light& light) {
  const Vec3 l = light.direction;
  require(l.z < 0, "a light behind the head (direction z = {}) has no counterpart in LiftedGAN's lights", l.z);
  return {to_float(2 * light.ambient - 1), to_float(2 * light.diffuse - 1), l.x / l.z, l.y / l.z};
}

Light from_raw_light(const std::array<float, 4>& raw) {
  return {0.5 * raw[0] + 0.5, 0.5 * raw[1] + 0.5, normalized({-raw[2], -raw[3], -1})};
}

std::array<float, 6> to_raw_view(const View& v) {
  return {to_float(v.rx / rotation_scale), to_float(v.ry / rotation_scale), to_float(v.rz / rotation_scale),
          to_float(v.tx / xy_scale),       to_float(v.ty / xy_scale),       to_float(v.tz / z_scale)};
}

View from_raw_view(const std::array<float, 6>& raw) {
  return {raw[0] * rotation_scale, raw[1] * rotation_scale, raw[2] * rotation_scale,
          raw[3] * xy_scale,       raw[4] * xy_scale,       raw[5] * z_scale};
}

}  // namespace lifted::data::heads
