#include "lifted/formats/image_ops.h"

#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::formats {
namespace {

using test::smooth_image;

Image grey_row(std::vector<uint8_t> values) {
  const int width = static_cast<int>(values.size());
  return {width, 1, 1, std::move(values)};
}

TEST(Resize, BoxOfWholeFactorIsTheMean) {
  const Image half = resized(grey_row({0, 10, 100, 201, 255, 255}), 3, 1, ResizeFilter::box);
  EXPECT_EQ(half.pixels, (std::vector<uint8_t>{5, 151, 255}));  // 150.5 rounds up
  const Image square{2, 2, 3, {0, 0, 8, 4, 0, 8, 8, 0, 8, 12, 100, 8}};
  EXPECT_EQ(resized(square, 1, 1, ResizeFilter::box).pixels, (std::vector<uint8_t>{6, 25, 8}));
}

TEST(Resize, BoxByAWholeFactorUpRepeatsPixels) {
  const Image image = smooth_image(5, 4);
  EXPECT_EQ(resized(image, 15, 12, ResizeFilter::box), enlarged(image, 3));
}

TEST(Resize, LanczosOfAnEdgeMatchesTheFilterWorkedOutByHand) {
  // Doubling 4 pixels of an edge 0|200: output i is centred at (i + ½)/2. With weights L(d) = sinc(d)·sinc(d/3) at
  // distances d = ±¼, ±¾ … normalized over what lies inside: the values PIL's definition gives.
  const Image doubled = resized(grey_row({0, 0, 200, 200}), 8, 1, ResizeFilter::lanczos);
  const auto sinc = [](double x) { return x == 0 ? 1.0 : std::sin(M_PI * x) / (M_PI * x); };
  for (int i = 0; i < 8; ++i) {
    double sum = 0, total = 0;
    for (int k = 0; k < 4; ++k) {
      const double distance = k + 0.5 - (i + 0.5) / 2;
      const double weight = std::abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0;
      total += weight;
      sum += weight * (k >= 2 ? 200 : 0);
    }
    const double expected = std::clamp(sum / total, 0.0, 255.0);
    EXPECT_NEAR(doubled.pixels[static_cast<size_t>(i)], expected, 1.0) << i;
  }
  EXPECT_GT(*std::max_element(doubled.pixels.begin(), doubled.pixels.end()), 200);  // the overshoot Lanczos has
}

TEST(Resize, ConstantsAndTheSameSizeArePreserved) {
  for (const auto filter : {ResizeFilter::lanczos, ResizeFilter::box}) {
    EXPECT_EQ(resized(filled_image(37, 23, 3, 77), 10, 41, filter), filled_image(10, 41, 3, 77));
    const Image image = smooth_image(19, 11);
    EXPECT_EQ(resized(image, 19, 11, filter), image);
  }
}

TEST(Resize, ShrinkingIsAntialiased) {
  Image stripes = filled_image(256, 256, 3, 0);
  for (int y = 0; y < 256; ++y) {
    for (int x = 0; x < 256; x += 2) std::fill_n(stripes.at(x, y), 3, uint8_t{254});
  }
  for (const auto filter : {ResizeFilter::lanczos, ResizeFilter::box}) {
    const Image small = resized(stripes, 32, 32, filter);
    for (int x = 4; x < 28; ++x) EXPECT_NEAR(small.at(x, 16)[0], 127, 2);
  }
}

TEST(Resize, AGradientStaysAGradient) {
  const Image wide = smooth_image(256, 8);
  const Image narrow = resized(wide, 64, 8);
  for (int x = 2; x < 62; ++x) EXPECT_NEAR(narrow.at(x, 4)[0], 4 * x + 1.5, 1.01) << x;
}

TEST(Geometry, CropPadMirrorPasteGrey) {
  const Image image = smooth_image(10, 6);
  EXPECT_EQ(center_square(image).width, 6);
  EXPECT_EQ(center_square(image).at(0, 0)[0], image.at(2, 0)[0]);
  EXPECT_EQ(cropped(padded(image, 20, 16), 5, 5, 10, 6), image);
  EXPECT_EQ(mirrored(mirrored(image)), image);
  EXPECT_EQ(mirrored(image).at(0, 3)[0], image.at(9, 3)[0]);
  EXPECT_EQ(as_rgb(Image{1, 1, 1, {9}}).pixels, (std::vector<uint8_t>{9, 9, 9}));
  Image canvas = filled_image(4, 4);
  paste(canvas, image, -8, 2);
  EXPECT_EQ(canvas.at(0, 2)[1], image.at(8, 0)[1]);
  EXPECT_EQ(canvas.at(3, 3)[1], 255);
  paste(canvas, image, 100, 100);
  EXPECT_THROW(cropped(image, 5, 0, 6, 6), Error);
  EXPECT_THROW(cropped(image, -1, 0, 6, 6), Error);
  EXPECT_THROW(padded(image, 9, 9), Error);
  EXPECT_THROW(resized(image, 0, 4), Error);
}

}  // namespace
}  // namespace lifted::formats
