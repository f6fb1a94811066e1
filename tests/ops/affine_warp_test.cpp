#include "lifted/ops/affine_warp.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <string>
#include <vector>

#include "lifted/formats/safetensors.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/train/augment.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

constexpr auto kDouble = torch::kFloat64;

Tensor matrix(std::initializer_list<double> elements) {
  return torch::tensor(std::vector<double>(elements), kDouble).view({1, 3, 3});
}

/// What augmentation draws at full strength.
Tensor random_inverses(at::IntArrayRef sizes, uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  return torch::linalg_inv(train::sample_affine(1, sizes, generator).to(kDouble));
}

/// Rotation, stretch, shear and shift that magnify or shrink by less than 1.3.
Tensor mild_inverses() {
  return torch::cat({matrix({1.1, 0.2, 3.3, -0.15, 0.9, -2.7, 0, 0, 1}),
                     matrix({0.2, -1.1, 0.4, 1.2, 0.1, 5.9, 0, 0, 1}),
                     matrix({-0.8, 0.3, -4.6, 0.3, 0.85, 1.1, 0, 0, 1})});
}

/// The published sequence, step by step, with the whole batch padded alike.
Tensor published_sequence(const Tensor& images, const Tensor& inverse) {
  const double height = static_cast<double>(images.size(2)), width = static_cast<double>(images.size(3));
  const auto scale = [](double x, double y) { return torch::diag(torch::tensor({x, y, 1.0}, kDouble)); };
  const auto shift = [](double x, double y) { return matrix({1, 0, x, 0, 1, y, 0, 0, 1})[0]; };
  const double cx = (width - 1) / 2, cy = (height - 1) / 2;
  const auto corners = torch::tensor({-cx, cx, cx, -cx, -cy, -cy, cy, cy, 1.0, 1.0, 1.0, 1.0}, kDouble).view({3, 4});
  const auto reached = inverse.matmul(corners);
  const auto margin = [&](int64_t axis, double sign, double half, double size) {
    const double reach = reached.select(1, axis).mul(sign).max().item<double>() + 6 - half;
    return static_cast<int64_t>(std::ceil(std::min(std::max(reach, 0.0), size - 1)));
  };
  const int64_t x0 = margin(0, -1, cx, width), x1 = margin(0, 1, cx, width);
  const int64_t y0 = margin(1, -1, cy, height), y1 = margin(1, 1, cy, height);
  const auto taps = torch::tensor(sym6_taps()).to(images.dtype());
  const auto kernel = torch::outer(taps, taps);
  auto x =
      fir_resample(at::reflection_pad2d(images, {x0, x1, y0, y1}), kernel, FirResampleOptions::uniform(2, 1, 6, 5));
  auto map = shift(double(x0 - x1) / 2, double(y0 - y1) / 2).matmul(inverse);
  map = scale(2, 2).matmul(map).matmul(scale(0.5, 0.5));
  map = shift(-0.5, -0.5).matmul(map).matmul(shift(0.5, 0.5));
  const int64_t out_height = 2 * (images.size(2) + 6), out_width = 2 * (images.size(3) + 6);
  map = scale(2.0 / double(x.size(3)), 2.0 / double(x.size(2))).matmul(map);
  map = map.matmul(scale(double(out_width) / 2, double(out_height) / 2));
  const auto grid = at::affine_grid_generator(map.slice(1, 0, 2).to(images.dtype()),
                                              {images.size(0), images.size(1), out_height, out_width}, false);
  x = at::grid_sampler_2d(x, grid, 0, 0, false);
  return fir_resample(x, kernel.flip({0, 1}), FirResampleOptions::uniform(1, 2, -1, -1));
}

TEST(AffineWarp, FollowsThePublishedSequence) {
  const auto images = torch::randn({3, 3, 24, 20});
  test::expect_close("float32", affine_warp(images, mild_inverses()), published_sequence(images, mild_inverses()),
                     2e-5);
  const auto precise = images.to(kDouble);
  test::expect_close("float64", affine_warp(precise, mild_inverses()), published_sequence(precise, mild_inverses()),
                     1e-12);
}

TEST(AffineWarp, FollowsThePublishedSequenceAtFullStrength) {
  // Here the published margin is at times too small and lets zeros in at the borders; inside there is no difference.
  const auto images = torch::randn({16, 3, 64, 64}, kDouble);
  const auto inverse = random_inverses(images.sizes(), 4);
  test::expect_close("full strength", affine_warp(images, inverse), published_sequence(images, inverse), 1e-9, 0.98);
}

