// A face: a mesh in template space, linear identity and expression modes, and what the painter has to know about the
// template.
//
// Template space: centimetres; +x the subject's left, +y up, +z toward the viewer; outward counter-clockwise triangles.
// All sources share the proportions of ICT-FaceKit's neutral head (eyes near (±3.1, 3.6, 9.6), mouth near (0, -3.5,
// 11)), because paint and hair are functions of template positions.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "lifted/data/heads/hair_base.h"
#include "lifted/data/heads/recipe.h"
#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

/// Part ids, also the values of label maps.
enum class Part : uint8_t {
  face = 0,
  neck = 1,
  mouth = 2,
  eye_socket = 3,
  gums = 4,
  teeth = 5,
  eyeball = 6,
  hair = 9,
  background = 255
};

using Triangle = std::array<int32_t, 3>;
using Positions = std::vector<Vec3>;

/// What a geometry source has to provide.
struct FaceModelData {
  std::string name;
  Family family = Family::people;
  Positions neutral;
  std::vector<Triangle> triangles;
  std::vector<uint8_t> part;  ///< per vertex; the vertices of face and neck ("skin") come first
  int skin_vertices = 0;
  int mole_vertices = 0;                            ///< moles sit on the first so many vertices
  std::vector<Positions> identity;                  ///< offsets per unit of a shape coefficient, at most 60
  std::map<std::string, Positions> expressions;     ///< offsets at weight 1
  std::array<int32_t, 68> landmarks{};              ///< vertex per Multi-PIE landmark; of cats see cat_model.h
  std::array<Positions, 2> upper_lids, lower_lids;  ///< lid margins, subject's right then left, template positions
  std::array<Vec3, 2> eye_centers;                  ///< subject's left, right
  std::vector<float> occlusion;                     ///< per vertex, 1 = open
  std::vector<float> ear;                           ///< per vertex, 0 … 1 on the protruding ear
  HairBase hair_base;
};

/// Immutable and safe to share between threads.
class FaceModel {
 public:
  explicit FaceModel(FaceModelData data);

  const FaceModelData& data() const { return data_; }
  /// Vertices of a person, neutral expression.
  Positions identity_vertices(std::span<const float> shape) const;
  /// Adds expression offsets; names the model does not have are left out.
  void add_expression(const std::vector<ExpressionWeight>& expression, Positions& vertices) const;

 private:
  FaceModelData data_;
};

/// The built-in family: bumps on an ellipsoid, no file needed.
FaceModel analytic_face_model();

/// A folder in the layout of the ICT-FaceKit repository (`DIR/FaceXModel/*.obj`, or the FaceXModel folder itself).
/// Error naming the file if one is missing or malformed.
FaceModel load_ict_face_model(const std::filesystem::path& folder);

/// A file written by `heads pack`. Error if it is of another kind.
FaceModel load_packed_face_model(const std::filesystem::path& file);

/// Writes everything a model holds, with 16-bit offsets, into one safetensors file.
void pack_face_model(const FaceModel& model, const std::filesystem::path& file);

/// A folder or a packed file; the built-in family if `path` is empty.
FaceModel open_face_model(const std::filesystem::path& path);

}  // namespace lifted::data::heads
