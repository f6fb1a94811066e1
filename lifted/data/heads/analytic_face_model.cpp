// The built-in head as a face model: a grid of skin, two ears, two eyeballs, and modes that are differences of the
// formula.
#include <cmath>
#include <functional>

#include "lifted/data/heads/analytic_shape.h"
#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/head_polar.h"

namespace lifted::data::heads {
namespace {

constexpr int skin_columns = 224, skin_rows = 184;
constexpr int ear_rings = 20, ear_sides = 28, eye_rings = 22, eye_sides = 32;

/// Columns crowd in front; rows crowd between brows and chin.
float skin_theta(int column) {
  const float u = 2 * static_cast<float>(column) / skin_columns - 1;
  return pi * u * (0.45f + 0.55f * u * u);
}
float skin_height(int row) {
  constexpr float rows[] = {0, 36, 146, skin_rows - 1}, heights[] = {15.7f, 4, -9.5f, -23};
  return interpolate(static_cast<float>(row), rows, heights);
}

/// The ear before attachment: s on the unit sphere.
Vec3 ear_point(Vec3 s, float side) {
  const float taper = 1 + 0.22f * s.y;                           // lobes are narrower
  const float height = 2.75f * s.y, width = 1.5f * s.z * taper;  // along y and z
  const float dish = 0.55f * (1 - s.y * s.y - s.z * s.z);        // hollow outside
  const float thickness = 0.42f * s.x - (s.x > 0 ? dish : 0.6f * dish);
  const float flare = 0.42f * (0.9f - s.z);  // the rear edge stands off
  return {side * (7.55f + flare + thickness), 1.7f + height, -0.1f + width - 0.25f * s.y};
}

class Builder {
 public:
  Builder() {
    model_.name = "the built-in head";
    add_skin();
    skin_only_ = static_cast<int>(model_.neutral.size());
    skin_triangles_ = model_.triangles.size();
    for (float side : {1.0f, -1.0f}) add_ear(side);
    model_.skin_vertices = model_.mole_vertices = static_cast<int>(model_.neutral.size());
    for (float side : {1.0f, -1.0f}) add_eye(side);
    model_.eye_centers = {Vec3{eye_x, eye_y, eye_z}, Vec3{-eye_x, eye_y, eye_z}};
    add_lids();
    add_landmarks();
    add_identity();
    add_expressions();
    const std::span<const Triangle> skull(model_.triangles.data(), skin_triangles_);
    model_.hair_base = HairBase(model_.neutral, skull);
  }
  FaceModelData take() { return std::move(model_); }

 private:
  using Field = std::function<Vec3(Vec3)>;

  int add(Vec3 p, Part part, float occlusion, float ear) {
    model_.neutral.push_back(p);
    model_.part.push_back(static_cast<uint8_t>(part));
    model_.occlusion.push_back(occlusion);
    model_.ear.push_back(ear);
    return static_cast<int>(model_.neutral.size()) - 1;
  }

  void add_skin();
  void add_ear(float side);
  void add_eye(float side);
  void add_lids();
  void add_landmarks();
  void add_identity();
  void add_expressions();
  Positions trait_mode(const AnalyticTraits& traits) const;
  Positions field_mode(const Field& field) const;
  void add_paired(const std::string& name, const Field& left);

