// Draws a person. Every stream draws all its numbers, also unused ones, in a fixed order, so that editing one feature
// moves no other.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numbers>

#include "lifted/data/heads/random_stream.h"
#include "lifted/data/heads/recipe.h"
#include "lifted/data/heads/scalar.h"

namespace lifted::data::heads {
namespace {

struct Style {
  double femininity, age, darkness;
  bool feminine, adorned;  // adorned: femininity high enough for make-up
};

void sample_shape(const HeadRecipe& recipe, RandomStream random, IdentityParameters& person) {
  for (float& c : person.shape) c = to_float(clip(random.normal() * recipe.shape_std, -2.5, 2.5));
  person.shape[0] *= 0.9f;
  person.femininity = to_float(1 / (1 + std::exp(-(2.2 * person.shape[0] + 0.6 * random.normal()))));
  person.age = to_float(random.beta(1.6, 2.2));
}

SkinParameters sample_skin(RandomStream random, const IdentityParameters& person, const Style& style) {
  SkinParameters skin;
  const double wanted = 0.12 + 2.35 * random.beta(1.15, 1.75) - 0.20 * person.shape[2] + 0.05 * random.normal();
  const double melanin = clip(wanted, 0.12 + random.uniform(0, 0.15), 2.6);
  skin.melanin = to_float(melanin);
  skin.hemoglobin = to_float(random.uniform(0.30, 0.95) * (1 - 0.15 * melanin));
  const double cheek = random.uniform(0.1, 0.55), extra_cheek = random.uniform(0, 0.2);
  skin.cheek = to_float(cheek + (style.feminine ? extra_cheek : 0));
  skin.blotch = to_float(random.uniform(0.05, 0.16));
  skin.lip_hemoglobin = to_float(random.uniform(0.8, 1.6));
  skin.lip_melanin = to_float(random.uniform(0.05, 0.40));
  const bool lipstick = random.chance(0.45);
  const double strength = random.uniform(0.3, 0.8);
  skin.lipstick = lipstick && style.adorned ? to_float(strength) : 0;
  const Color colors[] = {
      {.70f, .16f, .20f}, {.78f, .32f, .36f}, {.55f, .13f, .18f}, {.80f, .40f, .36f}, {.62f, .26f, .28f}};
  skin.lipstick_color = colors[random.index(5)];
  const bool freckled = random.chance(0.28);
  const double freckles = random.uniform(0.2, 0.8);
  skin.freckles = freckled && melanin < 0.6 ? to_float(freckles) : 0;
  skin.under_eye = to_float(random.uniform(0.05, 0.35) * (0.6 + 0.8 * style.age));
  skin.wrinkles = to_float(std::pow(clip((style.age - 0.25) / 0.75, 0, 1), 1.2) * random.uniform(0.5, 1.1));
  skin.cavity = to_float(random.uniform(0.65, 0.95));
  const int moles = random.index(4);
  for (int i = 0; i < moles; ++i) {
    const double where = random.uniform(), radius = random.uniform(0.07, 0.14);
    skin.moles.push_back({to_float(where), to_float(radius)});
  }
  return skin;
}

Color iris_color(RandomStream& random, double darkness) {
  const double kind = random.uniform();
  const float t = to_float(random.uniform());
  if (kind < 0.25 + 0.75 * darkness) {
    return mix(Color{.19f, .10f, .055f}, Color{.34f, .20f, .11f}, t * to_float(1 - 0.6 * darkness));
  }
  if (kind < 0.55) return mix(Color{.40f, .29f, .15f}, Color{.44f, .41f, .24f}, t);
  if (kind < 0.75) return mix(Color{.34f, .43f, .30f}, Color{.47f, .52f, .40f}, t);
  return mix(Color{.30f, .42f, .55f}, Color{.52f, .62f, .70f}, t);
}

EyeParameters sample_eyes(RandomStream random, const Style& style) {
  EyeParameters eyes;
  eyes.iris = iris_color(random, style.darkness);
  eyes.pupil = to_float(random.uniform(0.19, 0.27));
  eyes.iris_radius = to_float(random.uniform(0.57, 0.63));
  eyes.sclera = to_float(random.uniform(0.80, 0.92));
  const double lash = random.uniform(0.35, 0.7), extra = random.uniform(0, 0.35);
  eyes.lash = to_float(clip(lash + (style.adorned ? extra : 0), 0, 1));
  const double lower = random.uniform(0.08, 0.35), extra_lower = random.uniform(0, 0.2);
  eyes.lower_lash = to_float(lower + (style.adorned ? extra_lower : 0));
  const bool shadow = random.chance(0.4);
  const double strength = random.uniform(0.15, 0.5);
  eyes.shadow = shadow && style.adorned ? to_float(strength) : 0;
  const Color colors[] = {{.35f, .22f, .18f}, {.30f, .22f, .30f}, {.25f, .20f, .20f}, {.45f, .28f, .20f}};
  eyes.shadow_color = colors[random.index(4)];
  return eyes;
}

int weighted_choice(RandomStream& random, std::initializer_list<double> weights) {
  double total = 0;
  for (double w : weights) total += w;
  double left = random.uniform() * total;
  int index = 0;
  for (double w : weights) {
    left -= w;
    if (left < 0) return index;
    ++index;
  }
  return static_cast<int>(weights.size()) - 1;
}

constexpr Color grey{.56f, .55f, .54f}, white{.83f, .82f, .80f}, dark_brown{.17f, .115f, .085f};

Color natural_hair_color(RandomStream& random, double d) {
  const Color colors[] = {{.085f, .075f, .075f}, dark_brown,         {.30f, .20f, .135f}, {.44f, .31f, .205f},
                          {.58f, .45f, .30f},    {.76f, .63f, .43f}, {.52f, .25f, .12f},  {.36f, .16f, .10f}};
  const auto m = [d](double light, double dark) { return light * (1 - d) + dark * d; };
  const int choice = weighted_choice(
      random, {m(.13, .8), m(.2, .19), m(.2, .01), m(.15, 0), m(.1, 0), m(.12, 0), m(.05, 0), m(.05, 0)});
  return colors[choice] * to_float(random.uniform(0.85, 1.15));
}

Color hair_color(RandomStream& random, const Style& style) {
  const bool greyed = random.chance(clip((style.age - 0.5) * 1.6, 0, 0.85)), whole = random.chance(0.6);
  const float to_white = to_float(random.uniform()), to_grey = to_float(random.uniform(0.4, 0.9));
  const Color natural = natural_hair_color(random, style.darkness);
  if (!greyed) return clamp01(natural);
  return whole ? mix(grey, white, to_white) : mix(dark_brown, grey, to_grey);
}

HairStyle hair_style(RandomStream& random, const Style& style, float melanin) {
  using enum HairStyle;
  const HairStyle feminine[] = {long_hair, tucked, bob, updo, short_cut, curly};
  const HairStyle masculine[] = {bald, recede, buzz, short_cut, quiff, medium, curly, slick};
  const int f = weighted_choice(random, {.36, .18, .14, .15, .07, .10});
  const int m = weighted_choice(random, {.05, .08, .15, .34, .14, .08, .08, .08});
  const bool to_afro = random.chance(0.6), to_buzz = random.chance(0.6);
  HairStyle chosen = style.feminine ? feminine[f] : masculine[m];
  if (chosen == curly && melanin > 0.9f && to_afro) chosen = afro;
  const bool straight = chosen == short_cut || chosen == quiff || chosen == medium || chosen == slick;
  if (melanin > 1.3f && straight && to_buzz) chosen = buzz;
  return chosen;
}

HairParameters sample_hair(RandomStream& random, const Style& style, float melanin) {
  HairParameters hair;
  hair.feminine = style.feminine;
  hair.color = hair_color(random, style);
  hair.style = hair_style(random, style, melanin);
  hair.hairline = to_float(random.normal(0, 0.45) + (style.feminine ? 0 : 0.55 * style.age));
  hair.temple = to_float(std::abs(random.normal(0, 0.6)) * (style.feminine ? 0.5 : 1.6) * (0.5 + style.age));
  hair.widow_peak = to_float(random.normal(0, 0.35));
  const double side = random.chance(0.5) ? 1 : -1;
  hair.part = to_float(side * random.uniform(5, 38) * std::numbers::pi / 180);
  hair.part_weight = to_float(random.uniform());
  for (float& r : hair.random) r = to_float(random.uniform());
  hair.seed = random.seed30();
  return hair;
}

BrowParameters sample_brows(RandomStream& random, const Style& style, Color hair) {
  BrowParameters brows;
  brows.thickness = to_float((0.24 + 0.20 * random.beta(2, 2)) * (style.feminine ? 0.82 : 1.12));
  brows.height = to_float(random.normal(-0.42, 0.16));
  brows.arch = to_float(random.uniform(-0.12, 0.3) * (style.feminine ? 1.2 : 0.6));
  brows.inner = to_float(random.uniform(1.05, 1.65));
  brows.outer = to_float(random.uniform(5.2, 5.9));
  brows.opacity = to_float(random.uniform(0.55, 0.95));
  brows.color = brightness(hair) < 0.6f ? mix(hair * 0.75f, Color{.12f, .09f, .08f}, 0.25f)
                                        : mix(hair * 0.8f, Color{.35f, .28f, .22f}, 0.5f);
  return brows;
}

BeardParameters sample_beard(RandomStream random, const Style& style) {
  using enum Beard;
  const Beard styles[] = {none, stubble, shadow, full, goatee, moustache};
  const Beard chosen = styles[weighted_choice(random, {.30, .26, .18, .14, .08, .04})];
  const double opacities[] = {0,
                              random.uniform(0.25, 0.5),
                              random.uniform(0.1, 0.25),
                              random.uniform(0.75, 0.95),
                              random.uniform(0.6, 0.9),
                              random.uniform(0.6, 0.9)};
  BeardParameters beard;
  beard.style = style.feminine ? none : chosen;
  beard.opacity = to_float(opacities[static_cast<int>(beard.style)]);
  beard.thickness = to_float(random.uniform(0.15, 0.7));
  beard.shift = to_float(random.normal(0, 0.25));
  return beard;
}

}  // namespace

IdentityParameters sample_identity(const HeadRecipe& recipe, uint64_t seed, uint64_t identity) {
  const auto stream = [&](Purpose purpose) { return RandomStream(seed, identity, purpose); };
  IdentityParameters person;
  sample_shape(recipe, stream(Purpose::shape), person);
  Style style{person.femininity, person.age, 0, person.femininity > 0.5f, person.femininity > 0.55f};
  person.skin = sample_skin(stream(Purpose::skin), person, style);
  style.darkness = clip((person.skin.melanin - 0.35) / 0.9, 0, 1);
  person.eyes = sample_eyes(stream(Purpose::eyes), style);
  RandomStream hair = stream(Purpose::hair);
  person.hair = sample_hair(hair, style, person.skin.melanin);
  person.brows = sample_brows(hair, style, person.hair.color);
  person.beard = sample_beard(stream(Purpose::beard), style);
  person.noise_seed = stream(Purpose::noise).seed30();
  return person;
}

}  // namespace lifted::data::heads
