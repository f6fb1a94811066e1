#include "lifted/ops/modulated_conv.h"

#include <gtest/gtest.h>

#include "lifted/ops/fir_resample.h"
#include "tests/support/gradcheck.h"

namespace lifted {
namespace {
using ops::Implementation;
using ops::ModulatedConvOptions;

std::vector<ModulatedConvOptions> all_convolutions() {
  return {{0.3, true, false}, {0.3, false, false}, {0.3, true, true}};
}

TEST(ModulatedConv, SharedWeightsEqualPerSampleWeights) {
  const auto fir = ops::fir_kernel({1, 3, 3, 1}, 4);
  for (const auto& options : all_convolutions()) {
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{1, 3}, {16, 5}, {17, 16}, {64, 64}}) {
      for (const int64_t kernel : {1, 3}) {
        if (kernel == 1 && options.upsample) continue;
        const auto x = torch::randn({3, in, 6, 5}), style = torch::randn({3, in});
        const auto weight = torch::randn({out, in, kernel, kernel});
        const auto expected = ops::modulated_conv(x, weight, style, fir, options, Implementation::reference);
        const auto y = ops::modulated_conv(x.contiguous(at::MemoryFormat::ChannelsLast), weight, style, fir, options);
        ASSERT_EQ(y.sizes(), expected.sizes());
        ASSERT_TRUE(at::allclose(y, expected, 1e-4, 1e-4)) << in << " to " << out << ", kernel " << kernel;
      }
    }
  }
}

TEST(ModulatedConv, DerivativesAgreeWithDifferences) {
  const auto fir = ops::fir_kernel({1, 3, 3, 1}, 4).to(at::kDouble);
  const auto x = torch::randn({2, 2, 3, 2}, at::kDouble).requires_grad_(true);
  const auto weight = torch::randn({2, 2, 3, 3}, at::kDouble).requires_grad_(true);
  const auto style = torch::randn({2, 2}, at::kDouble).requires_grad_(true);
  for (const auto& options : all_convolutions()) {
    for (const auto implementation : {Implementation::reference, Implementation::fused}) {
      const test::TensorFunction f = [&](const auto& in) {
        return ops::modulated_conv(in[0], in[1], in[2], fir, options, implementation);
      };
      test::expect_gradients(f, {x, weight, style});
      test::expect_second_gradients(f, {x, weight, style}, {.tolerance = 1e-5});
    }
  }
}

TEST(ModulatedConv, HandlesEmptyBatchesAndRefusesWrongShapes) {
  const auto fir = ops::fir_kernel({1, 3, 3, 1}, 4);
  const auto weight = torch::zeros({5, 4, 3, 3});
  EXPECT_EQ(
      ops::modulated_conv(torch::zeros({0, 4, 6, 6}), weight, torch::zeros({0, 4}), fir, {.upsample = true}).sizes(),
      (std::vector<int64_t>{0, 5, 12, 12}));
  EXPECT_THROW(ops::modulated_conv(torch::zeros({1, 3, 6, 6}), weight, torch::zeros({1, 3}), fir, {}), c10::Error);
  EXPECT_THROW(ops::modulated_conv(torch::zeros({1, 4, 6, 6}), weight, torch::zeros({2, 4}), fir, {}), c10::Error);
  EXPECT_THROW(ops::modulated_conv(torch::zeros({1, 4, 6, 6}), weight, torch::zeros({1, 4}), {}, {.upsample = true}),
               c10::Error);
}

}  // namespace
}  // namespace lifted
