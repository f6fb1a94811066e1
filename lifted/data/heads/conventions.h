// The one place where quantities of these heads become LiftedGAN's, and back.
//
// Both use a camera with x right, y down and z into the scene, and the same rotations about (0, 0, 1). They differ in
// three things: normals and light directions here point out of the surface and toward the light (negative z toward the
// viewer), LiftedGAN's point the other way; LiftedGAN writes lights and views as raw network outputs in -1 … 1; its
// depth grid puts border samples on the edge of the field of view (PixelGrid::nodes).
#pragma once

#include <array>

#include "lifted/data/heads/recipe.h"

namespace lifted::data::heads {

/// (L0, L1, L2, L3): ambient L0/2 + ½, diffuse L1/2 + ½, direction (L2, L3, 1)/‖·‖ in LiftedGAN's sense. The light's
/// direction must have negative z (not behind the head).
std::array<float, 4> to_raw_light(const Light& light);
Light from_raw_light(const std::array<float, 4>& raw);

/// (pitch, yaw, roll)/60°, (x, y)/0.1, z/0.01.
std::array<float, 6> to_raw_view(const View& view);
View from_raw_view(const std::array<float, 6>& raw);

/// Outward normal (or direction toward a light) to LiftedGAN's, and back.
inline Vec3 flip_direction(Vec3 n) {
  return {-n.x, -n.y, -n.z};
}

/// LiftedGAN's canonical depth range and what it puts where there is nothing.
constexpr float lifted_min_depth = 0.9f, lifted_max_depth = 1.1f, lifted_border_depth = 1.05f;

}  // namespace lifted::data::heads
