// Every op on a card against the CPU: forward, backward, second order, odd shapes, layouts, empty batches. Skipped
// where there is no card.
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <ATen/Context.h>

#include "lifted/ops/adam_update.h"
#include "lifted/ops/affine_warp.h"
#include "lifted/ops/bias_act.h"
#include "lifted/ops/counter_normal.h"
#include "lifted/ops/direction_distance.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/ops/group_norm_relu.h"
#include "lifted/ops/modulated_conv.h"
#include "lifted/ops/project_upsample.h"
#include "lifted/ops/rasterize.h"
#include "lifted/ops/reflect_blur.h"
#include "lifted/ops/rowwise_linear.h"
#include "lifted/ops/self_test.h"
#include "lifted/ops/styled_conv.h"
#include "lifted/ops/surface.h"
#include "tests/ops/memory_formats.h"
#include "tests/support/golden.h"

namespace lifted::ops {
namespace {
using test::expect_close;
using test::kChannelsLast;
using torch::Tensor;
using Tensors = std::vector<Tensor>;
using Op = std::function<Tensor(const Tensors&, Implementation)>;

class DeviceParity : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
    torch::manual_seed(1);
  }

  const torch::Device card{at::kCUDA};

  /// Result, first derivatives of its weighted sum and second ones of those, where wanted.
  static Tensors run(const Op& op, const Tensors& inputs, torch::Device device, Implementation implementation,
                     int order) {
    Tensors leaves;
    for (const auto& input : inputs) {
      leaves.push_back(input.detach().to(device).requires_grad_(order > 0 && input.requires_grad()));
    }
    const Tensor y = op(leaves, implementation);
    Tensors results = {y.detach().cpu()}, wanted;
    for (const auto& leaf : leaves) {
      if (leaf.requires_grad()) wanted.push_back(leaf);
    }
    if (order == 0 || wanted.empty()) return results;
    const auto weights = at::arange(1, y.numel() + 1, at::kFloat).mul(0.7).sin().add(0.3).reshape(y.sizes()).to(device);
    const auto first = torch::autograd::grad({(y * weights).sum()}, wanted, {}, true, order > 1);
    for (const auto& g : first) results.push_back(g.detach().cpu());
    if (order == 1) return results;
    Tensor sum = at::zeros({}, at::TensorOptions(device));
    for (const auto& g : first) sum = sum + g.square().sum();
    const auto second = torch::autograd::grad({sum}, wanted, {}, false, false, true);
    for (size_t i = 0; i < second.size(); ++i) {  // where nothing depends on a leaf, some ways have no gradient at all
      results.push_back(second[i].defined() ? second[i].cpu() : torch::zeros_like(wanted[i], at::kCPU));
    }
    return results;
  }

  /// The card against the CPU and against the reference, relative to the largest value.
  void expect_alike(const std::string& name, const Op& op, const Tensors& inputs, int order, double bound) {
    const auto found = run(op, inputs, card, Implementation::fused, order);
    for (const auto implementation : {Implementation::fused, Implementation::reference}) {
      const auto expected = run(op, inputs, at::kCPU, implementation, order);
      ASSERT_EQ(found.size(), expected.size()) << name;
      for (size_t i = 0; i < found.size(); ++i) {
        const bool reference = implementation == Implementation::reference;
        const double scale = expected[i].numel() == 0 ? 1 : std::max(1e-6, expected[i].abs().max().item<double>());
        expect_close(fmt::format("{} {} against {}", name, i, reference ? "reference" : "CPU"), found[i], expected[i],
                     bound * scale);
      }
    }
  }

  static Tensors layouts(const Tensor& x) {
    return {x, x.contiguous(kChannelsLast), x.transpose(2, 3).contiguous().transpose(2, 3),
            at::constant_pad_nd(x, {1, 2}).slice(3, 1, 1 + x.size(3)), x.slice(0, 0, 0)};
  }
};

Tensor leaf(const Tensor& x) {
  return x.detach().requires_grad_();
}

