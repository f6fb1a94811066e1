// Alignment against FFHQ's published tool: squares of twenty landmark sets, and whole pictures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/base/json.h"
#include "lifted/photo/align.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::photo {
namespace {
using test::error_of;
using testing::HasSubstr;

constexpr double kPublishedFirstPixel = 0.5;  // the published tool calls its middle 0

Landmarks points_of(const nlohmann::json& list) {
  Landmarks points;
  for (const auto& point : list)
    points.push_back({point[0].get<double>() + kPublishedFirstPixel, point[1].get<double>() + kPublishedFirstPixel});
  return points;
}

nlohmann::json published() {
  return read_json_file(test::data_file("ffhq_alignment.json"));
}

TEST(Alignment, SquaresOfTwentyLandmarkSetsAreThePublished) {
  const auto sets = published()["sets"];
  ASSERT_EQ(sets.size(), 20u);
  for (const auto& set : sets) {
    const auto corners = crop_frame(eyes_and_mouth(points_of(set["points"]), "set"), Crop::ffhq).corners();
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(corners[i].x - kPublishedFirstPixel, set["corners"][i][0].get<double>(), 1e-3);
      EXPECT_NEAR(corners[i].y - kPublishedFirstPixel, set["corners"][i][1].get<double>(), 1e-3);
    }
  }
}

TEST(Alignment, WholePicturesAreThePublished) {
  const formats::Image photograph = formats::read_image(test::data_file("ffhq_photograph.png"));
  const auto pictures = published()["pictures"];
  ASSERT_FALSE(pictures.empty());
  for (const auto& picture : pictures) {
    const std::string name = picture["name"];
    const auto frame = crop_frame(eyes_and_mouth(points_of(picture["points"]), name), Crop::ffhq);
    const formats::Image expected = formats::read_image(test::data_file("ffhq_" + name + ".png"));
    const formats::Image found = aligned(photograph, frame, picture["size"].get<int>());
    // PIL's bilinear transform cuts off fractions, where this rounds.
    EXPECT_LT(test::mean_difference(found, expected), 0.8) << name;
    const formats::Image moved =
        aligned(photograph, {frame.middle + frame.right * 0.02, frame.right}, picture["size"].get<int>());
    EXPECT_GT(test::mean_difference(moved, expected), 1.5) << name;
  }
}

TEST(Alignment, CropsShareTheirMiddleAndDifferInSide) {
  const EyesAndMouth face{{40, 50}, {60, 50}, {50, 75}};
  const auto ffhq = crop_frame(face, Crop::ffhq), lifted = crop_frame(face, Crop::lifted),
             heads = crop_frame(face, Crop::heads, 2);
  EXPECT_NEAR(ffhq.side(), 90, 1e-9);  // 2 · 1.8 · 25
  EXPECT_NEAR(lifted.side(), 67.5, 1e-9);
  EXPECT_NEAR(heads.side(), 2 * 3.47 * 25, 1e-9);
  for (const auto& frame : {ffhq, lifted, heads}) {
    EXPECT_NEAR(frame.middle.x, 50, 1e-9);
    EXPECT_NEAR(frame.middle.y, 52.5, 1e-9);
    EXPECT_NEAR(frame.right.y, 0, 1e-9);
  }
  const Point inside = ffhq.inside(ffhq.at(0.3, -0.7));
  EXPECT_NEAR(inside.x, 0.3, 1e-12);
  EXPECT_NEAR(inside.y, -0.7, 1e-12);
}

TEST(Alignment, ATurnedPhotographGivesTheSamePicture) {
  // A quarter turn clockwise: (x, y) becomes (height − y, x).
  const formats::Image upright = test::smooth_image(120, 100);
  formats::Image turned = formats::filled_image(100, 120);
  for (int y = 0; y < 100; ++y)
    for (int x = 0; x < 120; ++x) std::copy_n(upright.at(x, y), 3, turned.at(99 - y, x));
  const EyesAndMouth face{{52, 45}, {68, 45}, {60, 62}};
  const auto around = [](Point p) { return Point{100 - p.y, p.x}; };
  const EyesAndMouth turned_face{around(face.left_eye), around(face.right_eye), around(face.mouth)};
  const auto a = aligned(upright, crop_frame(face, Crop::ffhq), 32);
  const auto b = aligned(turned, crop_frame(turned_face, Crop::ffhq), 32);
  EXPECT_LT(test::mean_difference(a, b), 0.5);
  EXPECT_LT(test::mean_difference(quickly_cut(upright, crop_frame(face, Crop::ffhq), 32), a), 6);
}

TEST(Alignment, WhatIsNoFaceIsASentence) {
  const EyesAndMouth face{{40, 50}, {60, 50}, {50, 75}};
  const auto problem = [](const EyesAndMouth& points) {
    return error_of([&] { check_face(points, 100, 100, "a.jpg"); });
  };
  EXPECT_EQ(problem(face), "(no error)");
  EXPECT_THAT(problem({face.right_eye, face.left_eye, face.mouth}), HasSubstr("another order"));
  EXPECT_THAT(problem({{NAN, 0}, {60, 50}, {50, 75}}), HasSubstr("no finite number"));
  EXPECT_THAT(problem({{0.4, 0.5}, {0.6, 0.5}, {0.5, 0.75}}), HasSubstr("shares of the picture's size"));
  EXPECT_THAT(problem({{400, 500}, {600, 500}, {500, 750}}), HasSubstr("another size"));
  EXPECT_THAT(problem({{50, 50}, {50.1, 50}, {50, 75}}), HasSubstr("less than a pixel apart"));
  EXPECT_THAT(error_of([] { eyes_and_mouth(Landmarks(7), "b.jpg"); }), HasSubstr("b.jpg: 7 points, expected 5 or 68"));
  EXPECT_THAT(error_of([] {
                aligned(formats::filled_image(10, 10), {{5, 5}, {400, 0}}, 64);
              }),
              HasSubstr("cannot be cut"));
}

}  // namespace
}  // namespace lifted::photo
