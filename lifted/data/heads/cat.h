// What one cat of the built-in family of cats is made of.
#pragma once

#include <array>
#include <cstdint>

#include "lifted/data/heads/vector_math.h"

namespace lifted::data::heads {

/// The cat's linear modes, in the order of FaceModelData::identity; a coefficient of ±1 is common.
enum class CatTrait {
  muzzle_length,
  muzzle_width,
  face_width,
  face_height,
  cheeks,
  wedge,
  eye_size,
  eye_tilt,
  eye_spacing,
  eye_height,
  squint,
  ear_length,
  ear_width,
  ear_spread,
  ear_lean,
  ear_turn,
  ear_fold,
  ear_roundness,
  nose_size,
  stop,
  chin,
  forehead,
  pads,
  neck,
  lean_asymmetry,
  skew,
  count
};
constexpr int cat_traits = static_cast<int>(CatTrait::count);

enum class CatPattern { solid, mackerel, classic, ticked, tortoiseshell, smoke, points };
const char* name_of(CatPattern pattern);

/// Colors and their layout. Lengths in cm of the template.
struct CatCoat {
  CatPattern pattern;
  Color ground;   ///< between the marks; of points: the body
  Color marking;  ///< stripes, black patches, points
  Color pale;     ///< around eyes and mouth
  Color red;      ///< second color of tortoiseshell
  Color white;
  float contrast;       ///< 0 … 1: strength of the marks
  float stripes;        ///< 0.7 … 1.4: width of the marks
  float patch;          ///< 0 … 1: share of red in tortoiseshell
  float patch_scale;    ///< 0.3 … 0.8 per cm
  float split;          ///< 0 … 1: how far the patches meet on the middle line
  float white_amount;   ///< 0 none, 0.3 chin and chest, 0.6 blaze, 1.2 the whole head
  float white_lean;     ///< -0.5 … 0.5: the blaze's sideways shift, cm
  float points_extent;  ///< 0.7 … 1.3
};

struct CatEyes {
  std::array<Color, 2> iris;  ///< subject's left, right
  float pupil;                ///< half width, share of the iris: 0.1 slit … 0.62 round
  float rim;                  ///< 0 … 1: darkness of the lids' margins
  float ring;                 ///< 0 … 1: pale fur around
};

struct CatFur {
  float length;  ///< cm: 0.05 … 0.75
  float ruff;    ///< 0 … 1: of the cheeks
  float tufts;   ///< 0 … 1: pale hair in the ears
  float grain;   ///< 0.05 … 0.25: contrast of single strands
};

/// What stays the same in all images of a cat.
struct CatParameters {
  std::array<float, cat_traits> shape;
  CatCoat coat;
  CatEyes eyes;
  CatFur fur;
  Color nose, ear_skin;
  float freckles;  ///< 0 … 1: dark roots of the whiskers
  uint32_t noise_seed;
};

}  // namespace lifted::data::heads
