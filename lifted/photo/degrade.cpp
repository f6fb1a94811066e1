#include "lifted/photo/degrade.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "lifted/formats/image.h"

namespace lifted::photo {
namespace {
using torch::Tensor;

bool chance(at::Generator& random, double probability) {
  return uniform(random, 0, 1) < probability;
}

Tensor bilinear(const Tensor& image, int64_t size) {
  return torch::upsample_bilinear2d(image.unsqueeze(0), {size, size}, false).squeeze(0);
}

Tensor at_lower_resolution(const Tensor& image, int64_t size) {
  const Tensor small = torch::adaptive_avg_pool2d(image.unsqueeze(0), {size, size}).squeeze(0);
  return bilinear(small, image.size(1));
}

Tensor gaussian_blurred(const Tensor& image, double sigma) {
  constexpr int64_t radius = 3;
  const Tensor x = torch::arange(-radius, radius + 1, torch::kFloat32);
  Tensor kernel = torch::exp(-x.square() / (2 * sigma * sigma));
  kernel = (kernel / kernel.sum()).view({1, 1, 1, -1}).expand({3, 1, 1, -1}).contiguous();
  const Tensor padded = torch::reflection_pad2d(image.unsqueeze(0), {radius, radius, radius, radius});
  const std::vector<int64_t> one = {1, 1}, none = {0, 0};
  const auto filtered = [&](const Tensor& from, const Tensor& k) {
    return torch::conv2d(from, k, Tensor(), at::IntArrayRef(one), at::IntArrayRef(none), at::IntArrayRef(one), 3);
  };
  return filtered(filtered(padded, kernel), kernel.transpose(2, 3).contiguous()).squeeze(0);
}

Tensor through_jpeg(const Tensor& image, int quality) {
  const Bytes bytes = formats::encode_jpeg(formats::image_from_tensor(image, formats::Rounding::nvidia), quality);
  return formats::tensor_from_image(formats::read_image(bytes.data(), bytes.size(), "a training picture"));
}

Tensor recoloured(const Tensor& image, at::Generator& random) {
  const Tensor gain = torch::exp(torch::rand({3, 1, 1}, random) * 0.2 - 0.1) * std::exp(uniform(random, -0.25, 0.2));
  const Tensor offset = torch::rand({3, 1, 1}, random) * 0.1 - 0.05 + uniform(random, -0.1, 0.1);
  return (image * gain + offset).clamp(-1, 1);
}

Tensor degraded_one(Tensor image, at::Generator& random) {
  const int64_t size = image.size(1);
  if (chance(random, 0.8)) image = recoloured(image, random);
  if (chance(random, 0.3)) image = gaussian_blurred(image, uniform(random, 0.3, 1.2) * static_cast<double>(size) / 64);
  if (chance(random, 0.25)) {
    const double share = uniform(random, 0.4, 0.95);
    image = at_lower_resolution(image, std::max<int64_t>(8, std::lround(share * static_cast<double>(size))));
  }
  if (chance(random, 0.4)) image = image + torch::randn(image.sizes(), random) * uniform(random, 0.01, 0.1);
  if (chance(random, 0.3)) image = through_jpeg(image, static_cast<int>(uniform(random, 15, 90)));
  return image.clamp(-1, 1);
}

}  // namespace

double uniform(at::Generator& random, double low, double high) {
  return low + (high - low) * torch::rand({1}, random, torch::kFloat64).item<double>();
}

Tensor degraded(const Tensor& images, at::Generator& random) {
  std::vector<Tensor> results;
  for (int64_t i = 0; i < images.size(0); ++i) results.push_back(degraded_one(images[i], random));
  return torch::stack(results);
}

Tensor misaligned(const Tensor& images, at::Generator& random) {
  std::vector<float> maps;
  for (int64_t i = 0; i < images.size(0); ++i) {
    const double moved = chance(random, 0.5) ? 1 : 0;
    const double angle = moved * uniform(random, -2.5, 2.5) * std::numbers::pi / 180;
    const double scale = std::exp(moved * uniform(random, -0.04, 0.04));
    const double x = moved * uniform(random, -0.05, 0.05), y = moved * uniform(random, -0.05, 0.05);
    const double c = scale * std::cos(angle), s = scale * std::sin(angle);
    for (const double value : {c, -s, x, s, c, y}) maps.push_back(static_cast<float>(value));
  }
  const Tensor map = torch::tensor(maps).view({-1, 2, 3});
  const Tensor grid = torch::affine_grid_generator(map, images.sizes(), false);
  constexpr int64_t kBilinear = 0, kReflection = 2;
  return torch::grid_sampler(images, grid, kBilinear, kReflection, false);
}

Tensor random_background(int64_t size, at::Generator& random) {
  const auto cells = static_cast<int64_t>(uniform(random, 1, 6));
  const Tensor base = torch::rand({3, 1, 1}, random) * 2 - 1;
  const Tensor field = torch::randn({3, cells, cells}, random) * uniform(random, 0, 0.6);
  return (base + bilinear(field, size)).clamp(-1, 1);
}

void occlude(Tensor& images, double probability, at::Generator& random) {
  const int64_t size = images.size(2);
  const auto pick = [&](double low, double high) {
    return static_cast<int64_t>(uniform(random, low, high) * static_cast<double>(size));
  };
  for (int64_t i = 0; i < images.size(0); ++i) {
    if (!chance(random, probability)) continue;
    const int64_t x = pick(0, 0.9), y = pick(0, 0.9), width = 1 + pick(0.05, 0.33), height = 1 + pick(0.05, 0.33);
    images[i].slice(1, y, std::min(size, y + height)).slice(2, x, std::min(size, x + width)) =
        torch::rand({3, 1, 1}, random) * 2 - 1;
  }
}

}  // namespace lifted::photo