/// The golden tensor was made by an earlier public implementation with other conventions: matrices in units of half the
/// image, filters the other way round, twice the padding, a grid whose ends lie on the first and last pixel. So it is
/// reproduced from the same parts.
TEST(AffineWarp, PartsReproduceTheEarlierPublishedCode) {
  const StateDict golden = formats::read_safetensors(test::data_file("upfirdn2d.safetensors"));
  const auto images = golden.at("aug_img"), expected = golden.at("aug_affine");
  const auto inverse = torch::linalg_inv(golden.at("aug_G").to(kDouble));
  const int64_t size = images.size(3);
  const auto corners =
      torch::tensor({-1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0}, kDouble).view({3, 4});
  const auto reached = inverse.matmul(corners).slice(1, 0, 2);
  const auto beyond = [&](const Tensor& by) { return by.mul(size).clamp_min(0).ceil().amax({0, 2}).to(torch::kLong); };
  const auto before = beyond(-reached - 1), after = beyond(reached - 1);
  const int64_t x0 = before[0].item<int64_t>(), x1 = after[0].item<int64_t>();
  const int64_t y0 = before[1].item<int64_t>(), y1 = after[1].item<int64_t>();

  const auto taps = torch::tensor(sym6_taps());
  const auto kernel = torch::outer(taps, taps);
  const auto doubled = fir_resample(at::reflection_pad2d(images, {x0 + 6, x1 + 6, y0 + 6, y1 + 6}), kernel.flip({0, 1}),
                                    FirResampleOptions::uniform(2, 1, 0, 0));
  const int64_t span_x = size + x0 + x1 + 1, span_y = size + y0 + y1 + 1;
  const auto ends = [&](int64_t pad, int64_t span, int64_t steps) {
    const double unit = 2.0 / static_cast<double>(size);
    return torch::linspace(-unit * double(pad) - 1, unit * double(span - pad) - 1, steps, kDouble);
  };
  const auto y = ends(y0, span_y, doubled.size(2)).view({-1, 1}).expand({-1, doubled.size(3)});
  const auto x = ends(x0, span_x, doubled.size(3)).view({1, -1}).expand({doubled.size(2), -1});
  const auto mapped =
      torch::stack({x, y, torch::ones_like(x)}, 2).flatten(0, 1).matmul(inverse.slice(1, 0, 2).transpose(1, 2));
  const auto to_doubled = [&](const Tensor& t, int64_t pad, int64_t span) {
    return t * (double(size) / double(span)) + (double(size + 2 * pad) / double(span) - 1);
  };
  const auto grid =
      torch::stack({to_doubled(mapped.select(2, 0), x0, span_x), to_doubled(mapped.select(2, 1), y0, span_y)}, 2)
          .view({images.size(0), doubled.size(2), doubled.size(3), 2})
          .to(torch::kFloat32);
  const auto halved = fir_resample(sample_bilinear(doubled, grid), kernel, FirResampleOptions::uniform(1, 2, 0, 0));
  test::expect_close("aug_affine", halved.slice(2, y0, y0 + size).slice(3, x0, x0 + size), expected, 2e-5);
}

TEST(AffineWarp, WholePixelMapsAreExact) {
  const auto images = torch::randn({2, 3, 17, 24});
  const auto both = [](const Tensor& m) { return m.expand({2, 3, 3}); };
  // Along the way through the filters, not past them: the other sample's matrix is the identity up to rounding.
  const auto identity = matrix({1 + 1e-12, 0, 0, 0, 1, 0, 0, 0, 1});
  test::expect_close("identity", affine_warp(images, both(identity)), images, 1e-5);
  const auto shift = matrix({1, 0, 4, 0, 1, -3, 0, 0, 1});  // output (x, y) takes input (x + 4, y − 3)
  const auto expected = at::reflection_pad2d(images, {0, 4, 3, 0}).slice(3, 4, 28).slice(2, 0, 17);
  test::expect_close("shift", affine_warp(images, both(shift)), expected, 1e-5);
}

TEST(AffineWarp, UntouchedSamplesStayThemselves) {
  const auto images = torch::randn({3, 3, 16, 16});
  const auto eye = torch::eye(3, kDouble).unsqueeze(0);
  EXPECT_TRUE(affine_warp(images, eye.expand({3, 3, 3})).is_same(images));
  const auto some = affine_warp(images, torch::cat({eye, matrix({-1, 0, 0, 0, 1, 0, 0, 0, 1}), eye}));
  EXPECT_TRUE(some[0].equal(images[0]) && some[2].equal(images[2]));
  EXPECT_FALSE(some[1].allclose(images[1], 0, 0.5));
}

TEST(AffineWarp, MovesSmoothImagesAlongTheMap) {
  // cos(k·π·x/(size − 1)) goes on as its own mirror image, so the result is known everywhere. The filters delay by
  // their centre of mass, 5.098 taps instead of 5: 0.049 pixels there, and back in the output's coordinates.
  constexpr int64_t kSize = 64;
  constexpr double kDelay = 0.049, kStep = 3.14159265358979 / (kSize - 1);
  const auto line = torch::arange(kSize, kDouble);
  const auto picture = [&](const Tensor& x, const Tensor& y) {
    return (kStep * x).cos() + 0.5 * (2 * kStep * y).cos();
  };
  const auto y = line.view({-1, 1}).expand({kSize, kSize}), x = line.view({1, -1}).expand({kSize, kSize});
  const auto images = picture(x, y).expand({3, 1, kSize, kSize}).to(torch::kFloat32);
  const double center = (kSize - 1) / 2.0;
  const auto out = torch::stack({x - center + kDelay, y - center + kDelay, torch::ones_like(x)}).flatten(1);
  const auto in = mild_inverses().matmul(out).slice(1, 0, 2).view({3, 2, kSize, kSize}) + center - kDelay;
  const auto expected = picture(in.select(1, 0), in.select(1, 1)).unsqueeze(1);
  test::expect_close("smooth", affine_warp(images, mild_inverses()), expected, 1.5e-3);
}

