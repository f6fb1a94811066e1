// Draws what differs between the images of one person, and checks the recipe.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "lifted/base/error.h"
#include "lifted/data/heads/random_stream.h"
#include "lifted/data/heads/recipe.h"
#include "lifted/data/heads/scalar.h"

namespace lifted::data::heads {
namespace {

constexpr double radians = std::numbers::pi / 180;

class Expression {
 public:
  void add(const std::string& name, double weight) {
    if (weight != 0) weights_.push_back({name, to_float(weight)});
  }
  void add_pair(const std::string& name, double left, double right) {
    add(name + "_L", left);
    add(name + "_R", right);
  }
  void add_pair(const std::string& name, double weight) { add_pair(name, weight, weight); }
  std::vector<ExpressionWeight> take() { return std::move(weights_); }

 private:
  std::vector<ExpressionWeight> weights_;
};

void sample_mouth(RandomStream& random, Expression& expression) {
  const double kind = random.uniform();
  const double smile = 0.85 * random.beta(1.5, 1.8), asymmetry = random.normal(0, 0.06);
  const double cheek = 0.6 * smile * random.uniform(), squint = 0.5 * smile * random.uniform();
  const bool opened = random.chance(0.5);
  const double open = random.uniform(0.2, 1) * smile, jaw = random.uniform(0.3, 1);
  const double slack = random.uniform(0, 0.09), frown = random.uniform(0.1, 0.6), pucker = random.uniform(0.1, 0.45);
  if (kind < 0.50) {
    expression.add_pair("mouthSmile", smile + asymmetry, smile - asymmetry);
    expression.add_pair("cheekSquint", cheek);
    expression.add_pair("eyeSquint", squint);
    if (!opened) return;
    expression.add_pair("mouthUpperUp", 0.55 * open);
    expression.add_pair("mouthLowerDown", 0.7 * open);
    expression.add("jawOpen", 0.14 * open * jaw);
  } else if (kind < 0.60) {
    expression.add("jawOpen", slack);
  } else if (kind < 0.70) {
    expression.add_pair("mouthFrown", frown);
  } else if (kind < 0.78) {
    expression.add("mouthPucker", pucker);
  }
}

void sample_brows_and_lids(RandomStream& random, Expression& expression) {
  const double brow = random.normal(0, 0.3), inner = random.uniform(0.3, 1), outer = random.uniform(0.2, 1);
  if (brow > 0) {
    expression.add_pair("browInnerUp", brow * inner);
    expression.add_pair("browOuterUp", brow * outer);
  } else {
    expression.add_pair("browDown", -brow);
  }
  const double lid = std::abs(random.normal(0, 0.05)) + (random.chance(0.012) ? 1 : 0);
  expression.add_pair("eyeBlink", std::min(lid, 1.0));
  expression.add_pair("eyeWide", std::max(0.0, random.normal(0.12, 0.18)));
}

void sample_face(RandomStream random, bool expressions, ImageParameters& image) {
  Expression expression;
  sample_mouth(random, expression);
  sample_brows_and_lids(random, expression);
  if (expressions) image.expression = expression.take();
  image.gaze_yaw = to_float(clip(random.normal(0, 6), -14, 14) * radians);
  image.gaze_pitch = to_float(clip(random.normal(0, 3), -8, 8) * radians);
}

void sample_view(const HeadRecipe& recipe, RandomStream random, ImageParameters& image) {
  const auto angle = [&](double deviation, double limit) {
    return clip(random.normal(0, deviation), -limit, limit) * radians;
  };
  image.view.ry = angle(recipe.yaw_std, recipe.yaw_max);
  image.view.rx = angle(recipe.pitch_std, recipe.pitch_max);
  image.view.rz = angle(recipe.roll_std, recipe.roll_max);
  image.view.tx = random.normal(0, 0.0025);
  image.view.ty = random.normal(0, 0.0025);
  image.view.tz = random.normal(0, 0.003);
  image.zoom = std::exp(clip(random.normal(0, 0.035), -0.08, 0.08));
}

Light sample_light(const HeadRecipe& recipe, RandomStream random) {
  Light light;
  const double total = random.uniform(recipe.total_min, recipe.total_max);
  const double share = random.uniform(recipe.ambient_min, recipe.ambient_max);
  light.ambient = share * total;
  light.diffuse = (1 - share) * total;
  const double x = clip(random.normal(0, recipe.light_x_std), -1, 1);
  const double y = clip(random.normal(recipe.light_y_mean, recipe.light_y_std), -1, 0.6);
  light.direction = normalized({to_float(x), to_float(y), -1});
  return light;
}

Color random_color(RandomStream& random, double deviation) {
  const double r = random.normal(0, deviation), g = random.normal(0, deviation), b = random.normal(0, deviation);
  return {to_float(r), to_float(g), to_float(b)};
}

Color clip_color(Color c, float low, float high) {
  return {clamp(c.x, low, high), clamp(c.y, low, high), clamp(c.z, low, high)};
}
Color grey_color(double value) {
  return Color{1, 1, 1} * to_float(value);
}

Background sample_background(RandomStream random) {
  Background background;
  const double spread = random.chance(0.25) ? 0.12 : 0.045;
  Color from = grey_color(random.uniform(0.08, 0.92));
  from = from + random_color(random, spread);
  Color to = from + grey_color(random.normal(0, 0.2));
  to = to + random_color(random, 0.5 * spread);
  background.from = clip_color(from, 0.02f, 0.98f);
  background.to = clip_color(to, 0.02f, 0.98f);
  background.angle = to_float(random.uniform(0, 2 * std::numbers::pi));
  const int blobs = random.index(5);
  for (int i = 0; i < blobs; ++i) {
    Blob blob;
    blob.x = to_float(random.uniform(-1, 1));
    blob.y = to_float(random.uniform(-1, 1));
    blob.radius = to_float(random.uniform(0.25, 0.8));
    const Color middle = grey_color(random.normal(0, 0.10));
    blob.color = middle + random_color(random, 0.04);
    background.blobs.push_back(blob);
  }
  return background;
}

void check_spread(const char* name, double value) {
  if (!(value >= 0 && value < 1e3)) usage_error("{} is {}, but must be a number from 0 to 1000", name, value);
}

void check_range(const char* name, double low, double high, double limit) {
  if (!(low >= 0 && low <= high && high <= limit)) {
    usage_error("{} runs from {} to {}, but must rise within 0 … {}", name, low, high, limit);
  }
}

}  // namespace

void HeadRecipe::validate() const {
  if (images_per_identity < 1) usage_error("images per identity is {}, but must be at least 1", images_per_identity);
  check_spread("the shape's standard deviation", shape_std);
  check_spread("the yaw's standard deviation", yaw_std);
  check_spread("the pitch's standard deviation", pitch_std);
  check_spread("the roll's standard deviation", roll_std);
  check_spread("the light's sideways standard deviation", light_x_std);
  check_spread("the light's vertical standard deviation", light_y_std);
  check_range("the yaw", 0, yaw_max, 90);
  check_range("the pitch", 0, pitch_max, 60);
  check_range("the roll", 0, roll_max, 180);
  check_range("the ambient share", ambient_min, ambient_max, 1);
  check_range("the total light", total_min, total_max, 2);
  if (!(light_y_mean >= -10 && light_y_mean <= 10))
    usage_error("the light's mean height is {}, but must be within ±10", light_y_mean);
}

ImageParameters sample_image(const HeadRecipe& recipe, uint64_t seed, uint64_t index) {
  const auto stream = [&](Purpose purpose) { return RandomStream(seed, index, purpose); };
  ImageParameters image;
  sample_face(stream(Purpose::expression), recipe.expressions, image);
  sample_view(recipe, stream(Purpose::view), image);
  image.light = sample_light(recipe, stream(Purpose::light));
  image.background = sample_background(stream(Purpose::background));
  RandomStream cloth = stream(Purpose::cloth);
  const Color base = grey_color(cloth.uniform(0.05, 0.9));
  image.cloth = clip_color(base + random_color(cloth, 0.15), 0.02f, 0.95f);
  image.cloth_height = to_float(cloth.uniform(-11.8, -9.6));
  return image;
}

HeadParameters sample_parameters(const HeadRecipe& recipe, uint64_t seed, uint64_t index) {
  const uint64_t identity = index / static_cast<uint64_t>(recipe.images_per_identity);
  HeadParameters parameters{seed, index, identity, {}, sample_image(recipe, seed, index)};
  if (recipe.family == Family::people) {
    parameters.person = sample_identity(recipe, seed, identity);
  } else {
    parameters.cat = sample_cat(recipe, seed, identity);
    parameters.image.expression.clear();
    if (recipe.expressions) parameters.image.expression = sample_cat_expression(seed, index);
  }
  return parameters;
}

const char* name_of(HairStyle style) {
  constexpr const char* names[] = {"bald",  "recede", "buzz",   "short", "quiff", "medium", "curly",
                                   "slick", "long",   "tucked", "bob",   "updo",  "afro"};
  return names[static_cast<int>(style)];
}

const char* name_of(Beard beard) {
  constexpr const char* names[] = {"none", "stubble", "shadow", "full", "goatee", "moustache"};
  return names[static_cast<int>(beard)];
}

}  // namespace lifted::data::heads
