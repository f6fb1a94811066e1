// NaN must come out of every kernel where it comes out of the reference: a network that has diverged must not draw
// faces.
#include <gtest/gtest.h>

#include "lifted/ops/bias_act.h"
#include "lifted/ops/cpu/channel_norm.h"
#include "lifted/ops/direction_distance.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/ops/group_norm_relu.h"
#include "lifted/ops/modulated_conv.h"
#include "lifted/ops/project_upsample.h"
#include "lifted/ops/reflect_blur.h"
#include "lifted/ops/rowwise_linear.h"
#include "lifted/ops/styled_conv.h"
#include "lifted/ops/surface.h"
#include "tests/ops/memory_formats.h"

namespace lifted::ops {
namespace {
using test::kChannelsLast;
using torch::Tensor;

/// The kernel is NaN where the reference is, somewhere and not everywhere, and else within `tolerance` of it.
void expect_alike(const std::string& name, const Tensor& kernel, const Tensor& reference, double tolerance = 1e-4) {
  ASSERT_EQ(kernel.sizes(), reference.sizes()) << name;
  const auto nan = reference.isnan();
  EXPECT_TRUE(nan.any().item<bool>() && !nan.all().item<bool>()) << name << ": the case shows nothing";
  EXPECT_TRUE(kernel.isnan().equal(nan)) << name << ": " << kernel.isnan().sum().item<int64_t>() << " NaN, expected "
                                         << nan.sum().item<int64_t>();
  const auto difference = (kernel - reference).masked_select(nan.logical_not()).abs().max().item<double>();
  EXPECT_LE(difference, tolerance) << name;
}

/// Normal values, one of them NaN: in the first sample's channel 1 at row 2, column 3.
Tensor with_nan(at::IntArrayRef sizes) {
  auto x = torch::randn(sizes);
  x[0][1][2][3] = NAN;
  return x;
}

Tensor one_by_one(const Tensor& x, const Tensor& weight) {
  return torch::einsum("bchw,oc->bohw", {x, weight});
}

TEST(KernelsKeepNan, BiasAct) {
  for (const std::optional<double> clamp : {std::optional<double>(), std::optional<double>(0.5)}) {
    const BiasActOptions options{.slope = 0.2, .gain = 2, .clamp = clamp};
    for (const auto& x : {with_nan({2, 16, 5, 6}), with_nan({2, 16, 5, 6}).contiguous(kChannelsLast)}) {
      const auto bias = torch::randn({16});
      expect_alike("bias_act", bias_act(x, bias, options), bias_act(x, bias, options, Implementation::reference));
      if (clamp) continue;  // torch has no gradient where its clamp met NaN, and neither have we
      const auto gradient = [&](Implementation implementation) {
        const auto leaf = x.clone().requires_grad_(true);
        bias_act(leaf, bias, options, implementation).square().sum().backward();
        return leaf.grad();
      };
      expect_alike("its gradient", gradient(Implementation::fused), gradient(Implementation::reference));
    }
  }
}

TEST(KernelsKeepNan, FirResample) {
  const auto fir = fir_kernel({1, 3, 3, 1}, 4);
  for (const auto& options : {FirResampleOptions::uniform(2, 1, 2, 1), FirResampleOptions::uniform(1, 2, 1, 1)}) {
    const auto x = with_nan({2, 16, 8, 8}).contiguous(kChannelsLast);
    expect_alike("fir_resample", fir_resample(x, fir, options),
                 fir_resample(x, fir, options, Implementation::reference));
  }
}

/// With and without upsampling and clamp; more channels than one block of sixteen, and fewer.
TEST(KernelsKeepNan, StyledConv) {
  const torch::NoGradGuard guard;
  for (const bool upsample : {false, true}) {
    for (const float clamp : {std::numeric_limits<float>::infinity(), 0.5f}) {
      for (const int64_t out : {3, 20}) {
        const auto x = with_nan({2, 8, 9, 9}), weight = torch::randn({out, 8, 3, 3}) / 9, bias = torch::randn({out});
        const auto packed = pack_weights(weight);
        StyledConvInputs inputs;
        inputs.x = x.contiguous(kChannelsLast);
        inputs.bias = bias;
        inputs.activation = {.slope = 0.2f, .gain = 2, .clamp = clamp};
        inputs.upsample = upsample;
        const auto fir = fir_kernel({1, 3, 3, 1}, 4);
        inputs.fir = separate_fir(fir).value();
        // In double, so that no library's fast convolution spreads the NaN.
        auto y = modulated_conv(x.to(torch::kDouble), weight.to(torch::kDouble), torch::ones({2, 8}, torch::kDouble),
                                fir.to(torch::kDouble), {.demodulate = false, .upsample = upsample},
                                Implementation::reference);
        y = torch::leaky_relu(y + bias.view({1, out, 1, 1}), 0.2) * 2;
        if (std::isfinite(clamp)) y = y.clamp(-clamp, clamp);
        expect_alike(fmt::format("styled_conv to {}{}", out, upsample ? " upsampled" : ""), styled_conv(packed, inputs),
                     y.to(torch::kFloat32));
      }
    }
  }
}

TEST(KernelsKeepNan, PackedLinearAndToRgb) {
  const torch::NoGradGuard guard;
  auto rows = torch::randn({5, 20});
  rows[3][7] = NAN;
  const auto weight = torch::randn({17, 20}), bias = torch::randn({17});
  const auto packed = pack_weights(weight);
  expect_alike("packed_linear", packed_linear(packed, rows, bias, {.slope = 0.2f, .gain = 2}),
               torch::leaky_relu(torch::linear(rows, weight, bias), 0.2) * 2);
  const auto x = with_nan({2, 20, 6, 6}), colours = torch::randn({2, 3, 20}), offset = torch::randn({3});
  const auto expected = (torch::einsum("bkc,bchw->bkhw", {colours, x}) + offset.view({1, 3, 1, 1})).clamp(-1, 1);
  expect_alike(
      "to_rgb",
      styled_to_rgb({.x = x.contiguous(kChannelsLast), .weight = colours, .bias = offset, .skip = {}, .clamp = 1}),
      expected);
}

TEST(KernelsKeepNan, GroupNormReluAndPlaneConv) {
  const torch::NoGradGuard guard;
  const auto x = with_nan({2, 16, 8, 8}).contiguous(kChannelsLast);
  const auto weight = torch::randn({16}), bias = torch::randn({16});
  expect_alike("group_norm_relu", group_norm_relu(x.clone(), {4, weight, bias}),
               torch::relu(torch::group_norm(x, 4, weight, bias)));
  const cpu::NormAffine affine{torch::rand({2, 16}) + 0.5, torch::randn({2, 16})};
  const auto taps = torch::randn({1, 16, 5, 5}), offset = torch::randn({1});
  const auto input = torch::relu(x * affine.scale.view({2, 16, 1, 1}) + affine.shift.view({2, 16, 1, 1}));
  const auto expected =
      torch::conv2d(input.to(torch::kDouble), taps.to(torch::kDouble), offset.to(torch::kDouble), 1, 2);
  expect_alike("plane_conv", cpu::affine_relu_plane_conv(x, affine, taps, offset), expected.to(torch::kFloat32), 2e-4);
}

TEST(KernelsKeepNan, ProjectUpsampleBlurAndLinear) {
  const torch::NoGradGuard guard;
  const auto features = with_nan({2, 3, 16, 16}), weight = torch::randn({16, 3});
  auto x = torch::randn({2, 16, 8, 8});
  x[1][4][5][6] = NAN;
  expect_alike("project_upsample", project_and_add_upsampled(features, weight.view({16, 3, 1, 1}), x),
               one_by_one(features, weight) + torch::upsample_nearest2d(x, {16, 16}));
  const auto map = with_nan({2, 2, 20, 20});
  const auto row = torch::tensor(blur_taps(3, 1)).to(torch::kDouble);
  const auto taps = torch::outer(row, row).view({1, 1, 7, 7}).repeat({2, 1, 1, 1});
  const auto padded = torch::reflection_pad2d(map.to(torch::kDouble), {3, 3, 3, 3});
  expect_alike("reflect_blur", reflect_blur(map, 3, 1),
               torch::conv2d(padded, taps, {}, 1, at::IntArrayRef{0, 0}, 1, 2).to(torch::kFloat32));
  auto rows = torch::randn({5, 33});
  rows[2][9] = NAN;
  const auto matrix = torch::randn({7, 33});
  expect_alike("rowwise_linear", rowwise_linear(rows, matrix, {}), torch::linear(rows, matrix));
}

TEST(KernelsKeepNan, DirectionDistance) {
  const auto x = with_nan({2, 16, 6, 7}), target = torch::randn({2, 16, 6, 7});
  EXPECT_TRUE(std::isnan(direction_distance(x, target).item<double>()));
  EXPECT_TRUE(std::isnan(direction_distance(target, x).item<double>()));
  const auto gradient = [&](Implementation implementation) {
    const auto leaf = x.clone().requires_grad_(true);
    direction_distance(leaf, target, {}, implementation).backward();
    return leaf.grad();
  };
  expect_alike("its gradient", gradient(Implementation::fused), gradient(Implementation::reference));
}

TEST(KernelsKeepNan, Surface) {
  const torch::NoGradGuard guard;
  const int64_t side = 8;
  auto depth = 1 + 0.02 * torch::rand({2, side, side});
  depth[0][3][4] = NAN;
  const SurfaceCamera camera{10, 3.5};
  const SurfaceLight light{torch::full({2}, 0.5), torch::full({2}, 0.5),
                           torch::tensor({0.1f, 0.2f, 0.9f}).repeat({2, 1})};
  const auto shaded = shade_surface(depth, camera, true, light, torch::zeros({2, 3, side, side}));
  // A sample takes part in the normals of its four neighbours, not in its own.
  auto expected = torch::zeros({2, side, side}, torch::kBool);
  for (const auto& [row, column] : {std::pair{2, 4}, {4, 4}, {3, 3}, {3, 5}}) expected[0][row][column] = true;
  EXPECT_TRUE(shaded.normals.isnan().any(3).equal(expected)) << shaded.normals.isnan().any(3)[0];
  EXPECT_TRUE(shaded.shading.isnan().squeeze(1).equal(expected));
  EXPECT_TRUE(shaded.image.isnan().any(1).equal(expected));
  const auto vertices = surface_vertices(depth, camera, torch::eye(3).repeat({2, 1, 1}), torch::zeros({2, 3}), {});
  EXPECT_TRUE(vertices.isnan().all(3).equal(depth.isnan()));
}

}  // namespace
}  // namespace lifted::ops
