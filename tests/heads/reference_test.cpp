// Published reference values of the recipe: noise, palette, camera, and the scan-based template's hair base and
// occlusion.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lifted/data/heads/camera_frame.h"
#include "lifted/data/heads/head_polar.h"
#include "lifted/data/heads/materials.h"
#include "lifted/data/heads/noise.h"
#include "lifted/data/heads/random_stream.h"
#include "lifted/data/heads/render.h"
#include "tests/heads/face_models.h"

namespace lifted::data::heads {
namespace {

TEST(Noise, HasTheReferenceValues) {
  EXPECT_NEAR(value_noise(0.5f, 0.25f, 0.75f, 1234), 0.081443, 1e-5);
  EXPECT_NEAR(value_noise(1.5f, 2.25f, -3.75f, 1234), -0.273799, 1e-5);
}

TEST(VectorMath, AgreesWithTheLibrary) {
  for (float x = -20; x < 20; x += 0.0371f) {
    EXPECT_NEAR(exponential(x) / std::exp(static_cast<double>(x)), 1, 5e-7);
    EXPECT_NEAR(sine(x), std::sin(static_cast<double>(x)), 2e-6);
    EXPECT_NEAR(cosine(x), std::cos(static_cast<double>(x)), 3e-6);
    EXPECT_NEAR(arctangent2(x, 3 - x), std::atan2(static_cast<double>(x), 3.0 - x), 2e-5);
    if (x > 0) {
      EXPECT_NEAR(logarithm(x), std::log(static_cast<double>(x)), 5e-7);
    }
    if (std::abs(x) < 1) {
      EXPECT_NEAR(arccosine(x), std::acos(static_cast<double>(x)), 2e-5);
    }
  }
}

TEST(SkinColor, HasTheReferencePalette) {
  const auto expect = [](float m, float h, int r, int g, int b) {
    const Color c = skin_color(m, h);
    EXPECT_NEAR(c.x * 255, r, 1);
    EXPECT_NEAR(c.y * 255, g, 1);
    EXPECT_NEAR(c.z * 255, b, 1);
  };
  expect(0.15f, 0.6f, 236, 189, 163);
  expect(0.8f, 0.5f, 207, 155, 124);
  expect(1.5f, 0.5f, 164, 114, 86);
  expect(2.3f, 0.4f, 113, 74, 53);
}

TEST(RandomStream, StreamsAreIndependentAndAsDistributed) {
  RandomStream a(1, 2, Purpose::skin), same(1, 2, Purpose::skin), other(1, 2, Purpose::eyes), next(1, 3, Purpose::skin);
  const uint64_t first = a.next();
  EXPECT_EQ(first, same.next());
  EXPECT_NE(first, other.next());
  EXPECT_NE(first, next.next());
  double normal = 0, squares = 0, beta = 0, correlation = 0;
  constexpr int count = 20000;
  for (int i = 0; i < count; ++i) {
    const double x = RandomStream(9, i, Purpose::view).normal(), y = RandomStream(9, i, Purpose::light).normal();
    normal += x, squares += x * x, correlation += x * y;
    beta += RandomStream(9, i, Purpose::shape).beta(1.6, 2.2);
  }
  EXPECT_NEAR(normal / count, 0, 0.03);
  EXPECT_NEAR(squares / count, 1, 0.04);
  EXPECT_NEAR(correlation / count, 0, 0.03);
  EXPECT_NEAR(beta / count, 1.6 / 3.8, 0.01);
}

class IctTemplate : public testing::Test {
 protected:
  void SetUp() override {
    model_ = test::shared_face_model("ict");
    if (!model_) LIFTED_LEAVE_WITHOUT("no ICT-FaceKit folder");
  }
  const FaceModelData& data() const { return model_->data(); }
  std::shared_ptr<const FaceModel> model_;
};

TEST_F(IctTemplate, IsPlacedAsPublished) {
  const Placement placement = place_head(data(), data().neutral, 1);
  EXPECT_NEAR(placement.eye_mouth, 7.0280, 1e-3);
  EXPECT_NEAR(placement.scale, 0.00711344, 1e-7);
  EXPECT_NEAR(placement.pivot[1], 2.7391, 1e-3);
  EXPECT_NEAR(placement.pivot[2], 1.9837, 1e-3);
  const Vec3 nose = data().neutral[4857], front = camera_transform(placement, {}, 0.6).point(nose);
  EXPECT_NEAR(front.x, 0, 1e-5);
  EXPECT_NEAR(front.y, 0.016597, 1e-5);
  EXPECT_NEAR(front.z, 0.921145, 1e-5);
  View view;
  view.ry = 3.14159265358979 / 6;
  const CameraTransform turned = camera_transform(placement, view, 0.6);
  EXPECT_NEAR(turned.translation[0], 0.016478, 1e-5);
  EXPECT_NEAR(turned.translation[1], 0, 1e-6);
  EXPECT_NEAR(turned.point(nose).x, -0.022950, 1e-5);
  EXPECT_NEAR(turned.point(nose).z, 0.931709, 1e-5);
}

TEST_F(IctTemplate, HairBaseIsWherePublished) {
  const BaseGrid base = data().hair_base.positions(data().neutral);
  const auto expect = [&](float degrees, float h, Vec3 wanted) {
    const Vec3 p = base_position(base, degrees * pi / 180, h);
    EXPECT_LT(length(p - wanted), 0.07) << degrees << "°, " << h << ": " << p.x << ", " << p.y << ", " << p.z;
  };
  expect(0, 7, {0, 11.16f, 8.50f});
  expect(90, 0, {7.78f, 4, 0});
  expect(180, 0, {0, 4, -8.56f});
  expect(45, 5, {6.06f, 8.68f, 6.06f});
  expect(-60, -2, {-7.27f, 2, 4.20f});
  expect(180, -8, {0, -4, -5.75f});
}

TEST_F(IctTemplate, OcclusionIsDarkInFolds) {
  std::vector<float> face(data().occlusion.begin(), data().occlusion.begin() + 9409);
  std::sort(face.begin(), face.end());
  const auto percentile = [&](int p) { return face[face.size() * p / 100]; };
  EXPECT_NEAR(percentile(5), 0.03, 0.05);
  EXPECT_NEAR(percentile(25), 0.61, 0.05);
  EXPECT_NEAR(percentile(50), 0.89, 0.05);
  EXPECT_NEAR(percentile(75), 0.98, 0.05);
  EXPECT_NEAR(data().occlusion[4857], 0.999, 0.05);
  EXPECT_NEAR(data().occlusion[data().landmarks[62]], 0.32, 0.05);
  EXPECT_NEAR(data().occlusion[data().landmarks[39]], 0.60, 0.05);
}

TEST_F(IctTemplate, RandomHeadsFillTheImageAsPublished) {
  std::vector<float> cover;
  double light = 0;
  float nearest = 9, farthest = 0;
  constexpr int count = 24, size = 48;
  for (uint64_t i = 0; i < count; ++i) {
    RenderOptions options;
    options.supersampling = 2;
    const HeadSample s = render_head(*model_, HeadRecipe{}, 7, 5000 + i, size, options);
    double covered = 0, mean = 0;
    for (int k = 0; k < size * size; ++k) {
      covered += s.mask[k];
      mean += (s.image[3 * k] + s.image[3 * k + 1] + s.image[3 * k + 2]) / 3;
      if (s.mask[k] < 0.999f) continue;
      nearest = std::min(nearest, s.depth[k]), farthest = std::max(farthest, s.depth[k]);
    }
    cover.push_back(static_cast<float>(covered / size / size));
    light += mean / size / size / count;
  }
  std::sort(cover.begin(), cover.end());
  EXPECT_NEAR(cover[count / 2], 0.64, 0.05);
  EXPECT_GT(cover.front(), 0.42);
  EXPECT_LT(cover.back(), 0.85);
  EXPECT_NEAR(light, 0.40, 0.08);
  EXPECT_GT(nearest, 0.88f);
  EXPECT_LT(farthest, 1.15f);
}

}  // namespace
}  // namespace lifted::data::heads
