#include "lifted/ops/styled_conv.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include "lifted/ops/bias_act.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/ops/modulated_conv.h"
#include "tests/ops/memory_formats.h"

namespace lifted {
namespace {
using ops::Implementation;
using test::kChannelsLast;
using torch::Tensor;

struct Layer {
  Tensor x, weight, style, noise, bias, fir;
  Tensor energy;  // of the styled weights: once, as MKL's products feel the number of threads
  double strength = 0.3;
  bool upsample = false;
  std::optional<double> clamp;
};

Layer random_layer(int64_t batch, int64_t in, int64_t out, std::array<int64_t, 2> size, bool upsample) {
  const int64_t scale = upsample ? 2 : 1;
  Layer l;
  l.x = torch::randn({batch, in, size[0], size[1]});
  l.weight = torch::randn({out, in, 3, 3}) / std::sqrt(9.0 * static_cast<double>(in));
  l.style = torch::randn({batch, in});
  l.energy = at::matmul(l.style.square(), l.weight.square().sum(at::IntArrayRef{2, 3}).t());
  l.noise = torch::randn({1, 1, size[0] * scale, size[1] * scale});
  l.bias = torch::randn({out});
  l.fir = ops::fir_kernel({1, 3, 3, 1}, 4);
  l.upsample = upsample;
  return l;
}

Tensor run_reference(const Layer& l) {
  const auto y =
      ops::modulated_conv(l.x, l.weight, l.style, l.fir, {.upsample = l.upsample}, Implementation::reference);
  ops::BiasActOptions options;
  options.clamp = l.clamp;
  return ops::bias_act(y + l.strength * l.noise, l.bias, options, Implementation::reference);
}

Tensor run_fused(const Layer& l, int64_t first, int64_t count) {
  const auto packed = ops::pack_weights(l.weight);
  ops::StyledConvInputs inputs;
  inputs.x = l.x.slice(0, first, first + count).contiguous(kChannelsLast);
  inputs.in_scale = l.style.slice(0, first, first + count);
  inputs.out_scale = ops::pad_outputs(at::rsqrt(l.energy + 1e-8).slice(0, first, first + count), packed);
  inputs.noise = l.noise.size(0) > 1 ? l.noise.slice(0, first, first + count) : l.noise;
  inputs.noise_strength = static_cast<float>(l.strength);
  inputs.bias = ops::pad_outputs(l.bias, packed);
  inputs.activation = {.slope = 0.2f, .gain = std::sqrt(2.0f)};
  if (l.clamp) inputs.activation.clamp = static_cast<float>(*l.clamp);
  inputs.upsample = l.upsample;
  inputs.fir = ops::separate_fir(l.fir).value();
  return ops::styled_conv(packed, inputs);
}

Tensor run_fused(const Layer& l) {
  return run_fused(l, 0, l.x.size(0));
}

TEST(StyledConv, FusedEqualsReference) {
  for (const bool upsample : {false, true}) {
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{1, 3}, {16, 16}, {17, 40}, {33, 17}, {65, 130}}) {
      for (const auto& size : {std::array<int64_t, 2>{4, 4}, {1, 1}, {8, 3}, {17, 24}}) {
        const auto layer = random_layer(2, in, out, size, upsample);
        const auto expected = run_reference(layer);
        const auto y = run_fused(layer);
        ASSERT_EQ(y.sizes(), expected.sizes());
        ASSERT_LT((y - expected).abs().max().item<float>(), 2e-5)
            << in << " to " << out << " channels, " << size[0] << "×" << size[1] << (upsample ? " upsampled" : "");
      }
    }
  }
}

TEST(StyledConv, NoiseMayDifferPerSampleAndClampBounds) {
  auto layer = random_layer(3, 8, 20, {6, 6}, true);
  layer.noise = torch::randn({3, 1, 12, 12});
  layer.clamp = 0.5;
  const auto y = run_fused(layer);
  EXPECT_LT((y - run_reference(layer)).abs().max().item<float>(), 2e-5);
  EXPECT_LE(y.abs().max().item<float>(), 0.5f);
}

TEST(StyledConv, FilterNeedNotBeSymmetric) {
  auto layer = random_layer(1, 4, 4, {5, 6}, true);
  layer.fir = ops::fir_kernel({1, 2, 4, 0.5}, 4);
  EXPECT_LT((run_fused(layer) - run_reference(layer)).abs().max().item<float>(), 2e-5);
}

