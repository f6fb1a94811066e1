// Image and ground truth must tell the same story: exactly for the built-in head, and for the scan-based model where it
// is present.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "lifted/data/heads/canonical.h"
#include "lifted/data/heads/conventions.h"
#include "lifted/data/heads/render.h"
#include "tests/heads/face_models.h"

namespace lifted::data::heads {
namespace {

class GroundTruth : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    model_ = test::shared_face_model(GetParam());
    if (!model_) LIFTED_LEAVE_WITHOUT("no ICT-FaceKit folder");
  }
  std::shared_ptr<const FaceModel> model_;
};

/// Whether all pixels within `margin` are wholly on the head.
bool interior(const HeadSample& s, int x, int y, int margin) {
  for (int v = y - margin; v <= y + margin; ++v)
    for (int u = x - margin; u <= x + margin; ++u)
      if (u < 0 || v < 0 || u >= s.size || v >= s.size || s.mask[v * s.size + u] < 0.999f) return false;
  return true;
}

Vec3 normal_at(const HeadSample& s, int pixel) {
  return {s.normal[3 * pixel], s.normal[3 * pixel + 1], s.normal[3 * pixel + 2]};
}

TEST_P(GroundTruth, ReshadingTheAlbedoGivesTheImage) {
  for (uint64_t index : {0, 3, 5}) {
    const HeadSample s = render_head(*model_, HeadRecipe{}, 2024, index, 128);
    const Light& light = s.parameters.image.light;
    double error = 0;
    int count = 0;
    for (int y = 0; y < s.size; ++y)
      for (int x = 0; x < s.size; ++x) {
        if (!interior(s, x, y, 1)) continue;
        const int pixel = y * s.size + x;
        const float lit = std::max(0.0f, dot(normal_at(s, pixel), s.light_in_camera));
        const double shading = light.ambient + light.diffuse * lit;
        for (int c = 0; c < 3; ++c)
          error += std::abs(std::min(1.0, s.albedo[3 * pixel + c] * shading) - s.image[3 * pixel + c]);
        count += 3;
      }
    ASSERT_GT(count, 3 * 2000);
    EXPECT_LT(error / count, 2.0 / 255) << "image " << index;
  }
}

TEST_P(GroundTruth, ShadingAndAlbedoMultiplyToTheImage) {
  const HeadSample s = render_head(*model_, HeadRecipe{}, 2024, 1, 128);
  double error = 0;
  for (size_t i = 0; i < s.image.size(); ++i)
    error += std::abs(std::min(1.0f, s.albedo[i] * s.shading[i / 3]) - s.image[i]);
  EXPECT_LT(error / static_cast<double>(s.image.size()), 0.002);
}

TEST_P(GroundTruth, DepthReprojectsIntoTheMask) {
  // Lifting every pixel with its depth, turning it to another view and projecting it lands on the head as rendered
  // there.
  HeadParameters p = sample_parameters(HeadRecipe{}, 7, 2);
  p = canonical_parameters(p);
  const HeadSample front = render_head(*model_, p, 128);
  p.image.view.ry = 0.2;
  const HeadSample turned = render_head(*model_, p, 128);
  const Matrix3 rotation = rotation_matrix(p.image.view);
  int inside = 0, count = 0;
  const double step = 2 * tan_half_fov / front.size;
  for (int y = 0; y < front.size; ++y)
    for (int x = 0; x < front.size; ++x) {
      const float z = front.depth[y * front.size + x];
      if (!interior(front, x, y, 1)) continue;
      const Vec3 at{static_cast<float>((x + 0.5) * step - tan_half_fov) * z,
                    static_cast<float>((y + 0.5) * step - tan_half_fov) * z, z - 1};
      const Vec3 moved = rotate(rotation, at) + Vec3{0, 0, 1};
      const int u = static_cast<int>(std::floor((moved.x / moved.z + tan_half_fov) / step));
      const int v = static_cast<int>(std::floor((moved.y / moved.z + tan_half_fov) / step));
      if (u < 0 || v < 0 || u >= front.size || v >= front.size) continue;
      ++count;
      inside += turned.mask[v * front.size + u] > 0;
    }
  ASSERT_GT(count, 2000);
  EXPECT_GT(inside, 0.999 * count);
}

TEST_P(GroundTruth, NormalsOfTheDepthMapAgreeWithTheStoredOnes) {
  const HeadSample s = render_head(*model_, HeadRecipe{}, 2024, 4, 128);
  const auto position = [&](int x, int y) {
    const float z = s.depth[y * s.size + x], step = static_cast<float>(2 * tan_half_fov / s.size),
                t = static_cast<float>(tan_half_fov);
    return Vec3{((static_cast<float>(x) + 0.5f) * step - t) * z, ((static_cast<float>(y) + 0.5f) * step - t) * z, z};
  };
  std::vector<double> angles;
  for (int y = 2; y + 2 < s.size; ++y)
    for (int x = 2; x + 2 < s.size; ++x) {
      if (!interior(s, x, y, 2) || s.label[y * s.size + x] > 1) continue;
      const Vec3 n =
          normalized(cross(position(x, y + 1) - position(x, y - 1), position(x + 1, y) - position(x - 1, y)));
      angles.push_back(std::acos(std::clamp(dot(n, normal_at(s, y * s.size + x)), -1.0f, 1.0f)) * 180 / 3.14159265);
    }
  ASSERT_GT(angles.size(), 1000u);
  std::nth_element(angles.begin(), angles.begin() + static_cast<long>(angles.size() / 2), angles.end());
  EXPECT_LT(angles[angles.size() / 2], 3.0);
}