TEST_F(DeviceParity, SelfTestPasses) {
  for (const auto& result : self_test(card)) {
    EXPECT_TRUE(result.passed()) << result.op << ": " << result.worst << " " << result.reason;
  }
}

TEST_F(DeviceParity, BiasAct) {
  for (const int64_t channels : {1, 3, 17}) {
    for (const auto& x : layouts(torch::randn({3, channels, 5, 7}))) {
      for (const bool clamped : {false, true}) {
        BiasActOptions options;
        if (clamped) options.clamp = 0.8;
        const Op op = [&](const Tensors& in, Implementation i) { return bias_act(in[0], in[1], options, i).square(); };
        expect_alike("bias_act", op, {leaf(x), leaf(torch::randn({channels}))}, 2, 1e-5);
      }
    }
  }
}

TEST_F(DeviceParity, AffineWarp) {
  const auto maps = torch::tensor({1.1,  0.8,  3.3, -0.9,  1.2,  -2.7, 0.0, 0.0, 1.0,  //
                                   1.0,  0.0,  0.0, 0.0,   1.0,  0.0,  0.0, 0.0, 1.0,  //
                                   0.05, 0.01, 0.4, -0.02, 0.04, 1.0,  0.0, 0.0, 1.0},
                                  torch::kFloat64)
                        .view({3, 3, 3});
  const Op op = [&](const Tensors& in, Implementation i) {
    return affine_warp(in[0], maps.narrow(0, 0, in[0].size(0)), i).square();
  };
  for (const auto& x : layouts(torch::randn({3, 3, 9, 14}))) expect_alike("affine_warp", op, {leaf(x)}, 2, 5e-5);
}

TEST_F(DeviceParity, FirResample) {
  const auto kernel = fir_kernel({1, 3, 3, 1}, 4);
  for (const auto& options : {FirResampleOptions::uniform(2, 1, 2, 1), FirResampleOptions::uniform(1, 2, 1, 1),
                              FirResampleOptions{3, 2, 2, 1, -1, 4, 2, 0}}) {
    for (const auto& x : layouts(torch::randn({2, 5, 9, 11}))) {
      const Op op = [&](const Tensors& in, Implementation i) {
        return fir_resample(in[0], in[1], options, i).square();
      };
      expect_alike("fir_resample", op, {leaf(x), kernel}, 2, 1e-5);
    }
  }
}

TEST_F(DeviceParity, SixteenBits) {
  for (const auto type : {at::kHalf, at::kBFloat16}) {
    const auto x = torch::randn({2, 8, 9, 7}).to(type), bias = torch::randn({8});
    EXPECT_TRUE(bias_act(x.to(card), bias.to(card)).cpu().equal(bias_act(x, bias)));
    expect_close("fir_resample",
                 fir_resample(x.to(card), fir_kernel({1, 3, 3, 1}, 4).to(card), {}).cpu().to(at::kFloat),
                 fir_resample(x, fir_kernel({1, 3, 3, 1}, 4), {}).to(at::kFloat), 0.05);
  }
}

TEST_F(DeviceParity, ModulatedConv) {
  const auto fir = fir_kernel({1, 3, 3, 1}, 4);
  for (const bool upsample : {false, true}) {
    const Op op = [&](const Tensors& in, Implementation i) {
      return modulated_conv(in[0], in[1], in[2], in[3], {.upsample = upsample}, i);
    };
    const auto x = torch::randn({2, 12, 7, 5}), weight = torch::randn({10, 12, 3, 3}) / 10,
               style = torch::randn({2, 12});
    expect_alike("modulated_conv", op, {leaf(x), leaf(weight), leaf(style), fir}, 2, 2e-4);
  }
}

