#include "lifted/data/heads/surface.h"

#include <cmath>

#include "lifted/data/heads/materials.h"

namespace lifted::data::heads {
namespace {

/// A mesh as seen by the camera.
struct CameraMesh {
  std::vector<ScreenVertex> screen;
  Positions normals;
};

CameraMesh to_camera(const Positions& vertices, const Positions& normals, const CameraTransform& camera,
                     const Projection& projection) {
  CameraMesh mesh;
  mesh.screen.reserve(vertices.size()), mesh.normals.reserve(vertices.size());
  for (const Vec3& p : vertices) mesh.screen.push_back(projection.project(camera.point(p)));
  for (const Vec3& n : normals) mesh.normals.push_back(camera.direction(n));
  return mesh;
}

/// Perspective-correct barycentric coordinates of a pixel center.
struct Footprint {
  float weight[3];
  bool back;  // seen from behind
};

Footprint footprint(const CameraMesh& mesh, const Triangle& t, int x, int y) {
  const ScreenVertex &a = mesh.screen[t[0]], &b = mesh.screen[t[1]], &c = mesh.screen[t[2]];
  const float px = static_cast<float>(x) + 0.5f, py = static_cast<float>(y) + 0.5f,
              area = edge_function(a, b, c.x, c.y);
  const float sign = area > 0 ? 1.0f : -1.0f;
  Footprint f;
  f.weight[0] = max_of(sign * edge_function(b, c, px, py), 0) * a.inverse_z;
  f.weight[1] = max_of(sign * edge_function(c, a, px, py), 0) * b.inverse_z;
  f.weight[2] = max_of(sign * edge_function(a, b, px, py), 0) * c.inverse_z;
  const float scale = 1 / max_of(f.weight[0] + f.weight[1] + f.weight[2], 1e-30f);
  for (float& w : f.weight) w *= scale;
  f.back = area > 0;  // y points down: outward triangles have negative area when they face the camera
  return f;
}

template <typename T>
T blend(const Footprint& f, const Triangle& t, const std::vector<T>& values) {
  return values[t[0]] * f.weight[0] + values[t[1]] * f.weight[1] + values[t[2]] * f.weight[2];
}

void add_face_point(const FaceModelData& model, const Triangle& t, const Footprint& f, int32_t pixel,
                    SurfacePoints& points) {
  const Vec3 p = blend(f, t, model.neutral);
  points.pixel.push_back(pixel);
  points.attribute[0].push_back(p.x), points.attribute[1].push_back(p.y), points.attribute[2].push_back(p.z);
  points.attribute[3].push_back(blend(f, t, model.occlusion));
  points.attribute[4].push_back(blend(f, t, model.ear));
}

void add_hair_point(const HairMesh& hair, const Triangle& t, const Footprint& f, int32_t pixel, SurfacePoints& points) {
  points.pixel.push_back(pixel);
  points.attribute[0].push_back(blend(f, t, hair.theta));
  points.attribute[1].push_back(blend(f, t, hair.h));
  points.attribute[2].push_back(blend(f, t, hair.field));
  points.attribute[3].push_back(blend(f, t, hair.cavity));
  points.attribute[4].push_back(f.back ? 1.0f : 0.0f);
}

SurfaceMaps empty_maps(int width) {
  SurfaceMaps maps;
  maps.width = width;
  const size_t pixels = static_cast<size_t>(width) * width;
  for (int c = 0; c < 3; ++c) maps.albedo[c].assign(pixels, 0), maps.normal[c].assign(pixels, 0);
  maps.depth.assign(pixels, 0);
  maps.label.assign(pixels, static_cast<uint8_t>(Part::background));
  return maps;
}

void store(SurfaceMaps& maps, int32_t pixel, float inverse_z, Vec3 n) {
  maps.depth[pixel] = 1 / inverse_z;
  maps.normal[0][pixel] = n.x, maps.normal[1][pixel] = n.y, maps.normal[2][pixel] = n.z;
}

Paint paint_of(const FaceModelData& model, const HeadParameters& parameters, const HairField& field) {
  Paint paint{};
  paint.person = &parameters.person;
  paint.hair_field = &field;
  paint.curves = &face_curves();
  paint.upper_lids = model.upper_lids.data();
  paint.lower_lids = model.lower_lids.data();
  paint.eye_centers = model.eye_centers;
  for (const auto& mole : parameters.person.skin.moles) {
    const int last = model.mole_vertices - 1;
    paint.moles.push_back(
        model.neutral[std::min(static_cast<int>(mole.where * static_cast<float>(model.mole_vertices)), last)]);
  }
  paint.cloth = parameters.image.cloth;
  paint.cloth_height = parameters.image.cloth_height;
  const float yaw = parameters.image.gaze_yaw, pitch = parameters.image.gaze_pitch;
  paint.gaze = {sine(yaw) * cosine(pitch), sine(pitch), cosine(yaw) * cosine(pitch)};
  return paint;
}

void paint_part(Part part, const Paint& paint, const PaintPoints& points) {
  switch (part) {
    case Part::face:
    case Part::neck:
      return LIFTED_CALL_ISA(paint_skin, paint, points);
    case Part::mouth:
      return LIFTED_CALL_ISA(paint_mouth, paint, points);
    case Part::eye_socket:
      return LIFTED_CALL_ISA(paint_eye_sockets, paint, points);
    case Part::gums:
      return LIFTED_CALL_ISA(paint_gums, paint, points);
    case Part::teeth:
      return LIFTED_CALL_ISA(paint_teeth, paint, points);
    default:
      return LIFTED_CALL_ISA(paint_eyeballs, paint, points);
  }
}

}  // namespace

Projection::Projection(int size, int factor, PixelGrid grid) : width_(size * factor) {
  const double pixels = grid == PixelGrid::cells ? size : size - 1;
  focal_ = static_cast<float>(pixels * factor / (2 * tan_half_fov));
}

ScreenVertex Projection::project(Vec3 p) const {
  const float inverse_z = 1 / max_of(p.z, 1e-3f), center = 0.5f * static_cast<float>(width_);
  return {p.x * inverse_z * focal_ + center, p.y * inverse_z * focal_ + center, inverse_z};
}

SurfaceMaps visible_surface(const FaceModelData& model, const HeadGeometry& geometry, const CameraTransform& camera,
                            const Projection& projection) {
  const int width = projection.width();
  const int32_t face_triangles = static_cast<int32_t>(model.triangles.size());
  const CameraMesh face = to_camera(geometry.vertices, geometry.normals, camera, projection);
  const CameraMesh hair = to_camera(geometry.hair.positions, geometry.hair.normals, camera, projection);
  VisibilityBuffer buffer(width, width);
  rasterize_into(buffer, face.screen, model.triangles, 0);
  rasterize_into(buffer, hair.screen, geometry.hair.triangles, face_triangles);

  SurfaceMaps maps = empty_maps(width);
  for (int32_t pixel = 0; pixel < width * width; ++pixel) {
    const int32_t id = buffer.triangle[pixel];
    if (id < 0) continue;
    const bool is_hair = id >= face_triangles;
    const Triangle& t = is_hair ? geometry.hair.triangles[id - face_triangles] : model.triangles[id];
    const CameraMesh& mesh = is_hair ? hair : face;
    const Footprint f = footprint(mesh, t, pixel % width, pixel / width);
    const Vec3 n = normalized(blend(f, t, mesh.normals));
    store(maps, pixel, buffer.inverse_z[pixel], f.back ? n * -1.0f : n);
    const uint8_t part = is_hair ? static_cast<uint8_t>(Part::hair) : model.part[t[0]];
    maps.label[pixel] = part;
    if (is_hair)
      add_hair_point(geometry.hair, t, f, pixel, maps.points[part]);
    else
      add_face_point(model, t, f, pixel, maps.points[part]);
  }
  return maps;
}

PaintPoints paint_points(const SurfacePoints& points, std::array<std::vector<float>, 3>& color) {
  const int count = static_cast<int>(points.pixel.size());
  for (std::vector<float>& channel : color) channel.assign(count, 0);
  const auto& a = points.attribute;
  return {count,       a[0].data(),     a[1].data(),     a[2].data(),    a[3].data(),
          a[4].data(), color[0].data(), color[1].data(), color[2].data()};
}

void scatter(const std::vector<int32_t>& pixel, const std::array<std::vector<float>, 3>& color, SurfaceMaps& maps) {
  for (int c = 0; c < 3; ++c)
    for (size_t i = 0; i < pixel.size(); ++i) maps.albedo[c][pixel[i]] = clamp01(color[c][i]);
}

void paint_surface(const FaceModelData& model, const HeadParameters& parameters, const HairField& field,
                   SurfaceMaps& maps) {
  const Paint paint = paint_of(model, parameters, field);
  std::array<std::vector<float>, 3> color;
  for (size_t part = 0; part < maps.points.size(); ++part) {
    const SurfacePoints& points = maps.points[part];
    if (points.pixel.empty()) continue;
    const PaintPoints p = paint_points(points, color);
    if (static_cast<Part>(part) == Part::hair) {
      const auto& a = points.attribute;
      LIFTED_CALL_ISA(paint_hair, paint,
                      HairPoints{p.count, a[0].data(), a[1].data(), a[2].data(), a[3].data(), p.red, p.green, p.blue});
      for (std::vector<float>& channel : color)
        for (int i = 0; i < p.count; ++i) channel[i] *= 1 - 0.55f * a[4][i];  // the shell's inside, behind the neck
    } else {
      paint_part(static_cast<Part>(part), paint, p);
    }
    scatter(points.pixel, color, maps);
  }
}

}  // namespace lifted::data::heads
