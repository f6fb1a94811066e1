// The average cat as a mesh: a grid of skin, two ears, two eyeballs.
#include "lifted/data/heads/cat_model.h"

#include "lifted/data/heads/cat_modes.h"
#include "lifted/data/heads/cat_shape.h"
#include "lifted/data/heads/cat_template.h"
#include "lifted/data/heads/face_statics.h"

namespace lifted::data::heads {
namespace {

using cat::Tissue;

constexpr float pi = 3.14159265f;
constexpr int cat_columns = 232, cat_rows = 186;
constexpr int cat_ear_rows = 36, cat_ear_sides = 40, cat_eye_rings = 20, cat_eye_sides = 32;

enum Slot { chin = 8, left_ear = 26, right_ear = 17, nose = 30 };
constexpr CatLandmark kLandmarks[] = {{"chin", chin},         {"ear_right", right_ear}, {"ear_left", left_ear},
                                      {"nose", nose},         {"eye_right_outer", 36},  {"eye_right_inner", 39},
                                      {"eye_left_inner", 42}, {"eye_left_outer", 45},   {"mouth_right", 48},
                                      {"mouth_left", 54}};

/// Columns crowd in front; rows crowd between forehead and chin.
float cat_column_angle(int column) {
  const float u = 2 * static_cast<float>(column) / cat_columns - 1;
  return pi * u * (0.45f + 0.55f * u * u);
}
float cat_row_height(int row) {
  constexpr float rows[] = {0, 34, 150, cat_rows - 1}, heights[] = {6.59f, 1.4f, -4.0f, -13};
  return interpolate(static_cast<float>(row), rows, heights);
}

class CatBuilder {
 public:
  CatBuilder() {
    model_.name = "the built-in cat";
    model_.family = Family::cats;
    add_skin();
    for (float side : {1.0f, -1.0f}) add_ear(side);
    model_.skin_vertices = model_.mole_vertices = static_cast<int>(model_.neutral.size());
    for (float side : {1.0f, -1.0f}) add_eye(side);
    model_.eye_centers = {Vec3{cat::eye_x, 0, cat::eye_z}, Vec3{-cat::eye_x, 0, cat::eye_z}};
    add_landmarks();
    add_modes();
    add_occlusion();
  }
  FaceModelData take() { return std::move(model_); }

 private:
  int add(Vec3 p, Part part, float ear, Tissue tissue) {
    model_.neutral.push_back(p);
    model_.part.push_back(static_cast<uint8_t>(part));
    model_.ear.push_back(ear);
    tissue_.push_back(tissue);
    return static_cast<int>(model_.neutral.size()) - 1;
  }
  void add_grid(int first, int rows, int columns, bool flipped);
  void add_skin();
  void add_ear(float side);
  void add_eye(float side);
  void add_landmarks();
  void add_modes();
  void add_occlusion();
  Positions offsets(const cat::Mode& mode) const;

