// What the user chooses about a set of heads, and every number that one head of the set is made from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lifted/data/heads/cat.h"
#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

constexpr int identity_modes = 60;

enum class Family { people, cats };

/// The distributions of a set. Angles in degrees.
struct HeadRecipe {
  Family family = Family::people;
  int images_per_identity = 1;
  double shape_std = 1.0;  ///< of the shape coefficients
  double yaw_std = 20, yaw_max = 60;
  double pitch_std = 8, pitch_max = 25;
  double roll_std = 3, roll_max = 10;
  double light_x_std = 0.5;                        ///< sideways tangent of the light's direction
  double light_y_mean = -0.3, light_y_std = 0.35;  ///< upward (negative) tangent
  double ambient_min = 0.32, ambient_max = 0.66;   ///< ambient share of the total light
  double total_min = 0.95, total_max = 1.12;       ///< ambient + diffuse
  bool expressions = true;                         ///< otherwise a neutral face

  /// UsageError naming the field if a distribution makes no sense (negative spread, minimum above maximum …).
  void validate() const;
};

enum class HairStyle { bald, recede, buzz, short_cut, quiff, medium, curly, slick, long_hair, tucked, bob, updo, afro };
enum class Beard { none, stubble, shadow, full, goatee, moustache };
const char* name_of(HairStyle style);
const char* name_of(Beard beard);

struct SkinParameters {
  float melanin, hemoglobin, cheek, blotch, lip_hemoglobin, lip_melanin, lipstick;
  Color lipstick_color;
  float freckles, under_eye, wrinkles, cavity;
  struct Mole {
    float where;  ///< 0..1 over the face's vertices
    float radius;
  };
  std::vector<Mole> moles;
};

struct EyeParameters {
  Color iris;
  float pupil, iris_radius, sclera, lash, lower_lash, shadow;
  Color shadow_color;
};

struct HairParameters {
  HairStyle style;
  Color color;
  float hairline, temple, widow_peak, part, part_weight;
  std::array<float, 16> random;
  uint32_t seed;
  bool feminine;
};

struct BrowParameters {
  float thickness, height, arch, inner, outer, opacity;
  Color color;
};

struct BeardParameters {
  Beard style;
  float opacity, thickness, shift;
};

/// What stays the same in all images of a person.
struct IdentityParameters {
  std::array<float, identity_modes> shape;
  float femininity, age;
  SkinParameters skin;
  EyeParameters eyes;
  HairParameters hair;
  BrowParameters brows;
  BeardParameters beard;
  uint32_t noise_seed;
};

/// Rotation (radians: pitch rx, yaw ry, roll rz) and translation of the head, as LiftedGAN's view.
struct View {
  double rx = 0, ry = 0, rz = 0, tx = 0, ty = 0, tz = 0;
};

/// ambient + diffuse·max(0, n·l); l points toward the light, in the head's frame with x right, y down, z into the
/// image.
struct Light {
  double ambient = 0.5, diffuse = 0.5;
  Vec3 direction{0, 0, -1};  ///< unit length
};

struct Blob {
  float x, y, radius;
  Color color;
};

struct Background {
  Color from, to;
  float angle;
  std::vector<Blob> blobs;
};

struct ExpressionWeight {
  std::string name;
  float weight;
};

/// What changes from image to image of a person.
struct ImageParameters {
  std::vector<ExpressionWeight> expression;
  float gaze_yaw, gaze_pitch;
  View view;  ///< translation is the jitter only
  double zoom;
  double recentre = 0.6;  ///< how far the crop follows the face when the head turns (FFHQ-like alignment)
  Light light;
  Background background;
  Color cloth;
  float cloth_height;
};

struct HeadParameters {
  uint64_t seed, index, identity;
  IdentityParameters person;  ///< of cats: unused
  ImageParameters image;
  std::optional<CatParameters> cat = {};  ///< of cats only
};

/// All numbers of image `index` of the set: a pure function of its arguments.
HeadParameters sample_parameters(const HeadRecipe& recipe, uint64_t seed, uint64_t index);

IdentityParameters sample_identity(const HeadRecipe& recipe, uint64_t seed, uint64_t identity);
ImageParameters sample_image(const HeadRecipe& recipe, uint64_t seed, uint64_t index);
CatParameters sample_cat(const HeadRecipe& recipe, uint64_t seed, uint64_t identity);
/// The expression of a cat in image `index`.
std::vector<ExpressionWeight> sample_cat_expression(uint64_t seed, uint64_t index);

}  // namespace lifted::data::heads
