#include "lifted/photo/align.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "lifted/base/error.h"
#include "lifted/formats/image_ops.h"

namespace lifted::photo {
namespace {
using formats::Image;

constexpr int kOversampling = 4, kMostSides = 6;

/// The square as the published tool counts: the middle of the first pixel is 0.
struct Quad {
  std::array<Point, 4> corners;
  double side;

  void move(double x, double y) {
    for (Point& p : corners) p = p + Point{x, y};
  }
  /// Whole pixels around it: left, top, right, bottom.
  std::array<int, 4> box() const {
    const auto [left, right] = std::ranges::minmax(corners, {}, &Point::x);
    const auto [top, bottom] = std::ranges::minmax(corners, {}, &Point::y);
    return {static_cast<int>(std::floor(left.x)), static_cast<int>(std::floor(top.y)),
            static_cast<int>(std::ceil(right.x)), static_cast<int>(std::ceil(bottom.y))};
  }
};

int rounded(double value) {
  return static_cast<int>(std::nearbyint(value));
}

void shrink(Image& image, Quad& quad, int size) {
  const int factor = static_cast<int>(quad.side / size * 0.5);
  if (factor <= 1) return;
  const auto side = [&](int pixels) { return std::max(1, rounded(static_cast<double>(pixels) / factor)); };
  image = formats::resized(image, side(image.width), side(image.height));
  for (Point& p : quad.corners) p = p * (1.0 / factor);
  quad.side /= factor;
}

void cut(Image& image, Quad& quad, int border) {
  const auto box = quad.box();
  const int left = std::clamp(box[0] - border, 0, image.width - 1),
            top = std::clamp(box[1] - border, 0, image.height - 1);
  const int right = std::clamp(box[2] + border, left + 1, image.width),
            bottom = std::clamp(box[3] + border, top + 1, image.height);
  if (right - left >= image.width && bottom - top >= image.height) return;
  image = formats::cropped(std::move(image), left, top, right - left, bottom - top);
  quad.move(-left, -top);
}

/// 0 … count − 1 for any place of the mirrored continuation, whose edges are not repeated.
int mirrored_place(int at, int count) {
  if (count == 1) return 0;
  const int period = 2 * (count - 1), place = ((at % period) + period) % period;
  return std::min(place, period - place);
}

/// 0 … count − 1 for one whose edges are.
int repeated_place(int at, int count) {
  const int period = 2 * count, place = ((at % period) + period) % period;
  return std::min(place, period - 1 - place);
}

Image continued(const Image& image, const std::array<int, 4>& pad) {
  Image result = formats::filled_image(image.width + pad[0] + pad[2], image.height + pad[1] + pad[3]);
  for (int y = 0; y < result.height; ++y)
    for (int x = 0; x < result.width; ++x)
      std::copy_n(image.at(mirrored_place(x - pad[0], image.width), mirrored_place(y - pad[1], image.height)), 3,
                  result.at(x, y));
  return result;
}

std::vector<float> gaussian(double sigma) {
  const int radius = static_cast<int>(4 * sigma + 0.5);
  std::vector<float> weights;
  double sum = 0;
  for (int i = -radius; i <= radius; ++i) sum += std::exp(-0.5 * i * i / (sigma * sigma));
  for (int i = -radius; i <= radius; ++i)
    weights.push_back(static_cast<float>(std::exp(-0.5 * i * i / (sigma * sigma)) / sum));
  return weights;
}

/// Along rows, written as columns: twice is a blur of both.
std::vector<float> blurred_and_turned(const std::vector<float>& values, int width, int height, double sigma) {
  const std::vector<float> weights = gaussian(sigma);
  const int radius = static_cast<int>(weights.size() / 2);
  std::vector<float> result(values.size());
  at::parallel_for(0, height, 16, [&](int64_t first, int64_t last) {
    std::vector<float> row(static_cast<size_t>(width + 2 * radius) * 3);
    for (int64_t y = first; y < last; ++y) {
      for (int x = -radius; x < width + radius; ++x)
        std::copy_n(&values[(static_cast<size_t>(y) * width + repeated_place(x, width)) * 3], 3,
                    &row[static_cast<size_t>(x + radius) * 3]);
      for (int x = 0; x < width; ++x) {
        float sum[3] = {};
        for (size_t k = 0; k < weights.size(); ++k)
          for (size_t c = 0; c < 3; ++c) sum[c] += weights[k] * row[(static_cast<size_t>(x) + k) * 3 + c];
        std::copy_n(sum, 3, &result[(static_cast<size_t>(x) * height + static_cast<size_t>(y)) * 3]);
      }
    }
  });
  return result;
}

std::array<float, 3> median_colour(const std::vector<float>& values) {
  std::array<float, 3> median{};
  for (size_t c = 0; c < 3; ++c) {
    std::vector<float> channel;
    for (size_t i = c; i < values.size(); i += 3) channel.push_back(values[i]);
    const auto middle = channel.begin() + static_cast<std::ptrdiff_t>(channel.size() / 2);
    std::nth_element(channel.begin(), middle, channel.end());
    median[c] = *middle;
    if (channel.size() % 2 == 0) median[c] = (median[c] + *std::max_element(channel.begin(), middle)) / 2;
  }
  return median;
}

/// What was continued fades: blurred from a third of the margin inside on, and the median colour at the outer edge.
void fade(Image& image, const std::array<int, 4>& pad, double sigma) {
  const int width = image.width, height = image.height;
  std::vector<float> values(image.pixels.begin(), image.pixels.end());
  const std::vector<float> blurred =
      blurred_and_turned(blurred_and_turned(values, width, height, sigma), height, width, sigma);
  const auto inwards = [](int at, int count, int before, int after) {
    return std::min(static_cast<float>(at) / static_cast<float>(before),
                    static_cast<float>(count - 1 - at) / static_cast<float>(after));
  };
  const auto mask = [&](int x, int y) {
    return std::max(1 - inwards(x, width, pad[0], pad[2]), 1 - inwards(y, height, pad[1], pad[3]));
  };
  const auto each = [&](const auto& change) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (size_t c = 0; c < 3; ++c) change((static_cast<size_t>(y) * width + x) * 3 + c, c, mask(x, y));
  };
  each([&](size_t i, size_t, float m) { values[i] += (blurred[i] - values[i]) * std::clamp(3 * m + 1, 0.0f, 1.0f); });
  const auto median = median_colour(values);
  each([&](size_t i, size_t c, float m) { values[i] += (median[c] - values[i]) * std::clamp(m, 0.0f, 1.0f); });
  for (size_t i = 0; i < values.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>(std::clamp(std::nearbyint(values[i]), 0.0f, 255.0f));
}

void pad(Image& image, Quad& quad, int border) {
  const auto box = quad.box();
  std::array<int, 4> margin = {std::max(border - box[0], 0), std::max(border - box[1], 0),
                               std::max(box[2] - image.width + border, 0), std::max(box[3] - image.height + border, 0)};
  if (std::ranges::max(margin) <= border - 4) return;
  for (int& side : margin) side = std::max(side, rounded(quad.side * 0.3));
  image = continued(image, margin);
  fade(image, margin, quad.side * 0.02);
  quad.move(margin[0], margin[1]);
}

/// The colour at a point (the middle of the first pixel is 0), bilinear; beyond the edge the edge's.
std::array<double, 3> colour_at(const Image& image, Point p) {
  const double left = std::floor(p.x), top = std::floor(p.y);
  const auto pixel = [&](double x, double y) {
    return image.at(static_cast<int>(std::clamp(x, 0.0, image.width - 1.0)),
                    static_cast<int>(std::clamp(y, 0.0, image.height - 1.0)));
  };
  const uint8_t *a = pixel(left, top), *b = pixel(left + 1, top), *c = pixel(left, top + 1),
                *d = pixel(left + 1, top + 1);
  std::array<double, 3> colour{};
  for (size_t i = 0; i < 3; ++i)
    colour[i] = std::lerp(std::lerp(a[i], b[i], p.x - left), std::lerp(c[i], d[i], p.x - left), p.y - top);
  return colour;
}

/// The square as size × size pixels; black where it lies outside, unless `continue_edge`.
Image sampled(const Image& image, const Quad& quad, int size, bool continue_edge = false) {
  Image result = formats::filled_image(size, size, 3, 0);
  const Point right = (quad.corners[3] - quad.corners[0]) * (1.0 / size),
              down = (quad.corners[1] - quad.corners[0]) * (1.0 / size);
  at::parallel_for(0, size, 16, [&](int64_t first, int64_t last) {
    for (int row = static_cast<int>(first); row < last; ++row)
      for (int column = 0; column < size; ++column) {
        const Point p = quad.corners[0] + right * (column + 0.5) + down * (row + 0.5);
        const bool inside = p.x >= -0.5 && p.y >= -0.5 && p.x < image.width - 0.5 && p.y < image.height - 0.5;
        if (!inside && !continue_edge) continue;
        const auto colour = colour_at(image, p);
        for (size_t i = 0; i < 3; ++i) result.at(column, row)[i] = static_cast<uint8_t>(colour[i] + 0.5);
      }
  });
  return result;
}

Quad quad_of(const CropFrame& frame) {
  Quad quad{frame.corners(), frame.side()};
  quad.move(-0.5, -0.5);
  return quad;
}

}  // namespace

Image aligned(const Image& photograph, const CropFrame& frame, int size) {
  const double side = frame.side();
  require(side > 0.5 && side <= double{kMostSides} * std::max(photograph.width, photograph.height),
          "a face whose square has a side of {:.1f} pixels cannot be cut from a picture of {}x{}", side,
          photograph.width, photograph.height);
  Quad quad = quad_of(frame);
  Image image = photograph;
  shrink(image, quad, size);
  const int border = std::max(rounded(quad.side * 0.1), 3);
  cut(image, quad, border);
  pad(image, quad, border);
  return formats::resized(sampled(image, quad, kOversampling * size), size, size);
}

Image quickly_cut(const Image& photograph, const CropFrame& frame, int size) {
  const int factor = static_cast<int>(std::clamp(std::ceil(frame.side() / size), 1.0, 8.0));
  const Image large = sampled(photograph, quad_of(frame), size * factor, true);
  return factor == 1 ? large : formats::resized(large, size, size, formats::ResizeFilter::box);
}

}  // namespace lifted::photo