TEST(StyledConv, IsBitwiseTheSameForAnyBatchAndNumberOfThreads) {
  const int threads = torch::get_num_threads();
  for (const auto& layer : {random_layer(5, 130, 70, {4, 4}, false), random_layer(5, 40, 130, {8, 8}, true),
                            random_layer(3, 32, 16, {40, 24}, false), random_layer(3, 32, 16, {40, 24}, true)}) {
    torch::set_num_threads(2);
    const auto all = run_fused(layer);
    for (int64_t n = 0; n < layer.x.size(0); ++n) {
      torch::set_num_threads(n % 2 == 0 ? 1 : 3);
      ASSERT_TRUE(at::equal(run_fused(layer, n, 1), all.slice(0, n, n + 1)));
    }
  }
  torch::set_num_threads(threads);
}

TEST(PackedLinear, EqualsMatmulForAnyBatch) {
  for (const auto& [in, out] : {std::pair<int64_t, int64_t>{1, 1}, {5, 17}, {512, 512}, {512, 16}, {130, 65}}) {
    const auto weight = torch::randn({out, in}) / std::sqrt(static_cast<double>(in)), bias = torch::randn({out});
    const auto packed = ops::pack_weights(weight);
    const auto padded_bias = ops::pad_outputs(bias, packed);
    const auto x = torch::randn({9, in});
    const auto y = ops::packed_linear(packed, x, padded_bias, {.slope = 0.2f, .gain = 2});
    ASSERT_TRUE(at::allclose(y, at::leaky_relu(at::matmul(x, weight.t()) + bias, 0.2) * 2, 1e-4, 1e-5));
    for (int64_t n = 0; n < 9; ++n) {
      ASSERT_TRUE(at::equal(ops::packed_linear(packed, x.slice(0, n, n + 1), padded_bias, {.slope = 0.2f, .gain = 2}),
                            y.slice(0, n, n + 1)));
    }
  }
}

TEST(StyledToRgb, EqualsReference) {
  const auto fir = ops::fir_kernel({1, 3, 3, 1}, 4);
  for (const int64_t channels : {1, 3, 16, 17, 64}) {
    for (const bool with_skip : {false, true}) {
      const auto x = torch::randn({2, channels, 10, 14}), weight = torch::randn({2, 3, channels}),
                 bias = torch::randn({3});
      const auto skip = with_skip ? torch::randn({2, 3, 5, 7}) : Tensor();
      auto expected = at::einsum("bkc,bchw->bkhw", {weight, x}) + bias.view({1, 3, 1, 1});
      expected = expected.clamp(-2, 2);
      if (with_skip) expected = expected + ops::fir_resample(skip, fir, ops::FirResampleOptions::uniform(2, 1, 2, 1));
      const auto y = ops::styled_to_rgb({.x = x.contiguous(kChannelsLast),
                                         .weight = weight,
                                         .bias = bias,
                                         .skip = skip,
                                         .clamp = 2,
                                         .fir = ops::separate_fir(fir).value()});
      ASSERT_TRUE(at::allclose(y, expected, 1e-4, 1e-4)) << channels;
    }
  }
}

TEST(SeparateFir, RefusesWhatIsNoOuterProduct) {
  EXPECT_TRUE(ops::separate_fir(ops::fir_kernel({1, 3, 3, 1}, 4)).has_value());
  EXPECT_FALSE(ops::separate_fir(torch::eye(4)).has_value());
  EXPECT_FALSE(ops::separate_fir(torch::ones({3, 3})).has_value());
  EXPECT_FALSE(ops::separate_fir(torch::full({4, 4}, NAN)).has_value());
}

TEST(StyledConv, HandlesEmptyBatchesAndRefusesWrongShapes) {
  const auto packed = ops::pack_weights(torch::zeros({5, 4, 3, 3}));
  ops::StyledConvInputs inputs;
  inputs.x = torch::zeros({0, 4, 6, 6});
  inputs.upsample = true;
  EXPECT_EQ(ops::styled_conv(packed, inputs).sizes(), (std::vector<int64_t>{0, 5, 12, 12}));
  inputs.x = torch::zeros({1, 3, 6, 6});
  EXPECT_THROW(ops::styled_conv(packed, inputs), c10::Error);
  EXPECT_THROW(ops::pack_weights(torch::zeros({5, 4, 5, 5})), c10::Error);
  EXPECT_THROW(ops::packed_linear(packed, torch::zeros({2, 3}), {}), c10::Error);
}

/// The other copies of the kernels, in processes of their own.
TEST(EveryInstructionSet, PassesTheTestsAbove) {
  if (std::getenv("LIFTED_ISA")) GTEST_SKIP() << "already one of them";
  for (const std::string level : {"baseline", "avx2"}) {
    const auto command =
        "LIFTED_ISA=" + level + " /proc/" + std::to_string(getpid()) + "/exe --gtest_brief=1 > /dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
}

}  // namespace
}  // namespace lifted
