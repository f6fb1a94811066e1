// Cats keep the promises of people: images that agree with their maps, the same bytes anywhere, and as much variety.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/data/heads/cat_model.h"
#include "lifted/data/heads/head_set.h"
#include "tests/heads/face_models.h"
#include "tests/heads/heads_command.h"

namespace lifted::data::heads {
namespace {

const FaceModel& cat_model() {
  static const FaceModel model = analytic_cat_model();
  return model;
}

HeadRecipe cats() {
  HeadRecipe recipe;
  recipe.family = Family::cats;
  return recipe;
}

/// Seen from the front, in the light and before the background of image 0 of the set.
HeadParameters portrait(const HeadRecipe& recipe, uint64_t index) {
  HeadParameters p = canonical_parameters(sample_parameters(recipe, 77, index));
  const ImageParameters first = sample_parameters(recipe, 77, 0).image;
  p.image.light = first.light, p.image.background = first.background;
  p.image.zoom = 1;
  return p;
}

bool interior(const HeadSample& s, int x, int y) {
  for (int v = y - 2; v <= y + 2; ++v)
    for (int u = x - 2; u <= x + 2; ++u)
      if (s.mask[v * s.size + u] < 0.999f || s.label[v * s.size + u] > 1) return false;
  return true;
}

TEST(Cats, AreTheSameBytesInAnyOrderAndThread) {
  const auto image = [](uint64_t index) { return render_head(cat_model(), cats(), 5, index, 32).image; };
  const auto first = image(11), second = image(12);
  EXPECT_NE(first, second);
  std::vector<float> threaded;
  std::thread other([&] { threaded = image(11); });
  EXPECT_EQ(image(12), second);
  other.join();
  EXPECT_EQ(threaded, first);
}

TEST(Cats, ImagesAreAlbedoTimesShading) {
  for (uint64_t index : {1, 4, 9}) {
    const HeadSample s = render_head(cat_model(), cats(), 2024, index, 64);
    double error = 0;
    for (size_t i = 0; i < s.image.size(); ++i)
      error += std::abs(std::min(1.0f, s.albedo[i] * s.shading[i / 3]) - s.image[i]);
    EXPECT_LT(error / static_cast<double>(s.image.size()), 0.004) << "image " << index;
  }
}

TEST(Cats, PaintDoesNotDependOnTheLight) {
  HeadParameters p = sample_parameters(cats(), 3, 8);
  const HeadSample a = render_head(cat_model(), p, 48);
  p.image.light = {0.3, 0.8, normalized({0.7f, 0.2f, -1})};
  const HeadSample b = render_head(cat_model(), p, 48);
  EXPECT_EQ(a.albedo, b.albedo);
  EXPECT_EQ(a.depth, b.depth);
  EXPECT_NE(a.image, b.image);
}

TEST(Cats, NormalsAgreeWithDepth) {
  const HeadSample s = render_head(cat_model(), cats(), 2024, 4, 128);
  const float step = static_cast<float>(2 * tan_half_fov / s.size), t = static_cast<float>(tan_half_fov);
  const auto position = [&](int x, int y) {
    const float z = s.depth[y * s.size + x];
    return Vec3{((static_cast<float>(x) + 0.5f) * step - t) * z, ((static_cast<float>(y) + 0.5f) * step - t) * z, z};
  };
  std::vector<double> angles;
  for (int y = 2; y + 2 < s.size; ++y)
    for (int x = 2; x + 2 < s.size; ++x) {
      if (!interior(s, x, y)) continue;
      const float* stored = &s.normal[3 * (y * s.size + x)];
      const Vec3 n =
          normalized(cross(position(x, y + 1) - position(x, y - 1), position(x + 1, y) - position(x - 1, y)));
      const float agreement = dot(n, {stored[0], stored[1], stored[2]});
      angles.push_back(std::acos(std::clamp(agreement, -1.0f, 1.0f)) * 180 / 3.14159265);
    }
  ASSERT_GT(angles.size(), 2000u);
  std::nth_element(angles.begin(), angles.begin() + static_cast<long>(angles.size() / 2), angles.end());
  EXPECT_LT(angles[angles.size() / 2], 4.0);
}

TEST(Cats, FillTheFrontalPictureWithTheirEarsInside) {
  for (uint64_t index = 0; index < 24; ++index) {
    const HeadSample s = render_head(cat_model(), portrait(cats(), index), 48);
    double covered = 0, eyes = 0;
    for (float m : s.mask) covered += m / static_cast<double>(s.mask.size());
    EXPECT_GT(covered, 0.30) << "cat " << index;
    EXPECT_LT(covered, 0.85) << "cat " << index;
    for (int x = 0; x < s.size; ++x) EXPECT_EQ(s.mask[x], 0) << "cat " << index << " touches the upper edge";
    for (const CatLandmark& l : cat_landmarks()) {
      const Vec3 at = s.landmarks[l.slot];
      EXPECT_TRUE(at.x > 1 && at.x < 47 && at.y > 1 && at.y < 47) << "cat " << index << ", " << l.name;
      if (std::string(l.name).starts_with("eye")) eyes += at.y / 4 / s.size;
    }
    EXPECT_NEAR(eyes, 0.46, 0.04) << "cat " << index;
  }
}

TEST(Cats, WithEvenTraitsAreSymmetric) {
  HeadParameters p = portrait(cats(), 3);
  CatParameters& cat = *p.cat;
  for (CatTrait uneven : {CatTrait::lean_asymmetry, CatTrait::skew}) cat.shape[static_cast<int>(uneven)] = 0;
  cat.coat.pattern = CatPattern::solid, cat.coat.white_amount = -1;
  cat.fur = {.length = 0, .ruff = 0, .tufts = 0, .grain = 0};
  cat.eyes.iris[1] = cat.eyes.iris[0];
  p.image.expression.clear();
  p.image.gaze_yaw = 0;
  const HeadSample s = render_head(cat_model(), p, 64);
  double depth = 0, albedo = 0;
  for (int y = 0; y < s.size; ++y)
    for (int x = 0; x < s.size; ++x) {
      const int here = y * s.size + x, there = y * s.size + s.size - 1 - x;
      if (s.mask[here] < 1 || s.mask[there] < 1) continue;
      depth += std::abs(s.depth[here] - s.depth[there]) / s.size / s.size;
      albedo += std::abs(s.albedo[3 * here] - s.albedo[3 * there]) / s.size / s.size;
    }
  EXPECT_LT(depth, 5e-5);
  EXPECT_LT(albedo, 0.015);  // the catch lights and the coat's uneven tone
}

/// Mean difference between any two of the first 14 heads in one view and light.
double variety(const FaceModel& model, const HeadRecipe& recipe) {
  std::vector<std::vector<float>> images;
  for (uint64_t index = 0; index < 14; ++index) images.push_back(render_head(model, portrait(recipe, index), 32).image);
  double sum = 0;
  int pairs = 0;
  for (size_t a = 0; a < images.size(); ++a)
    for (size_t b = 0; b < a; ++b, ++pairs)
      for (size_t i = 0; i < images[a].size(); ++i)
        sum += std::abs(images[a][i] - images[b][i]) / static_cast<double>(images[a].size());
  return sum / pairs;
}

TEST(Cats, AreAsVariedAsPeople) {
  EXPECT_GT(variety(cat_model(), cats()), variety(*test::shared_face_model("built-in"), HeadRecipe{}));
}

TEST(Cats, LeavePeopleAsTheyAre) {
  EXPECT_FALSE(sample_parameters(HeadRecipe{}, 1, 2).cat.has_value());
  const HeadParameters person = sample_parameters(HeadRecipe{}, 1, 2), cat = sample_parameters(cats(), 1, 2);
  EXPECT_EQ(person.image.view.ry, cat.image.view.ry);
  EXPECT_EQ(person.image.light.ambient, cat.image.light.ambient);
  EXPECT_THROW(render_head(cat_model(), person, 16), Error);
  EXPECT_THROW(render_head(*test::shared_face_model("built-in"), cat, 16), Error);
}

TEST(Cats, HaveRecordsOfTheirOwn) {
  const test::TemporaryFolder folder;
  HeadSetOptions options;
  options.recipe = cats();
  options.count = 1, options.size = 16, options.ground_truth = true;
  options.out = folder / "set";
  render_head_set(cat_model(), options);
  const auto record = read_json_file(folder / "set" / "ground_truth" / "ground_truth.jsonl");
  EXPECT_FALSE(record.contains("person"));
  EXPECT_EQ(record["cat"]["shape"].size(), static_cast<size_t>(cat_traits));
  EXPECT_EQ(record["landmarks"].size(), cat_landmarks().size());
  EXPECT_EQ(record["landmarks"]["ear_left"].size(), 3u);
}

using CatsCommand = test::HeadsCommandTest;

TEST_F(CatsCommand, InstructionSetsGiveTheSameBytes) {
  for (const char* isa : {"baseline", "avx512"})
    ASSERT_EQ(run("render --family cats --count 2 --size 32 --out " + file(std::string(isa) + ".zip"),
                  std::string("LIFTED_ISA=") + isa),
              0)
        << said();
  EXPECT_EQ(sha256_of_file(file("baseline.zip")), sha256_of_file(file("avx512.zip")));
}

TEST_F(CatsCommand, WhatCatsLackIsRefusedInOneSentence) {
  EXPECT_EQ(run("render --count 1 --family cats --face-model scan --out " + file("a")), 2);
  EXPECT_NE(said().find("--face-model"), std::string::npos) << said();
  EXPECT_EQ(run("labels --count 1 --landmarks --family cats --out " + file("a.jsonl")), 2);
  EXPECT_NE(said().find("--landmarks"), std::string::npos) << said();
}

}  // namespace
}  // namespace lifted::data::heads