TEST(AffineWarp, ASampleDoesNotDependOnItsBatch) {
  const auto images = torch::randn({6, 3, 32, 32});
  const auto inverse = random_inverses(images.sizes(), 9);
  const auto together = affine_warp(images, inverse);
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(affine_warp(images.narrow(0, i, 1), inverse.narrow(0, i, 1)).equal(together.narrow(0, i, 1))) << i;
  }
}

TEST(AffineWarp, TheNumberOfThreadsDoesNotMatter) {
  const auto images = torch::randn({4, 3, 32, 32}).requires_grad_(true);
  const auto inverse = random_inverses(images.sizes(), 10);
  const int threads = at::get_num_threads();
  const auto run = [&](int count) {
    at::set_num_threads(count);
    const auto y = affine_warp(images, inverse);
    return torch::stack({y.detach(), torch::autograd::grad({y.square().sum()}, {images})[0]});
  };
  const auto one = run(1), two = run(2);
  at::set_num_threads(threads);
  EXPECT_TRUE(one.equal(two));
}

TEST(AffineWarp, HasFirstAndSecondDerivatives) {
  const auto inverse = torch::cat({mild_inverses().narrow(0, 0, 2), torch::eye(3, kDouble).unsqueeze(0)});
  // Cubed, so that second derivatives are not zero.
  const auto f = [&](const std::vector<Tensor>& in) { return affine_warp(in[0], inverse).pow(3); };
  const auto images = torch::randn({3, 1, 5, 4}, kDouble).requires_grad_(true);
  test::expect_gradients(f, {images}, {.step = 1e-5, .tolerance = 1e-6});
  test::expect_second_gradients(f, {images}, {.step = 1e-5, .tolerance = 1e-6});
}

TEST(AffineWarp, KernelAgreesWithTheComposedFormInValueAndDerivatives) {
  for (const auto& sizes : {std::vector<int64_t>{5, 3, 16, 16}, {3, 2, 9, 14}, {2, 1, 1, 3}, {2, 3, 33, 8}}) {
    const auto inverse = random_inverses(sizes, 21);
    const auto images = torch::randn(sizes), weight = torch::randn(sizes);
    // Value, gradient, and gradient of the gradient's norm, which takes the adjoint's adjoint.
    const auto run = [&](torch::Dtype type) {
      const auto x = images.to(type).requires_grad_(true);
      const auto y = affine_warp(x, inverse);
      const auto first = torch::autograd::grad({(y.square() * weight.to(type)).sum()}, {x}, {}, true, true)[0];
      return std::vector<Tensor>{y, first, torch::autograd::grad({first.square().sum()}, {x})[0]};
    };
    const auto fast = run(torch::kFloat32), precise = run(kDouble);
    for (size_t i = 0; i < fast.size(); ++i) {
      test::expect_close("order " + std::to_string(i), fast[i], precise[i],
                         5e-5 * (1 + precise[i].abs().max().item<double>()));
    }
  }
}

TEST(AffineWarp, SurvivesExtremeMaps) {
  const auto images = torch::ones({4, 3, 8, 8});
  const auto inverse = torch::cat({matrix({1, 0, 1e6, 0, 1, 0, 0, 0, 1}), matrix({1e4, 0, 0, 0, 1e4, 0, 0, 0, 1}),
                                   matrix({0, 0, 0, 0, 0, 0, 0, 0, 1}), matrix({1, 0, -1e12, 0, 1, -1e12, 0, 0, 1})});
  const auto out = affine_warp(images, inverse);
  EXPECT_TRUE(out.isfinite().all().item<bool>());
  EXPECT_TRUE(affine_warp(images.to(kDouble), inverse).isfinite().all().item<bool>());
  EXPECT_LT(out[0].abs().max().item<double>(), 1e-5);  // far outside
  EXPECT_LT(out[3].abs().max().item<double>(), 1e-5);
}

TEST(AffineWarp, RejectsMisshapenMatrices) {
  const auto images = torch::zeros({2, 3, 8, 8});
  EXPECT_THROW(affine_warp(images, torch::eye(3).expand({1, 3, 3})), c10::Error);
  EXPECT_THROW(affine_warp(images[0], torch::eye(3).expand({2, 3, 3})), c10::Error);
  EXPECT_THROW(affine_warp(images, torch::full({2, 3, 3}, std::nan(""))), c10::Error);
}

}  // namespace
}  // namespace lifted::ops