  AnalyticShape shape_;
  FaceModelData model_;
  int skin_only_ = 0;
  size_t skin_triangles_ = 0;
};

void Builder::add_skin() {
  for (int i = 0; i < skin_rows; ++i)
    for (int j = 0; j < skin_columns; ++j) {
      const Vec3 p = shape_.point(skin_theta(j), skin_height(i), {});
      add(p, p.z > 0 && p.y > -8.5f ? Part::face : Part::neck, AnalyticShape::occlusion(p), 0);
    }
  for (int i = 0; i + 1 < skin_rows; ++i)
    for (int j = 0; j < skin_columns; ++j) {
      const int a = i * skin_columns + j, b = i * skin_columns + (j + 1) % skin_columns, c = a + skin_columns,
                d = b + skin_columns;
      model_.triangles.push_back({a, c, b});
      model_.triangles.push_back({b, c, d});
    }
}

void Builder::add_ear(float side) {
  const int first = static_cast<int>(model_.neutral.size());
  for (int i = 0; i <= ear_rings; ++i)
    for (int j = 0; j < ear_sides; ++j) {
      // Poles at the outer and inner side, so that the rim is a ring.
      const float v = pi * static_cast<float>(i) / ear_rings, u = 2 * pi * static_cast<float>(j) / ear_sides;
      const Vec3 s{cosine(v), sine(v) * sine(u), sine(v) * cosine(u)};
      const float hollow = s.x > 0 ? 0.6f * gaussian2(s.y + 0.15f, s.z - 0.25f, 0.5f, 0.45f) : 0.35f;
      add(ear_point(s, side), Part::face, 1 - hollow, 1);
    }
  for (int i = 0; i < ear_rings; ++i)
    for (int j = 0; j < ear_sides; ++j) {
      const int a = first + i * ear_sides + j, b = first + i * ear_sides + (j + 1) % ear_sides, c = a + ear_sides,
                d = b + ear_sides;
      const Triangle t1{a, c, b}, t2{b, c, d}, f1{a, b, c}, f2{b, d, c};
      model_.triangles.push_back(side > 0 ? f1 : t1);
      model_.triangles.push_back(side > 0 ? f2 : t2);
    }
}

void Builder::add_eye(float side) {
  const int first = static_cast<int>(model_.neutral.size());
  for (int i = 0; i <= eye_rings; ++i)
    for (int j = 0; j < eye_sides; ++j) {
      const float v = 1.45f * static_cast<float>(i) / eye_rings, u = 2 * pi * static_cast<float>(j) / eye_sides;
      const Vec3 s{sine(v) * cosine(u), sine(v) * sine(u), cosine(v)};
      add(Vec3{side * eye_x, eye_y, eye_z} + s * eye_radius, Part::eyeball, 0.8f, 0);
    }
  for (int i = 0; i < eye_rings; ++i)
    for (int j = 0; j < eye_sides; ++j) {
      const int a = first + i * eye_sides + j, b = first + i * eye_sides + (j + 1) % eye_sides, c = a + eye_sides,
                d = b + eye_sides;
      model_.triangles.push_back({a, c, b});
      model_.triangles.push_back({b, c, d});
    }
}

void Builder::add_lids() {
  for (int eye = 0; eye < 2; ++eye)
    for (bool upper : {true, false}) {
      Positions& line = upper ? model_.upper_lids[eye] : model_.lower_lids[eye];
      for (int k = 0; k <= 16; ++k) {
        const float along = static_cast<float>(k) / 8 - 1, x = AnalyticShape::lid_half_width * along;
        const float y = AnalyticShape::lid_margin(along, upper), dy = y - eye_y, r = eye_radius + 0.06f;
        line.push_back(
            {(eye == 0 ? -1.0f : 1.0f) * (eye_x + x), y, eye_z + square_root(max_of(r * r - x * x - dy * dy, 0.1f))});
      }
    }
}

/// The 68 points of Multi-PIE as positions in the frontal view, snapped to the nearest front vertex.
void Builder::add_landmarks() {
  std::array<Vec3, 68> wanted;
  for (int k = 0; k < 17; ++k) {
    const float a = pi * static_cast<float>(k) / 16;
    wanted[k] = {-7.0f * cosine(a) * (1 - 0.12f * sine(a)), 2.5f - 10.2f * sine(a), 0};
  }
  for (int k = 0; k < 5; ++k) {
    const float x = 1.17f + 1.16f * static_cast<float>(k), y = curve_at(face_curves().brow, x);
    wanted[22 + k] = {x, y, 0}, wanted[21 - k] = {-x, y, 0};
  }
  for (int k = 0; k < 4; ++k) wanted[27 + k] = {0, 4.2f - 1.27f * static_cast<float>(k), 0};
  for (int k = 0; k < 5; ++k) wanted[31 + k] = {-1.3f + 0.65f * static_cast<float>(k), -0.9f, 0};
  const float around[6] = {-1, -0.35f, 0.35f, 1, 0.35f, -0.35f};
  for (int k = 0; k < 6; ++k) {
    const float y = AnalyticShape::lid_margin(-around[k], k < 3),
                mirrored = AnalyticShape::lid_margin(around[k], k < 3);
    wanted[36 + k] = {-eye_x + 1.5f * around[k], y, 0}, wanted[42 + k] = {eye_x + 1.5f * around[k], mirrored, 0};
  }
  for (int k = 0; k < 20; ++k) {
    const bool outer = k < 12;
    const float a = 2 * pi * static_cast<float>(outer ? k : k - 12) / (outer ? 12 : 8), c = cosine(a), s = sine(a);
    wanted[48 + k] = {-(outer ? 2.53f : 2.2f) * c, -3.5f + (outer ? 0.95f : 0.05f) * s, 0};
  }
  for (int k = 0; k < 68; ++k) {
    float best = 1e9f;
    for (int i = 0; i < skin_only_; ++i) {
      const Vec3 p = model_.neutral[i];
      if (p.z < (k < 17 ? -1.0f : 5.0f)) continue;
      const float d = square(p.x - wanted[k].x) + square(p.y - wanted[k].y) - 0.001f * p.z;
      if (d < best) best = d, model_.landmarks[k] = i;
    }
  }
}

Positions Builder::trait_mode(const AnalyticTraits& traits) const {
  Positions mode(model_.neutral.size());
  for (int k = 0; k < skin_only_; ++k)
    mode[k] = shape_.point(skin_theta(k % skin_columns), skin_height(k / skin_columns), traits) - model_.neutral[k];
  return mode;
}

Positions Builder::field_mode(const Field& field) const {
  Positions mode;
  for (const Vec3& p : model_.neutral) mode.push_back(field(p));
  return mode;
}

void Builder::add_identity() {
  const auto narrower = [](float x, float y, float z) {
    return [=](Vec3 p) { return Vec3{x * p.x, y * (p.y - 3.6f), z * (p.z - 2)}; };
  };
  auto& modes = model_.identity;
  // The first three carry what style is drawn from: slender and feminine, broad and flat, narrow-nosed and thin-lipped.
  modes.push_back(trait_mode(
      {.jaw = -1.1f, .chin = -0.5f, .neck = -1.3f, .brow_ridge = -0.9f, .nose_length = -0.5f, .lips = 0.4f}));
  modes.push_back(field_mode(narrower(0.028f, -0.022f, 0)));
  modes.push_back(trait_mode({.nose_width = -0.9f, .nose_bridge = 0.7f, .lips = -0.8f, .muzzle = -0.6f}));
  modes.push_back(trait_mode({.cheekbones = 0.9f, .cheeks = -0.8f}));
  modes.push_back(trait_mode({.chin = 0.9f, .nose_length = 0.6f}));
  modes.push_back(trait_mode({.forehead = 0.7f, .socket = 0.6f, .crown = 0.7f}));
  modes.push_back(field_mode(narrower(0.008f, 0.018f, -0.015f)));
  modes.push_back(trait_mode({.jaw = 0.8f, .neck = 0.4f, .cheeks = 0.8f}));
  modes.push_back(trait_mode({.nose_length = 0.9f, .nose_width = -0.3f, .nose_bridge = -0.8f}));
  modes.push_back(trait_mode({.lips = 0.8f, .muzzle = 0.6f}));
  modes.push_back(field_mode([](Vec3 p) {  // lower face longer or shorter
    return Vec3{0, -0.20f * smoothstep(1, -4, p.y) * smoothstep(-13, -8, p.y), 0};
  }));
  modes.push_back(field_mode([](Vec3 p) {
    return Vec3{0.06f * smoothstep(2, -5, p.y) * smoothstep(2, 6, p.z), 0, 0};
  }));  // asymmetric
}

/// `left` moves the subject's left side; the right side is its mirror image.
void Builder::add_paired(const std::string& name, const Field& left) {
  model_.expressions[name + "_L"] = field_mode(left);
  model_.expressions[name + "_R"] = field_mode([&left](Vec3 p) {
    const Vec3 moved = left({-p.x, p.y, p.z});
    return Vec3{-moved.x, moved.y, moved.z};
  });
}

void Builder::add_expressions() {
  // Local motions around a point on the left half; offsets fade over the middle line and behind the face.
  const auto push = [](float x, float y, float sx, float sy, Vec3 by) -> Field {
    return [=](Vec3 p) {
      return by * (gaussian2(p.x - x, p.y - y, sx, sy) * smoothstep(3, 7, p.z) * smoothstep(-1.2f, 1.2f, p.x));
    };
  };
  const auto not_eyes = [](Field field) -> Field {
    return [field](Vec3 p) { return field(p) * smoothstep(2.2f, 1.2f, p.y); };
  };
  add_paired("mouthSmile", not_eyes([=](Vec3 p) {
               return push(2.4f, -3.5f, 1.5f, 1.2f, {0.75f, 0.75f, -0.35f})(p) +
                      push(4.2f, -0.8f, 1.7f, 1.3f, {0.1f, 0.35f, 0.45f})(p);
             }));
  add_paired("mouthFrown", push(2.4f, -3.6f, 1.4f, 1.1f, {0.1f, -0.7f, -0.1f}));
  add_paired("cheekSquint", not_eyes(push(4, 0.4f, 1.7f, 1.2f, {0, 0.3f, 0.3f})));
  add_paired("browInnerUp", push(1.8f, 6.1f, 1.5f, 0.9f, {0, 0.9f, 0.1f}));
  add_paired("browOuterUp", push(4.6f, 6.1f, 1.5f, 0.9f, {0, 0.8f, 0}));
  add_paired("browDown", push(2.6f, 6.0f, 2.0f, 0.8f, {-0.15f, -0.6f, 0.1f}));
  model_.expressions["mouthPucker"] = field_mode([](Vec3 p) {
    const float k = gaussian2(p.x, p.y + 3.5f, 2.6f, 1.5f) * smoothstep(3, 7, p.z);
    return Vec3{-0.35f * p.x * k, 0, 0.6f * k};
  });
  const Positions blink = trait_mode({.closed_lids = 1});
  for (const auto& [suffix, side] : {std::pair{"_L", 1.0f}, std::pair{"_R", -1.0f}}) {
    Positions& mode = model_.expressions[std::string("eyeBlink") + suffix] = blink;
    for (size_t i = 0; i < mode.size(); ++i)
      if (model_.neutral[i].x * side < 0) mode[i] = {};
  }
}

}  // namespace

FaceModel analytic_face_model() {
  return FaceModel(Builder().take());
}

}  // namespace lifted::data::heads