TEST_P(GroundTruth, SamplesAreTheSameBytesInAnyOrderAndThread) {
  const auto bytes = [&](uint64_t index) { return render_head(*model_, HeadRecipe{}, 5, index, 32).image; };
  const auto first = bytes(11), second = bytes(12);
  EXPECT_NE(first, second);
  std::vector<float> threaded[2];
  std::thread other([&] { threaded[1] = bytes(11); });
  threaded[0] = bytes(12);
  other.join();
  EXPECT_EQ(threaded[1], first);
  EXPECT_EQ(threaded[0], second);
}

TEST_P(GroundTruth, AlbedoDoesNotDependOnTheLight) {
  HeadParameters p = sample_parameters(HeadRecipe{}, 3, 8);
  const HeadSample a = render_head(*model_, p, 64);
  p.image.light = {0.3, 0.8, normalized({0.7f, 0.2f, -1})};
  const HeadSample b = render_head(*model_, p, 64);
  EXPECT_EQ(a.albedo, b.albedo);
  EXPECT_EQ(a.depth, b.depth);
  EXPECT_NE(a.image, b.image);
}

INSTANTIATE_TEST_SUITE_P(Models, GroundTruth, testing::Values("built-in", "ict"));

TEST(CanonicalHead, HasLiftedGansShapesAndRanges) {
  const CanonicalHead head = canonical_head(64, 3);
  EXPECT_EQ(head.depth.sizes(), (torch::IntArrayRef{1, 64, 64}));
  EXPECT_EQ(head.albedo.sizes(), (torch::IntArrayRef{1, 3, 64, 64}));
  EXPECT_EQ(head.transform_map.sizes(), (torch::IntArrayRef{1, 1, 64, 64}));
  EXPECT_EQ(head.light.sizes(), (torch::IntArrayRef{1, 4}));
  EXPECT_EQ(head.view.sizes(), (torch::IntArrayRef{1, 6}));
  EXPECT_GE(head.depth.min().item<float>(), 0.9f);
  EXPECT_LE(head.depth.max().item<float>(), 1.1f);
  EXPECT_EQ(head.depth[0][0][0].item<float>(), 1.05f);
  EXPECT_LE(head.albedo.abs().max().item<float>(), 1.0f);
  EXPECT_EQ(head.transform_map[0][0][32][32].item<float>(), 1.0f);
  EXPECT_EQ(head.transform_map[0][0][32][0].item<float>(), 0.0f);
  EXPECT_LT(head.depth[0][40][32].item<float>(), 0.96f);  // the face is nearer than the head's middle
}

TEST(Conventions, RawLightsAndViewsRoundTrip) {
  const Light light{0.45, 0.6, normalized({0.3f, -0.4f, -1})};
  const auto raw = to_raw_light(light);
  EXPECT_FLOAT_EQ(raw[2], -0.3f);  // dx = -l.x/|l.z|
  EXPECT_FLOAT_EQ(raw[3], 0.4f);
  const Light back = from_raw_light(raw);
  EXPECT_NEAR(back.ambient, 0.45, 1e-6);
  EXPECT_NEAR(back.diffuse, 0.6, 1e-6);
  EXPECT_NEAR(back.direction.y, light.direction.y, 1e-6);
  const View view{0.1, -0.5, 0.05, 0.02, -0.03, 0.004};
  const View same = from_raw_view(to_raw_view(view));
  EXPECT_NEAR(same.ry, view.ry, 1e-6);
  EXPECT_NEAR(same.tz, view.tz, 1e-6);
  EXPECT_NEAR(to_raw_view({3.14159265 / 3, 0, 0, 0.1, 0, 0.01})[0], 1, 1e-6);
  EXPECT_ANY_THROW(to_raw_light({0.5, 0.5, {0, 0, 1}}));
}

TEST(HeadRecipe, NonsenseIsRefused) {
  HeadRecipe recipe;
  EXPECT_NO_THROW(recipe.validate());
  recipe.yaw_std = -1;
  EXPECT_ANY_THROW(recipe.validate());
  recipe = {};
  recipe.images_per_identity = 0;
  EXPECT_ANY_THROW(recipe.validate());
  recipe = {};
  recipe.ambient_min = 0.9;
  EXPECT_ANY_THROW(recipe.validate());
  EXPECT_ANY_THROW(render_head(*test::shared_face_model("built-in"), HeadRecipe{}, 1, 1, 3));
}

}  // namespace
}  // namespace lifted::data::heads
