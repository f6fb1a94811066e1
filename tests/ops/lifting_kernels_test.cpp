#include "lifted/ops/group_norm_relu.h"

#include <gtest/gtest.h>

#include "lifted/base/runtime.h"
#include "lifted/ops/cpu/channel_norm.h"
#include "lifted/ops/project_upsample.h"
#include "lifted/ops/reflect_blur.h"
#include "lifted/ops/rowwise_linear.h"
#include "tests/support/golden.h"

namespace lifted::ops {
namespace {

using test::expect_close;

torch::Tensor channels_last(const torch::Tensor& x) {
  return x.contiguous(torch::MemoryFormat::ChannelsLast);
}

TEST(GroupNormRelu, AgreesWithTorchAtEveryLevelSize) {
  torch::NoGradGuard no_grad;
  for (const auto& [channels, side] : {std::pair{16, 64}, {32, 33}, {64, 16}, {256, 8}, {512, 4}, {16, 1}}) {
    const auto x = channels_last(torch::randn({3, channels, side, side}) * 3 + 5);
    const auto weight = torch::randn({channels}), bias = torch::randn({channels});
    const auto expected = torch::relu(torch::group_norm(x, channels / 4, weight, bias));
    expect_close(fmt::format("group_norm_relu {}@{}", channels, side),
                 group_norm_relu(x.clone(), {channels / 4, weight, bias}), expected, 5e-5);
  }
}

TEST(GroupNormRelu, KeepsPrecisionFarFromZero) {
  torch::NoGradGuard no_grad;
  const auto x = channels_last(torch::randn({1, 16, 128, 128}) + 1000);
  const auto ones = torch::ones({16}), zeros = torch::zeros({16});
  const auto expected =
      torch::relu(torch::group_norm(x.to(torch::kFloat64), 4, ones.to(torch::kFloat64), zeros.to(torch::kFloat64)));
  expect_close("mean 1000, deviation 1", group_norm_relu(x.clone(), {4, ones, zeros}), expected, 1e-3);
}

TEST(GroupNormRelu, GradientsFlowThroughTheTorchForm) {
  auto x = channels_last(torch::randn({2, 16, 8, 8})).requires_grad_();
  auto weight = torch::ones({16}).requires_grad_(), bias = torch::zeros({16}).requires_grad_();
  group_norm_relu(torch::Tensor(x), {4, weight, bias}).sum().backward();
  EXPECT_TRUE(x.grad().defined() && weight.grad().defined() && bias.grad().defined());
}

TEST(PlaneConv, AgreesWithTorch) {
  torch::NoGradGuard no_grad;
  for (const auto& [channels, height, width, kernel] :
       {std::array{16, 40, 37, 5}, {32, 16, 16, 3}, {16, 3, 9, 5}, {16, 1, 1, 5}}) {
    const auto x = channels_last(torch::randn({3, channels, height, width}));
    const cpu::NormAffine affine{torch::rand({3, channels}) + 0.5, torch::randn({3, channels})};
    const auto weight = torch::randn({1, channels, kernel, kernel}), bias = torch::randn({1});
    const auto input = torch::relu(x * affine.scale.view({3, channels, 1, 1}) + affine.shift.view({3, channels, 1, 1}));
    expect_close(fmt::format("plane_conv {}x{} k{}", height, width, kernel),
                 cpu::affine_relu_plane_conv(x, affine, weight, bias),
                 torch::conv2d(input, weight, bias, 1, kernel / 2), 2e-4);
  }
}

TEST(ProjectUpsample, AgreesWithTorch) {
  torch::NoGradGuard no_grad;
  for (const auto& [inputs, channels, side] : {std::array{16, 16, 32}, {3, 32, 9}, {128, 16, 16}}) {
    const auto features = torch::randn({3, inputs, 2 * side, 2 * side}), x = torch::randn({3, channels, side, side});
    const auto weight = torch::randn({channels, inputs, 1, 1});
    expect_close(fmt::format("project {}->{}@{}", inputs, channels, side),
                 project_and_add_upsampled(features, weight, x),
                 torch::conv2d(features, weight) + torch::upsample_nearest2d(x, {2 * side, 2 * side}), 1e-4);
  }
}

TEST(ReflectBlur, KernelAgreesWithMatricesAndPaddedConvolution) {
  const auto x = torch::randn({2, 3, 31, 44});
  const auto taps = blur_taps(10, 4);
  const auto row = torch::tensor(taps);
  const auto kernel = torch::outer(row, row).view({1, 1, 21, 21}).repeat({3, 1, 1, 1});
  const auto padded = torch::reflection_pad2d(x, {10, 10, 10, 10});
  const auto expected = torch::conv2d(padded, kernel, {}, 1, at::IntArrayRef{0, 0}, 1, 3);
  expect_close("kernel", reflect_blur(x, 10, 4), expected, 1e-6);
  expect_close("matrices", reflect_blur(x.clone().requires_grad_(), 10, 4), expected, 1e-6);
}

TEST(ReflectBlur, RefusesImagesSmallerThanTheRadius) {
  EXPECT_THROW(reflect_blur(torch::zeros({1, 1, 10, 64}), 10, 4), c10::Error);
}

TEST(RowwiseLinear, AgreesWithTorchForAnyWidth) {
  torch::NoGradGuard no_grad;
  for (const auto& [rows, inputs, outputs] : {std::array{1, 512, 512}, {9, 512, 4}, {8, 6, 512}, {3, 33, 7}}) {
    const auto x = torch::randn({rows, inputs}), weight = torch::randn({outputs, inputs}),
               bias = torch::randn({outputs});
    expect_close(fmt::format("linear {}x{}", rows, inputs), rowwise_linear(x, weight, bias),
                 torch::linear(x, weight, bias), 2e-4);
  }
}

TEST(LiftingKernels, SameBitsForAnyBatchAndThreadCount) {
  torch::NoGradGuard no_grad;
  const auto codes = torch::randn({11, 512}), matrix = torch::randn({300, 512});
  const auto maps = channels_last(torch::randn({11, 16, 70, 70}));
  const auto weight = torch::rand({16}), bias = torch::randn({16}), taps = torch::randn({1, 16, 5, 5}),
             projection = torch::randn({16, 16, 1, 1});
  const auto all = [&](const torch::Tensor& rows, const torch::Tensor& x) {
    const auto affine = cpu::group_norm_affine(x, 4, weight, bias);
    return std::vector{rowwise_linear(rows, matrix, {}),
                       affine.scale,
                       group_norm_relu(x.clone(), {4, weight, bias}),
                       cpu::affine_relu_plane_conv(x, affine, taps, {}),
                       reflect_blur(x, 10, 4),
                       project_and_add_upsampled(x, projection, x.slice(2, 0, 35).slice(3, 0, 35))};
  };
  const auto together = all(codes, maps);
  set_threads(1);
  const auto one_thread = all(codes, maps);
  const auto alone = all(codes.narrow(0, 5, 1), channels_last(maps.narrow(0, 5, 1)));
  set_threads(0);
  for (size_t i = 0; i < together.size(); ++i) {
    EXPECT_TRUE(together[i].equal(one_thread[i])) << "threads, result " << i;
    EXPECT_TRUE(together[i].narrow(0, 5, 1).equal(alone[i])) << "batch, result " << i;
  }
}

}  // namespace
}  // namespace lifted::ops