TEST_F(DeviceParity, StyledConv) {
  for (const bool upsample : {false, true}) {
    const Op op = [&](const Tensors& in, Implementation i) {
      StyledConvInputs layer;
      layer.x = in[0], layer.in_scale = in[2], layer.out_scale = in[3], layer.noise = in[4], layer.bias = in[5];
      layer.noise_strength = 0.3f, layer.upsample = upsample, layer.fir = {0.25f, 0.75f, 0.75f, 0.25f};
      layer.activation = {.slope = 0.2f, .gain = 1.4f, .clamp = 4};
      return styled_conv(pack_weights(in[1]), layer, i);
    };
    expect_alike("styled_conv", op,
                 {torch::randn({2, 12, 6, 5}), torch::randn({17, 12, 3, 3}) / 10, torch::rand({2, 12}),
                  torch::rand({2, 17}), torch::randn({1, 1, upsample ? 12 : 6, upsample ? 10 : 5}), torch::randn({17})},
                 0, 1e-4);
  }
}

TEST_F(DeviceParity, LiftingNetworks) {
  const Op norm = [](const Tensors& in, Implementation i) {
    return group_norm_relu(in[0].clone(), {4, in[1], in[2]}, i);
  };
  const Op conv = [](const Tensors& in, Implementation i) {
    return group_norm_relu_conv(in[0], {4, in[1], in[2]}, in[3], {}, i);
  };
  for (const auto& x : layouts(torch::randn({3, 16, 9, 13}) * 3 + 5)) {
    const auto weight = torch::randn({16}), bias = torch::randn({16}), taps = torch::randn({1, 16, 5, 5});
    expect_alike("group_norm_relu", norm, {x, weight, bias}, 0, 1e-4);
    if (x.numel() == 0) continue;
    expect_alike("group_norm_relu", norm, {leaf(x), leaf(weight), leaf(bias)}, 1, 1e-3);
    expect_alike("group_norm_relu_conv", conv, {x, weight, bias, taps}, 0, 1e-4);
  }
  expect_alike(
      "project_upsample",
      [](const Tensors& in, Implementation i) { return project_and_add_upsampled(in[0], in[1], in[2], i); },
      {leaf(torch::randn({2, 12, 16, 18})), leaf(torch::randn({16, 12, 1, 1})), leaf(torch::randn({2, 16, 8, 9}))}, 1,
      1e-4);
  expect_alike(
      "rowwise_linear", [](const Tensors& in, Implementation i) { return rowwise_linear(in[0], in[1], in[2], i); },
      {leaf(torch::randn({3, 33})), leaf(torch::randn({7, 33})), leaf(torch::randn({7}))}, 2, 1e-4);
  expect_alike(
      "reflect_blur", [](const Tensors& in, Implementation i) { return reflect_blur(in[0], 4, 2, i); },
      {leaf(torch::randn({2, 3, 31, 44}))}, 1, 1e-5);
}

TEST_F(DeviceParity, DirectionDistance) {
  for (const auto& x : layouts(torch::randn({2, 37, 6, 5}))) {
    const Op op = [&](const Tensors& in, Implementation i) { return direction_distance(in[0], in[1], in[2], i); };
    expect_alike("direction_distance", op,
                 {leaf(x), torch::randn(x.sizes()), torch::rand({x.size(0), 1, x.size(2), x.size(3)})}, 1, 1e-4);
  }
}

TEST_F(DeviceParity, Surface) {
  const auto depth = torch::rand({2, 9, 17}) * 0.1 + 1, albedo = torch::rand({2, 3, 9, 17}), half = torch::rand({2}),
             direction = torch::randn({2, 3});
  for (const bool differentiate : {false, true}) {
    const auto maybe = [&](const Tensor& t) { return differentiate ? leaf(t) : t; };
    expect_alike(
        "surface_vertices",
        [](const Tensors& in, Implementation i) {
          return surface_vertices(in[0], {11.5, 7.5}, in[1], in[2], in[3], i);
        },
        {maybe(depth), maybe(torch::randn({2, 3, 3})), maybe(torch::randn({2, 3})), maybe(torch::rand({2, 1, 9, 17}))},
        1, 1e-5);
    expect_alike(
        "shade_surface",
        [](const Tensors& in, Implementation i) {
          const auto shaded = shade_surface(in[0], {11.5, 7.5}, true, {in[2], in[2], in[3]}, in[1], i);
          return shaded.image * shaded.shading + shaded.normals.sum();
        },
        {maybe(depth), maybe(albedo), maybe(half), maybe(direction)}, 1, 1e-3);
  }
}

