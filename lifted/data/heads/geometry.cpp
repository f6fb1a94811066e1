#include "lifted/data/heads/geometry.h"

#include "lifted/data/heads/beard.h"
#include "lifted/data/heads/curves.h"
#include "lifted/data/heads/head_polar.h"
#include "lifted/data/heads/noise.h"

namespace lifted::data::heads {
namespace {

/// Beard volume and the shirt's offset, along the normals of the bare skin.
void thicken(const FaceModelData& model, const HeadParameters& parameters, Positions& vertices) {
  const BeardParameters& beard = parameters.person.beard;
  const bool volume = has_volume(beard.style);
  const Positions normals = vertex_normals(vertices, model.triangles);
  for (int i = 0; i < model.skin_vertices; ++i) {
    const Vec3 p = model.neutral[i];
    float offset = 0.35f * smoothstep(0, -0.5f, above_collar(p.y, p.z, parameters.image.cloth_height));
    if (volume && p.z > 0) {
      const float grows = beard_mask(beard.style, beard.shift, p.x, p.y, p.z) *
                          smoothstep(0.05f, -0.5f, lip_distance(face_curves(), p.x, p.y, p.z));
      const float n = value_noise(1.2f * p.x, 1.2f * p.y, 1.2f * p.z, parameters.person.noise_seed + 77);
      offset += beard.thickness * grows * (1 + 0.35f * n);
    }
    vertices[i] = vertices[i] + normals[i] * offset;
  }
}

/// Ears under hair are pressed onto the skull rather than cut, so that the mesh stays closed.
void press_ears(const FaceModelData& model, const HairField& field, const BaseGrid& base, Positions& vertices) {
  std::vector<int> ids;
  std::vector<float> theta, h, c, s;
  for (int i = 0; i < model.skin_vertices; ++i) {
    if (model.ear[i] <= 0) continue;
    const HeadPolar polar = head_polar(model.neutral[i].x, model.neutral[i].y, model.neutral[i].z);
    ids.push_back(i), theta.push_back(polar.theta), h.push_back(polar.h);
    c.push_back(cosine(polar.theta)), s.push_back(sine(polar.theta));
  }
  std::vector<float> scalp(ids.size()), loose(ids.size());
  const PolarPoints points{static_cast<int>(ids.size()), theta.data(), c.data(), s.data(), h.data()};
  LIFTED_CALL_ISA(evaluate_hair_field, field, points, HairFieldOutput{scalp.data(), loose.data()});
  for (size_t k = 0; k < ids.size(); ++k) {
    const float weight = smoothstep(-0.1f, 0.5f, max_of(scalp[k], loose[k]));
    const Vec3 flat = base_position(base, theta[k], h[k]) - polar_ray(theta[k], h[k]).direction * 0.25f;
    vertices[ids[k]] = mix(vertices[ids[k]], flat, weight);
  }
}

}  // namespace

Positions vertex_normals(const Positions& vertices, const std::vector<Triangle>& triangles) {
  Positions normals(vertices.size());
  for (const Triangle& t : triangles) {
    const Vec3 n = cross(vertices[t[1]] - vertices[t[0]], vertices[t[2]] - vertices[t[0]]);
    for (int corner : t) normals[corner] = normals[corner] + n;
  }
  for (Vec3& n : normals) n = normalized(n);
  return normals;
}

HeadGeometry build_geometry(const FaceModel& model, const HeadParameters& parameters, const HairField& field) {
  HeadGeometry geometry;
  geometry.vertices = model.identity_vertices(parameters.person.shape);
  geometry.placement = place_head(model.data(), geometry.vertices, parameters.image.zoom);
  model.add_expression(parameters.image.expression, geometry.vertices);
  thicken(model.data(), parameters, geometry.vertices);
  const HairStyle style = parameters.person.hair.style;
  if (style != HairStyle::bald) {
    const BaseGrid base = model.data().hair_base.positions(geometry.vertices);
    geometry.hair = build_hair(field, base);
    if (covers_ears(style)) press_ears(model.data(), field, base, geometry.vertices);
  }
  geometry.normals = vertex_normals(geometry.vertices, model.data().triangles);
  return geometry;
}

}  // namespace lifted::data::heads
