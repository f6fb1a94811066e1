#include "lifted/data/heads/camera_frame.h"

#include <cmath>

namespace lifted::data::heads {
namespace {

using Vector = std::array<double, 3>;

Vector mean_of(std::span<const Vec3> vertices, std::span<const int32_t> ids) {
  Vector sum{};
  for (int32_t id : ids) sum[0] += vertices[id].x, sum[1] += vertices[id].y, sum[2] += vertices[id].z;
  for (double& s : sum) s /= static_cast<double>(ids.size());
  return sum;
}

Vector product(const Matrix3& m, const Vector& v) {
  Vector result{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) result[i] += m[i][j] * v[j];
  return result;
}

Matrix3 product(const Matrix3& a, const Matrix3& b) {
  Matrix3 result{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) result[i][j] += a[i][k] * b[k][j];
  return result;
}

Vec3 to_vec3(const Vector& v) {
  return {static_cast<float>(v[0]), static_cast<float>(v[1]), static_cast<float>(v[2])};
}

}  // namespace

Placement place_head(const FaceModelData& model, std::span<const Vec3> vertices, double zoom) {
  const std::span<const int32_t> landmarks(model.landmarks);
  const int32_t corners[] = {landmarks[48], landmarks[54]};
  const Vector eyes = mean_of(vertices, landmarks.subspan(36, 12)), mouth = mean_of(vertices, corners);
  const double distance = std::hypot(eyes[0] - mouth[0], eyes[1] - mouth[1], eyes[2] - mouth[2]);
  Placement placement;
  placement.eye_mouth = distance;
  placement.scale = 2 * tan_half_fov * zoom / (3.5 * distance);
  placement.pivot = {eyes[0], eyes[1] - 0.10 * distance, eyes[2] - 1.03 * distance};
  const double s = placement.scale;
  placement.face = {0, -s * ((eyes[1] + mouth[1]) / 2 - placement.pivot[1]),
                    -s * ((eyes[2] + mouth[2]) / 2 - placement.pivot[2])};
  return placement;
}

Matrix3 rotation_matrix(const View& view) {
  const double cx = std::cos(view.rx), sx = std::sin(view.rx), cy = std::cos(view.ry), sy = std::sin(view.ry);
  const double cz = std::cos(view.rz), sz = std::sin(view.rz);
  const Matrix3 x{{{1, 0, 0}, {0, cx, -sx}, {0, sx, cx}}}, y{{{cy, 0, sy}, {0, 1, 0}, {-sy, 0, cy}}};
  const Matrix3 z{{{cz, -sz, 0}, {sz, cz, 0}, {0, 0, 1}}};
  return product(z, product(y, x));
}

Vec3 rotate(const Matrix3& rotation, Vec3 v) {
  return to_vec3(product(rotation, Vector{v.x, v.y, v.z}));
}

CameraTransform camera_transform(const Placement& placement, const View& view, double recentre) {
  CameraTransform transform{placement, rotation_matrix(view), {}};
  const Vector turned = product(transform.rotation, placement.face);
  transform.translation = {view.tx - recentre * (turned[0] - placement.face[0]),
                           view.ty - recentre * (turned[1] - placement.face[1]), view.tz};
  return transform;
}

Vec3 CameraTransform::point(Vec3 p) const {
  const auto& [s, pivot, face, eye_mouth] = placement;
  Vector result = product(rotation, Vector{s * (p.x - pivot[0]), -s * (p.y - pivot[1]), -s * (p.z - pivot[2])});
  for (int i = 0; i < 3; ++i) result[i] += translation[i];
  result[2] += 1;
  return to_vec3(result);
}

Vec3 CameraTransform::direction(Vec3 n) const {
  return rotate(rotation, {n.x, -n.y, -n.z});
}

}  // namespace lifted::data::heads
