#include "lifted/formats/image_ops.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "lifted/base/error.h"

namespace lifted::formats {
namespace {

double lanczos3(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= 3) return 0;
  const double angle = std::numbers::pi * x;
  return 3 * std::sin(angle) * std::sin(angle / 3) / (angle * angle);
}

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1 : 0;
}

constexpr int kWeightBits = 22;  // as PIL: sums of 8-bit samples times weights stay inside 32 bits

/// For one output sample: the first input sample and the fixed-point weights from there on.
struct Taps {
  int first = 0;
  std::vector<int32_t> weights;
};

Taps taps_for(int output, int in_size, double scale, ResizeFilter filter) {
  const double stretch = std::max(scale, 1.0);
  const double support = (filter == ResizeFilter::lanczos ? 3.0 : 0.5) * stretch;
  const double center = (output + 0.5) * scale;
  Taps taps;
  taps.first = std::max(static_cast<int>(center - support + 0.5), 0);
  const int end = std::min(static_cast<int>(center + support + 0.5), in_size);
  std::vector<double> weights;
  double sum = 0;
  for (int i = taps.first; i < end; ++i) {
    const double x = (i - center + 0.5) / stretch;
    weights.push_back(filter == ResizeFilter::lanczos ? lanczos3(x) : box(x));
    sum += weights.back();
  }
  for (const double weight : weights) {
    taps.weights.push_back(static_cast<int32_t>(std::lround(weight / sum * (1 << kWeightBits))));
  }
  return taps;
}

std::vector<Taps> all_taps(int in_size, int out_size, ResizeFilter filter) {
  std::vector<Taps> taps;
  for (int i = 0; i < out_size; ++i) {
    taps.push_back(taps_for(i, in_size, static_cast<double>(in_size) / out_size, filter));
  }
  return taps;
}

uint8_t to_byte(int64_t sum) {
  return static_cast<uint8_t>(std::clamp<int64_t>(sum >> kWeightBits, 0, 255));
}

void check_crop(const Image& image, int x, int y, int width, int height) {
  require(x >= 0 && y >= 0 && width > 0 && height > 0 && width <= image.width - x && height <= image.height - y,
          "crop {}x{} at ({}, {}) does not lie inside the {}x{} image", width, height, x, y, image.width, image.height);
}

constexpr int64_t kHalf = int64_t{1} << (kWeightBits - 1);

Image resized_columns(const Image& image, int width, ResizeFilter filter) {
  const auto taps = all_taps(image.width, width, filter);
  const int channels = image.channels;
  Image result = filled_image(width, image.height, channels);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Taps& tap = taps[static_cast<size_t>(x)];
      for (int c = 0; c < channels; ++c) {
        int64_t sum = kHalf;
        const uint8_t* from = image.at(tap.first, y) + c;
        for (const int32_t weight : tap.weights) sum += int64_t{weight} * *from, from += channels;
        result.at(x, y)[c] = to_byte(sum);
      }
    }
  }
  return result;
}

Image resized_rows(const Image& image, int height, ResizeFilter filter) {
  const auto taps = all_taps(image.height, height, filter);
  const size_t row_size = static_cast<size_t>(image.width) * image.channels;
  Image result = filled_image(image.width, height, image.channels);
  std::vector<int64_t> sums(row_size);
  for (int y = 0; y < height; ++y) {
    const Taps& tap = taps[static_cast<size_t>(y)];
    std::fill(sums.begin(), sums.end(), kHalf);
    for (size_t i = 0; i < tap.weights.size(); ++i) {
      const uint8_t* from = image.at(0, tap.first + static_cast<int>(i));
      for (size_t x = 0; x < row_size; ++x) sums[x] += int64_t{tap.weights[i]} * from[x];
    }
    std::transform(sums.begin(), sums.end(), result.at(0, y), to_byte);
  }
  return result;
}

}  // namespace

Image resized(const Image& image, int width, int height, ResizeFilter filter) {
  require(width > 0 && height > 0, "resize to {}x{}: expected at least 1x1", width, height);
  require(image.width > 0 && image.height > 0, "resize: the image is empty");
  const Image narrow = width == image.width ? image : resized_columns(image, width, filter);
  return height == image.height ? narrow : resized_rows(narrow, height, filter);
}

Image cropped(const Image& image, int x, int y, int width, int height) {
  check_crop(image, x, y, width, height);
  Image result = filled_image(width, height, image.channels);
  for (int row = 0; row < height; ++row) {
    std::memcpy(result.at(0, row), image.at(x, y + row), static_cast<size_t>(width) * image.channels);
  }
  return result;
}

Image cropped(Image&& image, int x, int y, int width, int height) {
  check_crop(image, x, y, width, height);
  const size_t row_size = static_cast<size_t>(width) * image.channels;
  for (int row = 0; row < height; ++row)
    std::memmove(image.pixels.data() + row * row_size, image.at(x, y + row), row_size);
  image.width = width;
  image.height = height;
  image.pixels.resize(row_size * height);
  return std::move(image);
}

Image center_square(const Image& image) {
  const int side = std::min(image.width, image.height);
  return cropped(image, (image.width - side) / 2, (image.height - side) / 2, side, side);
}

Image padded(const Image& image, int width, int height, uint8_t value) {
  require(width >= image.width && height >= image.height, "pad to {}x{}: the image has {}x{} already", width, height,
          image.width, image.height);
  Image result = filled_image(width, height, image.channels, value);
  paste(result, image, (width - image.width) / 2, (height - image.height) / 2);
  return result;
}

Image enlarged(const Image& image, int factor) {
  require(factor >= 1, "enlarge by {}: expected at least 1", factor);
  Image result = filled_image(image.width * factor, image.height * factor, image.channels);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      std::memcpy(result.at(x, y), image.at(x / factor, y / factor), static_cast<size_t>(image.channels));
    }
  }
  return result;
}

Image mirrored(const Image& image) {
  Image result = filled_image(image.width, image.height, image.channels);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      std::memcpy(result.at(x, y), image.at(image.width - 1 - x, y), static_cast<size_t>(image.channels));
    }
  }
  return result;
}

Image oriented(const Image& image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool swapped = orientation >= 5;
  const int right = image.width - 1, bottom = image.height - 1;
  Image result = filled_image(swapped ? image.height : image.width, swapped ? image.width : image.height);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      int from_x = swapped ? y : x, from_y = swapped ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) from_x = right - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) from_y = bottom - from_y;
      std::memcpy(result.at(x, y), image.at(from_x, from_y), 3);
    }
  }
  return result;
}

Image as_rgb(const Image& image) {
  require(image.channels == 1 || image.channels == 3, "as_rgb: {} channels, expected 1 or 3", image.channels);
  if (image.channels == 3) return image;
  Image result = filled_image(image.width, image.height);
  for (size_t i = 0; i < image.pixels.size(); ++i) std::fill_n(&result.pixels[3 * i], 3, image.pixels[i]);
  return result;
}

void paste(Image& target, const Image& source, int x, int y) {
  require(target.channels == source.channels, "paste: {} channels onto {}", source.channels, target.channels);
  const int left = std::max(0, -x), right = std::min(source.width, target.width - x);
  if (left >= right) return;
  for (int row = std::max(0, -y); row < std::min(source.height, target.height - y); ++row) {
    std::memcpy(target.at(x + left, y + row), source.at(left, row),
                static_cast<size_t>(right - left) * source.channels);
  }
}

}  // namespace lifted::formats
