#include "lifted/ops/convolution.h"
#include "lifted/ops/convolution_choice.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/gradcheck.h"

namespace lifted {
namespace {
using torch::Tensor;

TEST(Convolution, TransposedEqualsTorchs) {
  for (const int64_t padding : {0, 1}) {
    for (const int64_t kernel : {3, 4}) {
      for (const int64_t channels : {1, 3, 16, 17}) {
        const auto x = torch::randn({2, channels, 5, 7}), weight = torch::randn({channels, 6, kernel, kernel});
        const auto expected = at::conv_transpose2d(x, weight, {}, 2, padding);
        ASSERT_TRUE(at::allclose(ops::conv_transpose2d_stride2(x, weight, padding), expected, 1e-4, 1e-4));
        ASSERT_TRUE(
            at::allclose(ops::conv_transpose2d_stride2(x.contiguous(at::MemoryFormat::ChannelsLast), weight, padding),
                         expected, 1e-4, 1e-4));
      }
    }
  }
}

TEST(Convolution, DerivativesAgreeWithDifferences) {
  const auto x = torch::randn({2, 2, 4, 3}, at::kDouble).requires_grad_(true);
  const auto weight = torch::randn({3, 2, 3, 3}, at::kDouble).requires_grad_(true);
  const test::TensorFunction forward = [](const auto& in) { return ops::conv2d(in[0], in[1], {2, 1}); };
  test::expect_gradients(forward, {x, weight});
  test::expect_second_gradients(forward, {x, weight});

  const auto up = torch::randn({2, 3, 2, 2}, at::kDouble).requires_grad_(true);
  const test::TensorFunction transposed = [](const auto& in) { return ops::conv_transpose2d_stride2(in[0], in[1], 1); };
  test::expect_gradients(transposed, {up, weight});
  test::expect_second_gradients(transposed, {up, weight});

  const test::TensorFunction weights = [](const auto& in) {
    return ops::conv2d_weight_gradient(in[0], in[1], {3, 2, 3, 3}, {2, 1});
  };
  test::expect_gradients(weights, {up, x});
  test::expect_second_gradients(weights, {up, x});
}

struct Case {
  std::vector<int64_t> x;  // B×C×H×W
  int64_t out, kernel_y, kernel_x;
  ops::ConvolutionOptions options;
};

/// Sizes for every algorithm: tiles that do not fit, thin and tiny pictures, one sample, channels of one panel and
/// many, and no multiple of a panel.
const std::vector<Case> kCases = {{{2, 16, 9, 11}, 32, 3, 3, {1, 1}},      {{1, 48, 12, 8}, 16, 3, 3, {1, 0}},
                                  {{3, 32, 8, 8}, 16, 3, 3, {1, 2}},       {{1, 272, 8, 13}, 528, 3, 3, {1, 1}},
                                  {{2, 16, 4, 5}, 32, 3, 3, {1, 1}},       {{2, 32, 17, 15}, 16, 3, 3, {2, 0}},
                                  {{1, 16, 8, 8}, 16, 4, 4, {2, 1}},       {{2, 80, 7, 9}, 48, 1, 1, {1, 0}},
                                  {{2, 16, 9, 9}, 32, 1, 1, {2, 0}},       {{2, 32, 10, 8}, 16, 1, 7, {1, {0, 3}}},
                                  {{1, 16, 11, 6}, 32, 7, 1, {1, {3, 0}}}, {{1, 32, 9, 9}, 16, 5, 5, {1, 2}},
                                  {{2, 16, 2, 3}, 16, 5, 5, {1, 2}},       {{2, 3, 9, 9}, 16, 3, 3, {1, 1}},
                                  {{2, 17, 4, 4}, 35, 3, 3, {1, 1}},       {{3, 3, 9, 11}, 32, 1, 1, {1, 0}},
                                  {{3, 32, 9, 11}, 3, 1, 1, {1, 0}},       {{2, 20, 12, 7}, 9, 3, 3, {2, 1}}};

/// Largest difference by the standard deviation.
double error(const Tensor& result, const Tensor& exact) {
  EXPECT_EQ(result.sizes(), exact.sizes());
  return ((result.to(at::kDouble) - exact).abs().max() / exact.std()).item<double>();
}

TEST(Convolution, EqualsDoublePrecision) {
  torch::manual_seed(1);
  for (const Case& c : kCases) {
    const auto x = torch::randn(c.x), bias = torch::randn({c.out});
    const auto weight = torch::randn({c.out, c.x[1], c.kernel_y, c.kernel_x}) / std::sqrt(9.0 * c.x[1]);
    const auto& o = c.options;
    const auto exact_x = x.to(at::kDouble), exact_weight = weight.to(at::kDouble);
    const auto exact = at::conv2d(exact_x, exact_weight, bias.to(at::kDouble), o.stride, {o.padding.y, o.padding.x});
    const auto gradient = torch::randn(exact.sizes());
    const auto exact_gradients =
        at::convolution_backward(gradient.to(at::kDouble), exact_x, exact_weight, c10::nullopt, {o.stride, o.stride},
                                 {o.padding.y, o.padding.x}, {1, 1}, false, {0, 0}, 1, {true, true, false});
    SCOPED_TRACE(
        fmt::format("{} → {} × {}×{}, stride {}", fmt::join(c.x, "×"), c.out, c.kernel_y, c.kernel_x, o.stride));
    for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      const auto in = x.contiguous(format), filter = weight.contiguous(format), outer = gradient.contiguous(format);
      EXPECT_LT(error(ops::conv2d(in, filter, o, bias), exact), 4e-5);
      EXPECT_LT(error(ops::conv2d_input_gradient(outer, filter, in.sizes(), o), std::get<0>(exact_gradients)), 4e-5);
      EXPECT_LT(error(ops::conv2d_weight_gradient(outer, in, filter.sizes(), o), std::get<1>(exact_gradients)), 4e-5);
    }
  }
}

TEST(Convolution, ASampleDoesNotFeelItsBatchOrTheThreads) {
  torch::manual_seed(2);
  const int threads = at::get_num_threads();
  const std::string ours = ops::convolution_algorithms();
  const auto is_ours = [&](const Case& c) {  // libtorch's own do feel it
    const int64_t side = std::min(c.x[2], c.x[3]) + 2 * c.options.padding.x - 2;
    const bool tiled = c.kernel_y == 3 && c.kernel_x == 3 && c.options.stride == 1 && side >= 8;
    return c.x[1] % 16 == 0 && c.out >= 8 && ours.find(tiled ? "Winograd" : "direct") != std::string::npos;
  };
  for (const Case& c : kCases) {
    if (!is_ours(c)) continue;
    const auto x = torch::randn({5, c.x[1], c.x[2], c.x[3]});
    const auto weight = torch::randn({c.out, c.x[1], c.kernel_y, c.kernel_x});
    at::set_num_threads(1);
    const auto together = ops::conv2d(x, weight, c.options);
    const auto gradient = ops::conv2d_weight_gradient(together, x, weight.sizes(), c.options);
    at::set_num_threads(3);
    EXPECT_TRUE(ops::conv2d(x, weight, c.options).equal(together));
    EXPECT_TRUE(ops::conv2d_weight_gradient(together, x, weight.sizes(), c.options).equal(gradient));
    EXPECT_TRUE(ops::conv2d(x.narrow(0, 3, 1), weight, c.options).equal(together.narrow(0, 3, 1)));
  }
  at::set_num_threads(threads);
}

TEST(Convolution, DerivativesOfTheFastFormsAgree) {
  torch::manual_seed(3);
  // In fp32 differences are too coarse: the derivatives of the fast forms are compared with libtorch's in fp64.
  for (const Case& c : {kCases[0], kCases[5], kCases[9]}) {
    const auto run = [&](at::ScalarType type, bool reference) {
      const auto leaf = [&](at::IntArrayRef size, int seed) {
        torch::manual_seed(seed);
        return torch::randn(size).to(type).requires_grad_(true);
      };
      const auto x = leaf(c.x, 1), weight = leaf({c.out, c.x[1], c.kernel_y, c.kernel_x}, 2), bias = leaf({c.out}, 3);
      const auto& o = c.options;
      const auto y = reference ? at::conv2d(x, weight, bias, o.stride, {o.padding.y, o.padding.x})
                               : ops::conv2d(x, weight, o, bias);
      const auto first = torch::autograd::grad({y.square().sum()}, {x, weight, bias}, {}, true, true);
      auto sum = torch::zeros({}, type);
      for (const auto& gradient : first) sum = sum + gradient.square().sum() / gradient.numel();
      const auto second = torch::autograd::grad({sum}, {x, weight, bias});
      std::vector<Tensor> all(first.begin(), first.end());
      all.insert(all.end(), second.begin(), second.end());
      return all;
    };
    const auto expected = run(at::kDouble, true), found = run(at::kFloat, false);
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_LT(error(found[i].detach(), expected[i].detach()), 5e-5) << i;
  }
}

TEST(Convolution, AScaleMultipliesEveryMap) {
  torch::manual_seed(4);
  for (const Case& c : kCases) {
    const auto x = torch::randn(c.x), weight = torch::randn({c.out, c.x[1], c.kernel_y, c.kernel_x});
    auto scaled = c.options;
    scaled.scale = 0.25;
    const auto run = [&](const ops::ConvolutionOptions& o) {
      const auto in = x.clone().requires_grad_(true), filter = weight.clone().requires_grad_(true);
      const auto y = ops::conv2d(in, filter, o);
      const auto gradients = torch::autograd::grad({y.sum()}, {in, filter}, {}, true, true);
      const auto second = torch::autograd::grad({gradients[0].square().sum()}, {filter});
      return std::vector<Tensor>{y.detach(), gradients[0].detach(), gradients[1].detach(), second[0] / o.scale};
    };
    const auto plain = run(c.options), quarter = run(scaled);
    // A power of two: exact.
    for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(quarter[i].equal(plain[i] * 0.25)) << i;
  }
}

TEST(Convolution, RefusesMismatchedChannels) {
  EXPECT_THROW(ops::conv2d(torch::zeros({1, 3, 4, 4}), torch::zeros({2, 4, 3, 3})), c10::Error);
  EXPECT_THROW(ops::conv_transpose2d_stride2(torch::zeros({1, 3, 4, 4}), torch::zeros({2, 4, 3, 3})), c10::Error);
}

}  // namespace
}  // namespace lifted
