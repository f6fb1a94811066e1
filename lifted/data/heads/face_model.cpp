#include "lifted/data/heads/face_model.h"

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/data/heads/morph.h"

namespace lifted::data::heads {
namespace {

static_assert(sizeof(Vec3) == 3 * sizeof(float));
const float* numbers(const Positions& p) {
  return &p.front().x;
}
float* numbers(Positions& p) {
  return &p.front().x;
}

void add_modes(std::vector<MorphTerm> terms, Positions& vertices) {
  std::erase_if(terms, [](const MorphTerm& term) { return term.weight == 0; });
  LIFTED_CALL_ISA(add_morphs, terms.data(), static_cast<int>(terms.size()), numbers(vertices),
                  static_cast<int64_t>(3 * vertices.size()));
}

void check(const FaceModelData& data) {
  const size_t n = data.neutral.size();
  require(n > 0 && !data.triangles.empty(), "{}: the face model has no surface", data.name);
  require(data.part.size() == n && data.occlusion.size() == n && data.ear.size() == n && data.skin_vertices > 0 &&
              data.skin_vertices <= static_cast<int>(n) && data.mole_vertices > 0 &&
              data.mole_vertices <= static_cast<int>(n),
          "{}: the face model's per-vertex tables do not match its {} vertices", data.name, n);
  const auto in_range = [n](int32_t id) { return id >= 0 && id < static_cast<int64_t>(n); };
  for (const Triangle& t : data.triangles)
    require(std::all_of(t.begin(), t.end(), in_range), "{}: a triangle names a vertex outside 0 … {}", data.name,
            n - 1);
  require(std::all_of(data.landmarks.begin(), data.landmarks.end(), in_range), "{}: a landmark is no vertex",
          data.name);
  require(data.identity.size() <= identity_modes, "{}: {} identity modes, but at most {} are used", data.name,
          data.identity.size(), identity_modes);
  for (const Positions& mode : data.identity)
    require(mode.size() == n, "{}: an identity mode has {} vertices, not {}", data.name, mode.size(), n);
  for (const auto& [name, mode] : data.expressions)
    require(mode.size() == n, "{}: {} has {} vertices, not {}", data.name, name, mode.size(), n);
}

}  // namespace

FaceModel::FaceModel(FaceModelData data) : data_(std::move(data)) {
  check(data_);
}

Positions FaceModel::identity_vertices(std::span<const float> shape) const {
  Positions vertices = data_.neutral;
  std::vector<MorphTerm> terms;
  for (size_t k = 0; k < std::min(shape.size(), data_.identity.size()); ++k)
    terms.push_back({numbers(data_.identity[k]), shape[k]});
  add_modes(std::move(terms), vertices);
  return vertices;
}

void FaceModel::add_expression(const std::vector<ExpressionWeight>& expression, Positions& vertices) const {
  std::vector<MorphTerm> terms;
  for (const ExpressionWeight& e : expression)
    if (const auto found = data_.expressions.find(e.name); found != data_.expressions.end())
      terms.push_back({numbers(found->second), e.weight});
  add_modes(std::move(terms), vertices);
}

FaceModel open_face_model(const std::filesystem::path& path) {
  if (path.empty()) return analytic_face_model();
  if (std::filesystem::is_directory(path)) return load_ict_face_model(path);
  return load_packed_face_model(path);
}

}  // namespace lifted::data::heads
