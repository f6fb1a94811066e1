// ICT-FaceKit, light version: https://github.com/ICT-VGL/ICT-FaceKit (MIT), 26,719 vertices, one OBJ file per mode.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "lifted/base/error.h"
#include "lifted/data/heads/face_model.h"
#include "lifted/data/heads/face_statics.h"
#include "lifted/data/heads/obj_reader.h"

namespace lifted::data::heads {
namespace {

namespace fs = std::filesystem;

constexpr int all_vertices = 26719;
// Upstream's vertex ranges in order; what lies between and after is dropped: inner iris balls inside the opaque eye
// shells, and transparent helper shells and lash strips.
constexpr int left_shell_end = 22221, right_shell = 23021, right_shell_end = 23791;
constexpr int kept_vertices = left_shell_end + right_shell_end - right_shell;
constexpr int face_end = 9409, skin_end = 11248;

constexpr const char* expression_names[] = {
    "mouthSmile_L",     "mouthSmile_R",     "mouthFrown_L",  "mouthFrown_R",  "mouthUpperUp_L", "mouthUpperUp_R",
    "mouthLowerDown_L", "mouthLowerDown_R", "cheekSquint_L", "cheekSquint_R", "eyeSquint_L",    "eyeSquint_R",
    "eyeBlink_L",       "eyeBlink_R",       "eyeWide_L",     "eyeWide_R",     "browInnerUp_L",  "browInnerUp_R",
    "browOuterUp_L",    "browOuterUp_R",    "browDown_L",    "browDown_R",    "jawOpen",        "mouthPucker"};

// Multi-PIE landmarks (upstream's vertex_indices.json, idx_to_landmark_verts).
constexpr std::array<int32_t, 68> landmark_vertices = {
    1225, 1888, 1052, 367,  1719, 1722, 2199, 1447, 966,  3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443,
    268,  493,  1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978,  4527, 4942, 4857, 1140, 2075, 1147,
    4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732, 5708, 5695, 2081,
    0,    4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966};

// Lid margins, subject's right then left: quad edge loops through landmarks 36–47.
constexpr int32_t upper_lid_vertices[2][18] = {
    {1507, 1546, 1545, 1933, 1544, 1543, 1542, 1541, 1540, 1962, 1990, 1538, 1930, 1537, 1536, 1535, 1534, 1533},
    {3721, 3760, 3759, 4133, 3758, 3757, 3756, 3755, 3754, 4162, 4190, 3752, 4130, 3751, 3750, 3749, 3748, 3747}};
constexpr int32_t lower_lid_vertices[2][19] = {
    {1507, 2243, 1623, 1508, 1509, 1510, 1511, 1512, 1513, 1514, 1515, 1516, 1517, 1518, 1519, 1520, 1521, 1522, 1523},
    {3721, 4434, 3832, 3722, 3723, 3724, 3725, 3726, 3727, 3728, 3729, 3730, 3731, 3732, 3733, 3734, 3735, 3736, 3737}};

/// Index after dropping, or -1.
int32_t kept_index(int32_t vertex) {
  if (vertex < left_shell_end) return vertex;
  return vertex >= right_shell && vertex < right_shell_end ? vertex - right_shell + left_shell_end : -1;
}

Part part_of(int32_t kept) {
  constexpr int ends[] = {face_end, skin_end, 13294, 14062, 17039, 21451, kept_vertices};
  return static_cast<Part>(std::upper_bound(std::begin(ends), std::end(ends), kept) - std::begin(ends));
}

Positions keep(const Positions& all) {
  Positions kept(all.begin(), all.begin() + left_shell_end);
  kept.insert(kept.end(), all.begin() + right_shell, all.begin() + right_shell_end);
  return kept;
}

/// Offsets of a mode's file from the neutral face.
Positions read_mode(const fs::path& file, const Positions& neutral) {
  require(fs::exists(file),
          "{}: missing; the face model needs generic_neutral_mesh.obj, identity000 … 059.obj and 24 expression files",
          file.string());
  Positions mode = keep(read_obj_positions(file, all_vertices));
  for (size_t i = 0; i < mode.size(); ++i) mode[i] = mode[i] - neutral[i];
  return mode;
}

/// What the neutral mesh alone tells: surface, parts, texture coordinates of the face.
class Template {
 public:
  explicit Template(const ObjMesh& mesh);
  void fill(FaceModelData& model) const;

 private:
  void add_polygon(const std::vector<ObjMesh::Corner>& polygon, const ObjMesh& mesh);
  std::vector<Triangle> skull() const;
  /// Near the ears in the face's texture tile.
  bool in_ear_tile(int32_t vertex, float side, float low, float high, float width) const;

