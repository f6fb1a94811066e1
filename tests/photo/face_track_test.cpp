// A face through a video: gaps filled, points and codes steadied.
#include "lifted/photo/face_track.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/images.h"

namespace lifted::photo {
namespace {
using testing::HasSubstr;

EyesAndMouth at(double x) {
  return {{x, 10}, {x + 20, 10}, {x + 10, 35}};
}

TEST(FaceTrack, FillsGapsAndKeepsWhatMovesEvenly) {
  std::vector<std::optional<EyesAndMouth>> faces;
  for (int i = 0; i < 9; ++i) faces.emplace_back(at(3 * i));
  faces[3] = faces[4] = std::nullopt;
  const auto steady = steadied(faces, "clip");
  ASSERT_EQ(steady.size(), 9u);
  for (int i = 2; i < 7; ++i) EXPECT_NEAR(steady[static_cast<size_t>(i)].left_eye.x, 3 * i, 1e-9) << i;
  faces = {std::nullopt, at(5), std::nullopt};
  for (const auto& face : steadied(faces, "clip")) EXPECT_NEAR(face.mouth.x, 15, 1e-9);
}

TEST(FaceTrack, AJumpIsSpreadAsAGaussianOfOneFrame) {
  std::vector<std::optional<EyesAndMouth>> faces(9, at(0));
  faces[4] = at(1);
  const auto steady = steadied(faces, "clip");
  const double near = std::exp(-0.5), far = std::exp(-2.0), sum = 1 + 2 * near + 2 * far;
  const double expected[] = {0, 0, far / sum, near / sum, 1 / sum, near / sum, far / sum, 0, 0};
  for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(steady[i].left_eye.x, expected[i], 1e-12) << i;
  auto codes = torch::zeros({9, 2});
  codes[4] = torch::tensor({1.f, -2.f});
  const auto calm = steadied(codes);
  for (int64_t i = 0; i < 9; ++i) {
    EXPECT_NEAR(calm[i][0].item<double>(), expected[i], 1e-6) << i;
    EXPECT_NEAR(calm[i][1].item<double>(), -2 * expected[i], 1e-6) << i;
  }
}

TEST(FaceTrack, NoFaceAtAllIsSaid) {
  EXPECT_THAT(test::error_of([] { steadied(std::vector<std::optional<EyesAndMouth>>(3), "clip.mp4"); }),
              HasSubstr("clip.mp4: no face was found in any of its 3 frames"));
}

}  // namespace
}  // namespace lifted::photo
