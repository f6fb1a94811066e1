#include "lifted/data/heads/cat_colors.h"

#include "lifted/data/heads/scalar.h"

namespace lifted::data::heads {
namespace {

enum class Pigment { black, blue, ginger, cream, chocolate, lilac, silver, cinnamon };

/// Colors of one pigment: of stripes, between them, of pale places, and as an even coat.
struct Palette {
  Color marking, ground, pale, even;
};
constexpr Palette palettes[] = {
    {{.13f, .11f, .10f}, {.50f, .41f, .31f}, {.80f, .73f, .62f}, {.115f, .105f, .105f}},  // black
    {{.31f, .32f, .35f}, {.57f, .55f, .53f}, {.82f, .80f, .77f}, {.40f, .42f, .46f}},     // blue
    {{.62f, .33f, .14f}, {.82f, .56f, .31f}, {.95f, .85f, .70f}, {.78f, .48f, .23f}},     // ginger
    {{.76f, .58f, .39f}, {.89f, .77f, .61f}, {.96f, .91f, .83f}, {.88f, .74f, .56f}},     // cream
    {{.28f, .18f, .13f}, {.60f, .45f, .33f}, {.85f, .75f, .64f}, {.29f, .19f, .14f}},     // chocolate
    {{.52f, .46f, .46f}, {.74f, .68f, .65f}, {.90f, .86f, .83f}, {.62f, .56f, .55f}},     // lilac
    {{.14f, .13f, .14f}, {.66f, .66f, .66f}, {.90f, .90f, .89f}, {.72f, .72f, .72f}},     // silver
    {{.45f, .27f, .16f}, {.71f, .52f, .36f}, {.90f, .80f, .68f}, {.49f, .35f, .25f}},     // cinnamon
};

template <int N>
int weighted(RandomStream& random, const double (&weights)[N]) {
  double total = 0;
  for (double w : weights) total += w;
  double left = random.uniform() * total;
  for (int i = 0; i + 1 < N; ++i)
    if ((left -= weights[i]) < 0) return i;
  return N - 1;
}

/// A color a little lighter or darker, warmer or cooler.
Color varied(Color c, double light, double warm) {
  const float k = to_float(light), w = to_float(warm);
  return clamp01(Color{c.x * k * (1 + w), c.y * k, c.z * k * (1 - w)});
}

bool is_red(Pigment p) {
  return p == Pigment::ginger || p == Pigment::cream;
}

CatPattern possible(CatPattern wanted, Pigment pigment) {
  if (is_red(pigment) && (wanted == CatPattern::solid || wanted == CatPattern::smoke))
    return CatPattern::mackerel;  // red coats always show their stripes
  if (is_red(pigment) && wanted == CatPattern::tortoiseshell) return CatPattern::classic;
  if (pigment == Pigment::silver && wanted == CatPattern::solid) return CatPattern::classic;
  return wanted;
}

struct Drawn {
  Pigment pigment;
  bool white_cat, pink;
};

Drawn sample_coat(RandomStream& random, CatCoat& coat) {
  const auto pigment = static_cast<Pigment>(weighted(random, {.32, .16, .20, .08, .06, .05, .10, .03}));
  const auto wanted = static_cast<CatPattern>(weighted(random, {.24, .25, .12, .07, .12, .07, .13}));
  const double light = random.uniform(0.86, 1.14), warm = random.normal(0, 0.035);
  const bool white_cat = random.chance(0.06), spotted = random.chance(0.42), pink = random.chance(0.5);
  const double amount = random.uniform(0.26, 1.0);
  coat.pattern = white_cat ? CatPattern::solid : possible(wanted, pigment);
  const Palette& palette = palettes[static_cast<int>(pigment)];
  coat.marking = varied(palette.marking, light * random.uniform(0.9, 1.15), warm);
  coat.ground = varied(coat.pattern == CatPattern::solid ? palette.even : palette.ground, light, warm);
  coat.pale = varied(palette.pale, 0.5 + 0.5 * light, warm);
  const double bright = random.uniform(0.94, 1.03), cream = random.normal(0, 0.012);
  coat.white = varied({.93f, .92f, .90f}, bright, cream);
  const Palette& red = palettes[static_cast<int>(
      pigment == Pigment::black || pigment == Pigment::chocolate ? Pigment::ginger : Pigment::cream)];
  coat.red = varied(mix(red.even, red.ground, to_float(random.uniform())), light, warm);
  if (coat.pattern == CatPattern::solid) coat.pale = mix(coat.ground, coat.pale, 0.35f);
  const double body = random.uniform(0.86, 1.04);
  if (coat.pattern == CatPattern::points) coat.ground = varied({.90f, .84f, .75f}, body, warm);
  coat.contrast = to_float(random.uniform(0.6, 1) * (coat.pattern == CatPattern::ticked ? 0.5 : 1));
  coat.stripes = to_float(random.uniform(0.7, 1.4));
  coat.patch = to_float(random.uniform(0.25, 0.75));
  coat.patch_scale = to_float(random.uniform(0.30, 0.75));
  coat.split = to_float(random.chance(0.3) ? random.uniform(0.5, 1.4) : random.uniform(0, 0.15));
  coat.white_amount = to_float(white_cat ? 2 : spotted ? amount : -1);
  coat.white_lean = to_float(clip(random.normal(0, 0.25), -0.5, 0.5));
  coat.points_extent = to_float(random.uniform(0.85, 1.45));
  return {pigment, white_cat, pink};
}

Color iris_of(int kind, float t) {
  constexpr Color from[] = {{.80f, .66f, .18f}, {.74f, .42f, .11f}, {.50f, .63f, .26f},
                            {.64f, .62f, .24f}, {.33f, .53f, .80f}, {.40f, .66f, .60f}},
                  to[] = {{.88f, .76f, .34f}, {.84f, .55f, .16f}, {.62f, .74f, .42f},
                          {.72f, .72f, .38f}, {.56f, .74f, .90f}, {.55f, .76f, .70f}};
  return mix(from[kind], to[kind], t);
}

void sample_eyes(RandomStream& random, const Drawn& coat, bool points, CatEyes& eyes) {
  constexpr int blue = 4;
  const int kind = weighted(random, {.26, .20, .24, .18, .05, .07}), other = weighted(random, {.5, .2, .3});
  const float t = to_float(random.uniform()), t2 = to_float(random.uniform());
  const bool odd = random.chance(coat.white_cat ? 0.25 : 0.015), pale = random.chance(0.35);
  const int both = points || (coat.white_cat && pale) ? blue : kind;
  const bool left = random.chance(0.5);
  eyes.iris = {iris_of(both, t), iris_of(both, t)};
  if (odd) eyes.iris = {iris_of(left ? blue : other, t), iris_of(left ? other : blue, t2)};
  const bool wide = random.chance(0.35);
  const double slit = random.uniform(0.10, 0.38), round = random.uniform(0.38, 0.64);
  eyes.pupil = to_float(wide ? round : slit);
  eyes.rim = to_float(coat.white_cat || (is_red(coat.pigment) && coat.pink) ? random.uniform(0.3, 0.7)
                                                                            : random.uniform(0.8, 1));
  eyes.ring = to_float(random.uniform(0.15, 0.9));
}

void sample_bare_skin(RandomStream& random, const Drawn& drawn, CatParameters& cat) {
  constexpr Color pink{.84f, .55f, .51f}, brick{.60f, .33f, .28f}, black{.13f, .115f, .115f}, grey{.36f, .34f, .36f};
  const double light = random.uniform(0.88, 1.1), kind = random.uniform();
  const CatCoat& coat = cat.coat;
  const bool pale = drawn.white_cat || is_red(drawn.pigment) || (coat.white_amount > 0.35f && drawn.pink);
  const bool striped =
      coat.pattern == CatPattern::mackerel || coat.pattern == CatPattern::classic || coat.pattern == CatPattern::ticked;
  const bool dilute = drawn.pigment == Pigment::blue || drawn.pigment == Pigment::lilac;
  Color nose = pale ? pink : dilute ? grey : striped && kind < 0.7 ? brick : black;
  if (!pale && kind > 0.88) nose = mix(pink, brick, 0.4f);
  cat.nose = varied(nose, light, 0.02);
  const float dark = pale ? 0.0f : striped ? 0.25f : 0.55f;
  cat.ear_skin = varied(mix(Color{.88f, .66f, .60f}, Color{.36f, .27f, .26f}, dark), light, 0);
  cat.freckles = to_float(random.uniform(0, pale ? 0.4 : 1));
}

}  // namespace

void sample_cat_colors(RandomStream coat, RandomStream eyes, CatParameters& cat) {
  const Drawn drawn = sample_coat(coat, cat.coat);
  sample_bare_skin(coat, drawn, cat);
  sample_eyes(eyes, drawn, cat.coat.pattern == CatPattern::points, cat.eyes);
}

}  // namespace lifted::data::heads
