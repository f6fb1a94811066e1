// 16-bit tensors on the CPU: every op computes them in fp32 and rounds once, at the end, forward and backward, so that
// what
// --precision does can be tested without a card.
#include <gtest/gtest.h>

#include <functional>

#include "lifted/ops/bias_act.h"
#include "lifted/ops/direction_distance.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/ops/group_norm_relu.h"
#include "lifted/ops/modulated_conv.h"
#include "lifted/ops/project_upsample.h"
#include "lifted/ops/rasterize.h"
#include "lifted/ops/reflect_blur.h"
#include "lifted/ops/rowwise_linear.h"
#include "lifted/ops/styled_conv.h"
#include "lifted/ops/surface.h"

namespace lifted::ops {
namespace {

struct NarrowCase {
  const char* op;
  std::vector<torch::Tensor> inputs;
  std::function<torch::Tensor(const std::vector<torch::Tensor>&, Implementation)> run;
};

std::vector<NarrowCase> resampling_cases() {
  const auto x = torch::randn({2, 16, 8, 6}), fir = fir_kernel({1, 3, 3, 1}, 4);
  return {
      {"bias_act", {x, torch::randn({16})}, [](const auto& in, auto i) { return bias_act(in[0], in[1], {}, i); }},
      {"fir_resample",
       {x, fir},
       [](const auto& in, auto i) { return fir_resample(in[0], in[1], FirResampleOptions::uniform(2, 1, 2, 1), i); }},
      {"modulated_conv",
       {x, torch::randn({8, 16, 3, 3}), torch::randn({2, 16}), fir},
       [](const auto& in, auto i) { return modulated_conv(in[0], in[1], in[2], in[3], {.upsample = true}, i); }},
      {"styled_conv",
       {x, torch::randn({8, 16, 3, 3})},
       [](const auto& in, auto i) {
         StyledConvInputs layer;
         layer.x = in[0];
         return styled_conv(pack_weights(in[1]), layer, i);
       }},
      {"reflect_blur", {x}, [](const auto& in, auto i) { return reflect_blur(in[0], 3, 1, i); }}};
}

std::vector<NarrowCase> network_cases() {
  const auto x = torch::randn({2, 16, 8, 6}), norm = torch::randn({16}), taps = torch::randn({1, 16, 3, 3});
  return {{"group_norm_relu",
           {x, norm, norm},
           [](const auto& in, auto i) {
             return group_norm_relu(in[0].clone(), {4, in[1], in[2]}, i);
           }},
          {"group_norm_relu_conv",
           {x, norm, norm, taps},
           [](const auto& in, auto i) {
             return group_norm_relu_conv(in[0], {4, in[1], in[2]}, in[3], {}, i);
           }},
          {"project_upsample",
           {torch::randn({2, 4, 16, 12}), torch::randn({16, 4, 1, 1}), x},
           [](const auto& in, auto i) { return project_and_add_upsampled(in[0], in[1], in[2], i); }},
          {"rowwise_linear",
           {torch::randn({3, 20}), torch::randn({5, 20}), torch::randn({5})},
           [](const auto& in, auto i) { return rowwise_linear(in[0], in[1], in[2], i); }},
          {"direction_distance", {x, torch::randn(x.sizes())}, [](const auto& in, auto i) {
             return direction_distance(in[0], in[1].detach(), {}, i);
           }}};
}

std::vector<NarrowCase> geometry_cases() {
  const auto depth = torch::rand({1, 6, 6}) * 0.1 + 1;
  const auto grid = torch::cat({torch::randn({1, 6, 6, 2}) * 0.3, torch::ones({1, 6, 6, 1})}, 3);
  return {{"surface_vertices",
           {depth, torch::randn({1, 3, 3}), torch::randn({1, 3})},
           [](const auto& in, auto i) {
             return surface_vertices(in[0], {3, 2.5}, in[1], in[2], {}, i);
           }},
          {"shade_surface",
           {depth},
           [](const auto& in, auto i) {
             return shade_surface(in[0], {3, 2.5}, true, {}, {}, i).normals;
           }},
          {"rasterize", {grid, torch::rand({1, 6, 6, 3})}, [](const auto& in, auto i) {
             return rasterize(in[0], in[1], {.size = 16, .focal = 2}, i).image;
           }}};
}

void expect_rounded_once(const NarrowCase& c, at::ScalarType type, Implementation implementation) {
  std::vector<torch::Tensor> narrow, wide;
  for (const auto& input : c.inputs) {
    narrow.push_back(input.to(type).requires_grad_());
    wide.push_back(input.to(type).to(at::kFloat).requires_grad_());
  }
  {
    const torch::NoGradGuard guard;
    const auto found = c.run(narrow, implementation);
    EXPECT_EQ(found.scalar_type(), type) << c.op;
    EXPECT_TRUE(found.equal(c.run(wide, implementation).to(type))) << c.op;
  }
  const auto y = c.run(narrow, implementation), exact = c.run(wide, implementation);
  EXPECT_TRUE(y.equal(exact.to(type))) << c.op << " with a gradient";
  if (!y.requires_grad()) return;
  const auto weights = torch::rand(y.sizes()).to(type);
  const auto gradient = torch::autograd::grad({y}, {narrow[0]}, {weights})[0];
  const auto expected = torch::autograd::grad({exact}, {wide[0]}, {weights.to(at::kFloat)})[0];
  EXPECT_EQ(gradient.scalar_type(), type) << c.op;
  EXPECT_LE((gradient.to(at::kFloat) - expected).abs().max().item<float>(),
            (type == at::kHalf ? 2e-3 : 1.6e-2) * expected.abs().max().item<float>())
      << c.op;
}

TEST(SixteenBits, AreComputedInFp32AndRoundedOnce) {
  torch::manual_seed(3);
  for (const auto& cases : {resampling_cases(), network_cases(), geometry_cases()}) {
    for (const auto& c : cases) {
      for (const auto type : {at::kHalf, at::kBFloat16}) {
        for (const auto implementation : {Implementation::fused, Implementation::reference}) {
          ASSERT_NO_THROW(expect_rounded_once(c, type, implementation)) << c.op;
        }
      }
    }
  }
}

TEST(SixteenBits, ABiasMayStayWide) {
  const auto x = torch::randn({2, 3, 4, 4}).to(at::kBFloat16);
  const auto bias = torch::randn({3}).requires_grad_();
  const auto y = bias_act(x, bias);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_EQ(torch::autograd::grad({y.sum()}, {bias})[0].scalar_type(), at::kFloat);
  EXPECT_TRUE(y.equal(bias_act(x.to(at::kFloat), bias).to(at::kBFloat16)));
}

}  // namespace
}  // namespace lifted::ops