  FaceModelData model_;
  std::vector<Tissue> tissue_;
};

/// Triangles between `rows` rings of `columns` vertices.
void CatBuilder::add_grid(int first, int rows, int columns, bool flipped) {
  for (int i = 0; i + 1 < rows; ++i)
    for (int j = 0; j < columns; ++j) {
      const int a = first + i * columns + j, b = first + i * columns + (j + 1) % columns, c = a + columns,
                d = b + columns;
      model_.triangles.push_back(flipped ? Triangle{a, b, c} : Triangle{a, c, b});
      model_.triangles.push_back(flipped ? Triangle{b, d, c} : Triangle{b, c, d});
    }
}

void CatBuilder::add_skin() {
  const cat::CatShape shape;
  for (int i = 0; i < cat_rows; ++i)
    for (int j = 0; j < cat_columns; ++j) {
      const Vec3 p = shape.skin(cat_column_angle(j), cat_row_height(i));
      add(p, p.z > 0 && p.y > -4.2f ? Part::face : Part::neck, 0, Tissue::skin);
    }
  add_grid(0, cat_rows, cat_columns, false);
}

void CatBuilder::add_ear(float side) {
  const int first = static_cast<int>(model_.neutral.size());
  for (int i = 0; i <= cat_ear_rows; ++i)
    for (int j = 0; j < cat_ear_sides; ++j) {
      const float v = -0.15f + 1.15f * static_cast<float>(i) / cat_ear_rows,
                  phi = 2 * pi * static_cast<float>(j) / cat_ear_sides;
      const Vec3 p = cat::CatShape::ear(v, phi);
      add({side * p.x, p.y, p.z}, Part::face, 0.5f + 0.5f * smoothstep(-0.15f, 0.25f, sine(phi)), Tissue::ear);
    }
  add_grid(first, cat_ear_rows + 1, cat_ear_sides, side < 0);
}

void CatBuilder::add_eye(float side) {
  const int first = static_cast<int>(model_.neutral.size());
  for (int i = 0; i <= cat_eye_rings; ++i)
    for (int j = 0; j < cat_eye_sides; ++j) {
      const float v = 1.5f * static_cast<float>(i) / cat_eye_rings, u = 2 * pi * static_cast<float>(j) / cat_eye_sides;
      const Vec3 s{sine(v) * cosine(u), sine(v) * sine(u), cosine(v)};
      add(Vec3{side * cat::eye_x, 0, cat::eye_z} + s * cat::eye_radius, Part::eyeball, 0, Tissue::eyeball);
    }
  add_grid(first, cat_eye_rings + 1, cat_eye_sides, false);
}

/// Places in the frontal view, snapped to the nearest vertex there.
void CatBuilder::add_landmarks() {
  const auto nearest = [&](Vec3 wanted, Tissue tissue) {
    int best = 0;
    float distance = 1e9f;
    for (size_t i = 0; i < model_.neutral.size(); ++i) {
      const Vec3 p = model_.neutral[i];
      if (tissue_[i] != tissue || p.z < -1.5f) continue;
      const float d = square(p.x - wanted.x) + square(p.y - wanted.y) - 0.001f * p.z;
      if (d < distance) distance = d, best = static_cast<int>(i);
    }
    return best;
  };
  const Vec3 tip = cat::CatShape::ear(1, 0);
  auto& ids = model_.landmarks;
  ids[chin] = nearest({0, -3.65f, 0}, Tissue::skin);
  ids[nose] = nearest({0, -1.45f, 0}, Tissue::skin);
  for (float side : {1.0f, -1.0f}) {
    const float dx = cat::lid_half_width * cat::lid_cosine, dy = cat::lid_half_width * cat::lid_sine;
    ids[side > 0 ? left_ear : right_ear] = nearest({side * tip.x, tip.y, 0}, Tissue::ear);
    ids[side > 0 ? 45 : 36] = nearest({side * (cat::eye_x + dx), dy, 0}, Tissue::skin);
    ids[side > 0 ? 42 : 39] = nearest({side * (cat::eye_x - dx), -dy, 0}, Tissue::skin);
    ids[side > 0 ? 54 : 48] =
        nearest({side * cat::mouth_corner_x, cat::mouth_height(cat::mouth_corner_x), 0}, Tissue::skin);
  }
}

Positions CatBuilder::offsets(const cat::Mode& mode) const {
  Positions result;
  for (size_t i = 0; i < model_.neutral.size(); ++i) result.push_back(cat::moved(mode, model_.neutral[i], tissue_[i]));
  return result;
}

void CatBuilder::add_modes() {
  for (const cat::Mode& mode : cat::trait_modes()) model_.identity.push_back(offsets(mode));
  for (const cat::Expression& e : cat::expressions()) {
    const Positions both = offsets({e.left});
    for (float side : {1.0f, -1.0f}) {
      Positions& one = model_.expressions[e.name + (side > 0 ? "_L" : "_R")] = both;
      for (size_t i = 0; i < one.size(); ++i)
        if (model_.neutral[i].x * side < 0) one[i] = {};
    }
  }
}

void CatBuilder::add_occlusion() {
  Positions enlarged;  // to the size of the buffers that look from every side
  for (const Vec3& p : model_.neutral) enlarged.push_back(p * 1.6f);
  model_.occlusion = ambient_occlusion(enlarged, model_.triangles, 64);
}

}  // namespace

std::span<const CatLandmark> cat_landmarks() {
  return kLandmarks;
}

FaceModel analytic_cat_model() {
  return FaceModel(CatBuilder().take());
}

}  // namespace lifted::data::heads