  Positions neutral_;
  std::vector<Triangle> triangles_;
  std::vector<std::pair<float, float>> texture_;
  std::set<std::pair<int32_t, int32_t>> face_edges_;
};

Template::Template(const ObjMesh& mesh) : neutral_(keep(mesh.positions)), texture_(kept_vertices, {0.5f, 0.0f}) {
  for (const auto& polygon : mesh.polygons) add_polygon(polygon, mesh);
}

void Template::add_polygon(const std::vector<ObjMesh::Corner>& polygon, const ObjMesh& mesh) {
  std::vector<int32_t> ids;
  for (const ObjMesh::Corner& corner : polygon) ids.push_back(kept_index(corner.position));
  if (std::find(ids.begin(), ids.end(), -1) != ids.end()) return;
  triangles_.push_back({ids[0], ids[1], ids[2]});
  if (ids.size() == 4) triangles_.push_back({ids[0], ids[2], ids[3]});
  if (ids[0] >= face_end) return;
  for (size_t k = 0; k < ids.size(); ++k) {
    if (polygon[k].texture >= 0) texture_[ids[k]] = mesh.texture[polygon[k].texture];
    const int32_t a = ids[k], b = ids[(k + 1) % ids.size()];
    face_edges_.insert({std::min(a, b), std::max(a, b)});
  }
}

bool Template::in_ear_tile(int32_t vertex, float side, float low, float high, float width) const {
  const auto [u, v] = texture_[vertex];
  return vertex < face_end && std::abs(u - 0.5f) > side && v > low && v < high && std::abs(neutral_[vertex].x) > width;
}

/// Skin without the protruding ears.
std::vector<Triangle> Template::skull() const {
  std::vector<Triangle> skull;
  for (const Triangle& t : triangles_) {
    if (t[0] >= skin_end) continue;
    const bool ear =
        std::all_of(t.begin(), t.end(), [&](int32_t i) { return in_ear_tile(i, 0.385f, 0.44f, 0.70f, 6.6f); });
    const float z = (neutral_[t[0]].z + neutral_[t[1]].z + neutral_[t[2]].z) / 3;
    if (!(ear && z < 1.7f)) skull.push_back(t);
  }
  return skull;
}

void Template::fill(FaceModelData& model) const {
  model.neutral = neutral_;
  model.triangles = triangles_;
  model.skin_vertices = skin_end;
  model.mole_vertices = 5500;
  for (int32_t i = 0; i < kept_vertices; ++i) model.part.push_back(static_cast<uint8_t>(part_of(i)));
  model.landmarks = landmark_vertices;
  for (int eye = 0; eye < 2; ++eye) {
    for (int32_t i : upper_lid_vertices[eye]) model.upper_lids[eye].push_back(neutral_[i]);
    for (int32_t i : lower_lid_vertices[eye]) model.lower_lids[eye].push_back(neutral_[i]);
  }
  model.eye_centers = {Vec3{3.109f, 3.606f, 7.935f}, Vec3{-3.109f, 3.606f, 7.935f}};

  std::vector<Triangle> outside;  // without the inside of the mouth
  for (const Triangle& t : triangles_) {
    const Part part = part_of(t[0]);
    if (part == Part::face || part == Part::neck || part == Part::eye_socket || part == Part::eyeball)
      outside.push_back(t);
  }
  model.occlusion = ambient_occlusion(neutral_, outside, 256);
  smooth_over_edges({face_edges_.begin(), face_edges_.end()}, model.occlusion);

  model.hair_base = HairBase(neutral_, skull());
  std::vector<int32_t> near_ears;
  for (int32_t i = 0; i < face_end; ++i)
    if (in_ear_tile(i, 0.36f, 0.42f, 0.72f, 6.4f)) near_ears.push_back(i);
  model.ear = ear_weights(neutral_, model.hair_base, near_ears);
}

}  // namespace

FaceModel load_ict_face_model(const fs::path& given) {
  const fs::path folder = fs::is_directory(given / "FaceXModel") ? given / "FaceXModel" : given;
  const fs::path neutral = folder / "generic_neutral_mesh.obj";
  require(fs::exists(neutral),
          "{}: no generic_neutral_mesh.obj, expected an ICT-FaceKit checkout (or its FaceXModel folder)",
          folder.string());
  FaceModelData model;
  model.name = given.string();
  const ObjMesh mesh = read_obj_mesh(neutral, all_vertices);
  require(mesh.polygons.size() > 20000, "{}: {} faces, but ICT-FaceKit's mesh has 26384 (truncated?)", neutral.string(),
          mesh.polygons.size());
  Template(mesh).fill(model);
  for (int k = 0; k < identity_modes; ++k)
    model.identity.push_back(read_mode(folder / fmt::format("identity{:03}.obj", k), model.neutral));
  for (const char* name : expression_names)
    model.expressions[name] = read_mode(folder / (std::string(name) + ".obj"), model.neutral);
  return FaceModel(std::move(model));
}

}  // namespace lifted::data::heads
