// High-resolution blocks in half precision: rounded where StyleGAN2-ADA rounds, untouched below, never overflowing.
#include "lifted/nets/half_blocks.h"

#include <gtest/gtest.h>

#include "lifted/nets/stylegan2.h"
#include "lifted/nets/stylegan2_discriminator.h"
#include "lifted/ops/bias_act.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

constexpr double kBf16 = 1.0 / 256, kFp16 = 1.0 / 2048;  // half of the last bit

Stylegan2Generator generator(int size) {
  torch::manual_seed(1);
  Stylegan2Config config;
  config.size = size;
  config.z_dim = config.w_dim = 16;
  config.mapping_layers = 2;
  for (int side = 4; side <= size; side *= 2) config.channels.push_back(16);
  Stylegan2Generator network(config);
  const torch::NoGradGuard guard;
  for (auto& item : network->named_parameters()) {
    if (item.key().ends_with("noise.weight")) item.value().fill_(0.1);
  }
  return network;
}

double largest_relative_error(const Tensor& x, const Tensor& exact) {
  return ((x - exact).norm() / exact.norm()).item<double>();
}

TEST(HalfBlocks, BeginAtAnEighthOfTheSize) {
  for (const auto& [size, first] : {std::pair{256, 32}, {128, 16}, {64, 8}, {32, 8}, {1024, 128}}) {
    EXPECT_EQ(block_type(torch::kBFloat16, first, size), torch::kBFloat16) << size;
    EXPECT_EQ(block_type(torch::kBFloat16, first / 2, size), torch::kFloat32) << size;
    EXPECT_EQ(block_type({}, size, size), torch::kFloat32) << size;
  }
}

TEST(HalfBlocks, AStyledConvolutionRoundsItsOperandsAndResultsAlone) {
  torch::manual_seed(2);
  const torch::NoGradGuard guard;
  StyledConv layer(ModulatedConv2dOptions{.in = 16, .out = 16, .w_dim = 16}, std::nullopt);
  layer->noise_strength.fill_(0.3);
  const Tensor x = torch::randn({2, 16, 8, 8}), w = torch::randn({2, 16}), noise = torch::randn({2, 1, 8, 8});
  const auto half = [](const Tensor& t) { return t.to(torch::kBFloat16).to(torch::kFloat32); };
  const Tensor kernel = layer->conv->weight.squeeze(0) * layer->conv->weight_gain, style = layer->conv->modulation(w);
  const Tensor scale = torch::rsqrt(style.square().matmul(kernel.square().sum({2, 3}).t()) + 1e-8);
  Tensor y = torch::conv2d(half(x) * half(style).view({2, 16, 1, 1}), half(kernel), {}, 1, 1);
  y = half(half(half(y) * half(scale).view({2, 16, 1, 1})) + half(0.3 * noise));
  y = half(torch::leaky_relu(y, 0.2) * std::sqrt(2.0));
  const Tensor found = layer->forward(x.to(torch::kBFloat16), w, noise);
  EXPECT_EQ(found.scalar_type(), torch::kBFloat16);
  // A sum of another order may round to the other neighbour, seldom.
  const Tensor difference = (found.to(torch::kFloat32) - y).abs();
  EXPECT_LT(difference.max().item<double>(), 4 * kBf16 * y.abs().max().item<double>());
  EXPECT_LT(difference.ne(0).to(torch::kFloat32).mean().item<double>(), 0.02);
}

TEST(HalfBlocks, TheGeneratorsPictureIsThatOfFloat32Rounded) {
  const torch::NoGradGuard guard;
  auto network = generator(32);
  const Tensor w = network->map(torch::randn({3, 16}));
  const auto exact = network->synthesize(w);
  for (const auto& [type, step] : {std::pair{torch::kBFloat16, kBf16}, {torch::kHalf, kFp16}}) {
    const WithHalf half(network, type);
    EXPECT_TRUE(network->map(torch::ones({1, 16})).equal(network->map(torch::ones({1, 16}))));
    const auto rounded = network->synthesize(w);
    EXPECT_EQ(rounded.image.scalar_type(), torch::kFloat32);
    EXPECT_EQ(rounded.features.scalar_type(), torch::kFloat32);
    const double error = largest_relative_error(rounded.image, exact.image);
    EXPECT_GT(error, 0.1 * step) << "nothing was rounded";
    EXPECT_LT(error, 8 * step);
    // The last feature map holds numbers of the half type.
    EXPECT_TRUE(rounded.features.equal(rounded.features.to(type).to(torch::kFloat32)));
  }
  EXPECT_TRUE(network->synthesize(w).image.equal(exact.image)) << "half precision outlived its scope";
}

TEST(HalfBlocks, TheDiscriminatorsLogitsAndGradientsAreClose) {
  torch::manual_seed(3);
  Stylegan2Discriminator network(Stylegan2DiscriminatorConfig{.size = 32, .channels = {16, 16, 16, 16}});
  const Tensor image = torch::rand({4, 3, 32, 32}) * 2 - 1;
  const auto work = [&] {
    const Tensor logits = network->forward(image);
    return std::pair(logits, torch::autograd::grad({logits.sum()}, network->parameters()));
  };
  const auto [exact, exact_gradients] = work();
  for (const auto& [type, step] : {std::pair{torch::kBFloat16, kBf16}, {torch::kHalf, kFp16}}) {
    const WithHalf half(network, type);
    const auto [logits, gradients] = work();
    EXPECT_EQ(logits.scalar_type(), torch::kFloat32);
    EXPECT_GT(largest_relative_error(logits, exact), 0);
    EXPECT_LT((logits - exact).abs().max().item<double>(), 20 * step * (1 + exact.abs().max().item<double>()));
    for (size_t i = 0; i < gradients.size(); ++i) {
      EXPECT_EQ(gradients[i].scalar_type(), torch::kFloat32);
      EXPECT_LT(largest_relative_error(gradients[i], exact_gradients[i]), 50 * step) << i;
    }
    // Three halvings down, at 4×4, all is float32 again.
    EXPECT_EQ(network->features(image).scalar_type(), torch::kFloat32);
  }
}

TEST(HalfBlocks, Float16DoesNotOverflow) {
  torch::manual_seed(4);
  const torch::NoGradGuard guard;
  StyledConv layer(ModulatedConv2dOptions{.in = 16, .out = 16, .w_dim = 16}, std::nullopt);
  // Weights and styles whose product float16 cannot hold; demodulation makes the result as large as x.
  layer->conv->weight.mul_(1e4);
  const Tensor x = torch::randn({1, 16, 8, 8}), w = 300 * torch::randn({1, 16});
  const Tensor exact = layer->forward(x, w, {}), found = layer->forward(x.to(torch::kHalf), w, {}).to(torch::kFloat32);
  EXPECT_TRUE(found.isfinite().all().item<bool>());
  EXPECT_LT(largest_relative_error(found, exact), 8 * kFp16);
  // Activations are bounded: a bias of 1,000 comes out as 256.
  layer->bias.fill_(1000);
  EXPECT_EQ(layer->forward(x.to(torch::kHalf), w, {}).max().item<float>(), 256);
  EXPECT_GT(layer->forward(x.to(torch::kBFloat16), w, {}).max().item<float>(), 1000);
}

}  // namespace
}  // namespace lifted::nets
