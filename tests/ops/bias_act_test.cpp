#include "lifted/ops/bias_act.h"

#include <gtest/gtest.h>

#include "lifted/formats/safetensors.h"
#include "tests/ops/memory_formats.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"

namespace lifted {
namespace {
using ops::BiasActOptions;
using ops::Implementation;
using test::kChannelsLast;
using torch::Tensor;

std::vector<BiasActOptions> all_options() {
  return {{}, {.slope = 0.2, .gain = 1}, {.slope = 1, .gain = 0.5}, {.slope = 0.1, .gain = 2, .clamp = 0.8}};
}

TEST(BiasAct, ReproducesFusedLeakyRelu) {
  const auto golden = formats::read_safetensors(test::data_file("upfirdn2d.safetensors"));
  for (const auto implementation : {Implementation::reference, Implementation::fused}) {
    test::expect_close("flr_y", ops::bias_act(golden.at("x"), golden.at("flr_bias"), {}, implementation),
                       golden.at("flr_y"), 1e-6);
  }
}

TEST(BiasAct, FusedEqualsReferenceForAllLayouts) {
  for (const auto& options : all_options()) {
    for (const int64_t channels : {1, 3, 5, 16, 17, 512}) {
      const auto image = torch::randn({2, channels, 7, 5}), rows = torch::randn({3, channels});
      const auto bias = torch::randn({channels});
      for (const auto& x :
           {image, image.contiguous(kChannelsLast), image.transpose(2, 3), rows, torch::randn({channels, 4}).t()}) {
        for (const auto& b : {bias, Tensor()}) {
          const auto y = ops::bias_act(x, b, options);
          if (x.dim() == 4) {
            EXPECT_EQ(y.suggest_memory_format(), x.suggest_memory_format());
          }
          ASSERT_TRUE(at::allclose(y, ops::bias_act(x, b, options, Implementation::reference), 1e-6, 1e-6));
        }
      }
    }
  }
}

TEST(BiasAct, DerivativesAgreeWithDifferences) {
  for (const auto& options : all_options()) {
    for (const bool channels_last : {false, true}) {
      // Multiples of an odd step keep every value away from the kink.
      auto x = (at::arange(24, at::kDouble) * 0.37).sin().reshape({2, 3, 2, 2});
      if (channels_last) x = x.contiguous(kChannelsLast);
      const auto bias = torch::tensor({0.05, -0.11, 0.23}, at::kDouble).requires_grad_(true);
      const test::TensorFunction f = [&](const auto& in) { return ops::bias_act(in[0], in[1], options).square(); };
      test::expect_gradients(f, {x.requires_grad_(true), bias});
      test::expect_second_gradients(f, {x, bias});
    }
  }
}

TEST(BiasAct, HandlesEmptyBatchesAndRefusesWrongShapes) {
  EXPECT_EQ(ops::bias_act(torch::zeros({0, 3, 4, 4}), torch::zeros({3})).numel(), 0);
  EXPECT_EQ(ops::bias_act(torch::zeros({0, 3}), torch::zeros({3})).numel(), 0);
  EXPECT_THROW(ops::bias_act(torch::zeros({1, 3, 4, 4}), torch::zeros({4})), c10::Error);
  EXPECT_THROW(ops::bias_act(torch::zeros({3, 4, 4}), torch::zeros({4})), c10::Error);
  EXPECT_THROW(ops::bias_act(torch::zeros({1, 3}), torch::zeros({3}, at::kDouble)), c10::Error);
  EXPECT_THROW(ops::bias_act(torch::zeros({1, 3}), torch::zeros({3}), {.slope = 0}), c10::Error);
}

}  // namespace
}  // namespace lifted
