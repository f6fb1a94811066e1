// Where a head sits in front of the camera. Camera frame: x right, y down, z into the scene, pinhole at the origin,
// field of view 10°.
#pragma once

#include <array>
#include <span>

#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/recipe.h"

namespace lifted::data::heads {

constexpr double tan_half_fov = 0.087488663525924;  // tan 5°

/// Where the pixels of an S×S image lie on the plane z = 1, which spans ±tan_half_fov.
enum class PixelGrid {
  cells,  ///< pixel j covers a cell: center ((j + ½)·2/S − 1)·tan 5°
  nodes  ///< LiftedGAN's depth grid: center (2j/(S − 1) − 1)·tan 5°, border pixels on the edge of the field of view
};

/// Canonical placement, from the person's neutral mesh: X_can = s·diag(1, −1, −1)(X − pivot) + (0, 0, 1).
struct Placement {
  double scale;                 ///< s, per cm
  std::array<double, 3> pivot;  ///< template frame, cm
  std::array<double, 3> face;   ///< middle of eyes and mouth relative to (0, 0, 1), canonical frame, x set to 0
  double eye_mouth;             ///< distance of eyes and mouth, cm
};
Placement place_head(const FaceModelData& model, std::span<const Vec3> identity_vertices, double zoom);

using Matrix3 = std::array<std::array<double, 3>, 3>;
/// Rz(rz)·Ry(ry)·Rx(rx), right-handed in the camera frame, as LiftedGAN's get_rotation_matrix.
Matrix3 rotation_matrix(const View& view);
Vec3 rotate(const Matrix3& rotation, Vec3 v);

/// Rotation about (0, 0, 1), then translation.
struct CameraTransform {
  Placement placement;
  Matrix3 rotation;
  std::array<double, 3> translation;  ///< jitter and recentring

  /// Of a template-frame point in cm.
  Vec3 point(Vec3 p) const;
  /// Of a template-frame direction.
  Vec3 direction(Vec3 n) const;
};

/// `view.tx … tz` is the jitter; the face is followed by `recentre` (0 … 1) of its shift in x and y.
CameraTransform camera_transform(const Placement& placement, const View& view, double recentre);

}  // namespace lifted::data::heads
