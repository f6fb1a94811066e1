// Draws a cat: its build, fur and eyes. Every stream draws all its numbers, also unused ones, in a fixed order.
#include <cmath>

#include "lifted/data/heads/cat_colors.h"
#include "lifted/data/heads/random_stream.h"
#include "lifted/data/heads/recipe.h"
#include "lifted/data/heads/scalar.h"

namespace lifted::data::heads {
namespace {

/// One trait: how much of it comes with the build (− round, + wedge), how much by itself, and its limits.
struct TraitSpread {
  double build, own, low, high;
};
constexpr TraitSpread spreads[cat_traits] = {
    {0.75, 0.50, -2.1, 1.7},   // muzzle_length
    {-0.30, 0.70, -1.8, 1.8},  // muzzle_width
    {-0.50, 0.60, -1.8, 1.8},  // face_width
    {0.40, 0.60, -1.6, 1.6},   // face_height
    {-0.60, 0.80, -1.6, 2.4},  // cheeks
    {0.70, 0.50, -1.5, 2.0},   // wedge
    {-0.45, 0.70, -1.7, 1.8},  // eye_size
    {0.55, 0.70, -1.6, 2.0},   // eye_tilt
    {-0.20, 0.80, -1.6, 1.8},  // eye_spacing
    {0.00, 0.70, -1.5, 1.5},   // eye_height
    {0.00, 0.80, -1.6, 2.2},   // squint
    {0.60, 0.70, -1.7, 1.9},   // ear_length
    {0.40, 0.80, -1.8, 1.8},   // ear_width
    {0.20, 0.70, -1.6, 1.4},   // ear_spread
    {0.10, 0.80, -1.6, 1.9},   // ear_lean
    {0.00, 0.90, -1.8, 1.8},   // ear_turn
    {0.00, 0.00, 0.0, 1.0},    // ear_fold: drawn by itself
    {-0.20, 0.35, -0.7, 0.6},  // ear_roundness
    {0.00, 0.80, -1.6, 1.8},   // nose_size
    {-0.55, 0.60, -1.5, 2.0},  // stop
    {0.00, 0.80, -1.6, 1.8},   // chin
    {-0.40, 0.80, -1.6, 1.8},  // forehead
    {-0.10, 0.70, -1.6, 1.3},  // pads
    {-0.20, 0.80, -1.5, 2.0},  // neck
    {0.00, 0.70, -1.8, 1.8},   // lean_asymmetry
    {0.00, 0.60, -1.6, 1.6},   // skew
};

void sample_build(const HeadRecipe& recipe, RandomStream random, CatParameters& cat) {
  const double build = clip(random.normal(), -2.2, 2.2);
  for (int k = 0; k < cat_traits; ++k) {
    const TraitSpread& s = spreads[k];
    const double wanted = (s.build * build + s.own * random.normal()) * recipe.shape_std;
    cat.shape[k] = to_float(clip(wanted, s.low, s.high));
  }
  if (!random.chance(0.04)) return;
  // Ears that fold are small ones.
  cat.shape[static_cast<int>(CatTrait::ear_fold)] = 1;
  cat.shape[static_cast<int>(CatTrait::ear_length)] = -1.5f;
  cat.shape[static_cast<int>(CatTrait::ear_width)] = -0.8f;
}

CatFur sample_fur(RandomStream random) {
  CatFur fur;
  const double length = random.beta(1.1, 2.4);
  fur.length = to_float(0.06 + 0.55 * length);
  fur.ruff = to_float(clip(1.1 * length + random.uniform(-0.25, 0.35), 0, 1));
  fur.tufts = to_float(random.uniform(0.25, 0.95));
  fur.grain = to_float(random.uniform(0.08, 0.22));
  return fur;
}

}  // namespace

CatParameters sample_cat(const HeadRecipe& recipe, uint64_t seed, uint64_t identity) {
  const auto stream = [&](Purpose purpose) { return RandomStream(seed, identity, purpose); };
  CatParameters cat;
  sample_build(recipe, stream(Purpose::shape), cat);
  cat.fur = sample_fur(stream(Purpose::hair));
  sample_cat_colors(stream(Purpose::skin), stream(Purpose::eyes), cat);
  cat.noise_seed = stream(Purpose::noise).seed30();
  return cat;
}

std::vector<ExpressionWeight> sample_cat_expression(uint64_t seed, uint64_t index) {
  RandomStream random(seed, index, Purpose::expression);
  const double back = std::abs(random.normal(0, 0.22)), left = random.normal(0, 0.10), right = random.normal(0, 0.10);
  const double squint = random.normal(0, 0.16), narrow = random.uniform(0.4, 0.9);
  const bool sleepy = random.chance(0.06);
  const float lids = to_float(sleepy ? narrow : clip(squint, -0.2, 0.5));
  return {{"earBack_L", to_float(clip(back + left, -0.3, 1))},
          {"earBack_R", to_float(clip(back + right, -0.3, 1))},
          {"eyeSquint_L", lids},
          {"eyeSquint_R", lids}};
}

const char* name_of(CatPattern pattern) {
  constexpr const char* names[] = {"solid", "mackerel", "classic", "ticked", "tortoiseshell", "smoke", "points"};
  return names[static_cast<int>(pattern)];
}

}  // namespace lifted::data::heads
