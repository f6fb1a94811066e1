#include "lifted/ops/convolution.h"

#include <gtest/gtest.h>

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

TEST(Convolution, RefusesMismatchedChannels) {
  EXPECT_THROW(ops::conv2d(torch::zeros({1, 3, 4, 4}), torch::zeros({2, 4, 3, 3})), c10::Error);
  EXPECT_THROW(ops::conv_transpose2d_stride2(torch::zeros({1, 3, 4, 4}), torch::zeros({2, 4, 3, 3})), c10::Error);
}

}  // namespace
}  // namespace lifted