TEST_F(DeviceParity, RasterizeShowsTheCpusPixels) {
  for (const bool perspective : {false, true}) {
    for (const auto& [rows, columns, size] : {std::array{48, 48, 48}, {19, 35, 33}, {2, 2, 16}, {64, 64, 31}}) {
      auto points = torch::randn({2, rows, columns, 3}) * 0.3;
      points.select(3, 2).add_(1.5);
      points.slice(1, 1, 2).slice(2, 0, 1).fill_(NAN);
      const RasterizeOptions options = {
          .size = size, .focal = 3, .background_depth = 1.2, .perspective_correct = perspective};
      const auto colours = torch::rand({2, 3, rows, columns}).permute({0, 2, 3, 1});
      const auto draw = [&](torch::Device device) {
        const auto p = points.to(device).requires_grad_(), c = colours.to(device).requires_grad_();
        const auto drawn = rasterize(p, c, options);
        const auto gradients = torch::autograd::grad({(drawn.image.square().sum() + drawn.depth.sum())}, {p, c});
        return Tensors{drawn.image.detach().cpu(), drawn.depth.detach().cpu(), drawn.faces.cpu(), gradients[0].cpu(),
                       gradients[1].cpu()};
      };
      const auto found = draw(card), expected = draw(at::kCPU), again = draw(card);
      for (size_t i = 0; i < found.size(); ++i) {
        // Pictures to the bit; of gradients the CPU's vectors sum in lanes, a thread of the card in raster order.
        const double bound = i < 3 ? 0 : 1e-5 * expected[i].nan_to_num().abs().max().item<double>();
        EXPECT_TRUE(at::allclose(found[i], expected[i], 0, bound, true))
            << "result " << i << " of " << rows << "×" << columns;
        EXPECT_TRUE(at::allclose(found[i], again[i], 0, 0, true)) << "not deterministic: " << i;
      }
    }
  }
}

TEST_F(DeviceParity, CounterNormal) {
  expect_close("counter_normal", counter_normal(100003, 42, 7, card).cpu(), counter_normal(100003, 42, 7, at::kCPU),
               1e-5);
}

TEST_F(DeviceParity, AdamUpdate) {
  for (const double beta1 : {0.0, 0.9}) {
    for (const bool proceeds : {true, false}) {
      const auto run = [&](torch::Device device) {
        torch::manual_seed(7);
        std::vector<AdamEntry> entries;
        for (int64_t i = 0; i < 70; ++i) {  // more than one launch
          const auto draw = [&] { return torch::randn({3, i + 1, 5}); };
          const auto weight = draw().to(device), gradient = draw().transpose(0, 2).contiguous().transpose(0, 2);
          entries.push_back({weight, i % 9 == 4 ? Tensor() : gradient.to(device),
                             beta1 == 0 ? Tensor() : draw().to(device), draw().square().to(device), 0.01, 0.5});
        }
        const auto flag = torch::full({1}, proceeds, torch::kBool).to(device);
        adam_update(entries, {.beta1 = beta1, .weight_decay = 0.1}, flag);
        Tensors results;
        for (const auto& entry : entries) {
          for (const auto& t : {entry.parameter, entry.square}) results.push_back(t.cpu());
        }
        return results;
      };
      const auto found = run(card), expected = run(at::kCPU);
      for (size_t i = 0; i < found.size(); ++i) {  // where the mean square is small, steps are long
        const double scale = std::max(1.0, expected[i].abs().max().item<double>());
        expect_close("adam_update", found[i], expected[i], 1e-5 * scale);
      }
    }
  }
}

TEST_F(DeviceParity, RasterizeOfAnEmptyBatch) {
  const auto drawn = rasterize(torch::zeros({0, 4, 4, 3}, card), torch::zeros({0, 4, 4, 3}, card), {.size = 8});
  EXPECT_EQ(drawn.image.size(0), 0);
}

}  // namespace
}  // namespace lifted::ops
