#include "lifted/nets/stylegan2_grow.h"

#include <gmock/gmock.h>
#include <torch/optim/sgd.h>

#include "lifted/base/error.h"
#include "lifted/nets/load.h"
#include "lifted/nets/stylegan2.h"
#include "lifted/nets/stylegan2_discriminator.h"
#include "lifted/ops/fir_resample.h"
#include "tests/support/golden.h"

namespace lifted::nets {
namespace {
using torch::Tensor;

Stylegan2Config generator_of(int size, std::vector<int> channels) {
  return {
      .size = size, .z_dim = 16, .w_dim = 16, .mapping_layers = 2, .channels = std::move(channels), .conv_clamp = {}};
}

/// Weights as after some training: biases and noise strengths that a fresh network has at zero are not.
template <typename Network>
Network trained(Network network) {
  const torch::NoGradGuard guard;
  for (auto& parameter : network->parameters()) parameter.add_(torch::randn_like(parameter) * 0.1);
  return network;
}

TEST(GrownGenerator, PictureIsTheSmallerOneEnlargedByTheGeneratorsFilter) {
  torch::manual_seed(1);
  const torch::NoGradGuard guard;
  const auto small = trained(Stylegan2Generator(generator_of(16, {24, 16, 8})));
  Stylegan2Generator large(generator_of(32, {24, 16, 8, 5}));
  load_strict(*large, grown_generator(state_of(*large), state_of(*small), "small"), "grown");
  const auto w = small->map(torch::randn({3, 16}));
  test::expect_close("w", large->map(torch::ones({1, 16})), small->map(torch::ones({1, 16})), 1e-6);
  const auto expected = ops::fir_resample(small->synthesize(w).image, ops::fir_kernel({1, 3, 3, 1}, 4),
                                          ops::FirResampleOptions::uniform(2, 1, 2, 1));
  test::expect_close("picture", large->synthesize(w).image, expected, 1e-5);
}

TEST(GrownGenerator, EveryNewLayerLearns) {
  torch::manual_seed(2);
  const auto small = trained(Stylegan2Generator(generator_of(16, {24, 16, 8})));
  Stylegan2Generator large(generator_of(32, {24, 16, 8, 5}));
  load_strict(*large, grown_generator(state_of(*large), state_of(*small), "small"), "grown");
  torch::optim::SGD steps(large->parameters(), 0.01);
  for (int i = 0; i < 2; ++i) {
    steps.zero_grad();
    large->synthesize(large->map(torch::randn({2, 16}))).image.square().sum().backward();
    steps.step();
  }
  for (const auto& parameter : large->named_parameters()) {
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST(GrownDiscriminator, JudgesTheHalvedImageAsTheSmallerOneDid) {
  torch::manual_seed(3);
  const torch::NoGradGuard guard;
  const auto small = trained(Stylegan2Discriminator(Stylegan2DiscriminatorConfig{16, {24, 16, 8}}));
  Stylegan2Discriminator large(Stylegan2DiscriminatorConfig{32, {24, 16, 8, 7}});
  load_strict(*large, grown_discriminator(state_of(*large), state_of(*small), "small"), "grown");
  const auto image = torch::randn({4, 3, 32, 32});
  const auto halved =
      ops::fir_resample(image, ops::fir_kernel({1, 3, 3, 1}), ops::FirResampleOptions::uniform(1, 2, 1, 1));
  const auto expected = small->forward(halved), actual = large->forward(image);
  const double scale = expected.abs().max().item<double>();
  test::expect_close("logits", actual / scale, expected / scale, 1e-5);
}

TEST(GrownDiscriminator, EveryNewLayerLearns) {
  torch::manual_seed(4);
  const auto small = trained(Stylegan2Discriminator(Stylegan2DiscriminatorConfig{16, {24, 16, 8}}));
  Stylegan2Discriminator large(Stylegan2DiscriminatorConfig{32, {24, 16, 8, 7}});
  load_strict(*large, grown_discriminator(state_of(*large), state_of(*small), "small"), "grown");
  large->forward(torch::randn({4, 3, 32, 32})).square().sum().backward();
  for (const char* name : {"convs.0.0.weight", "convs.1.conv1.0.weight", "convs.1.conv2.1.weight",
                           "convs.1.skip.1.weight", "convs.1.conv2.2.bias", "convs.2.skip.1.weight"}) {
    EXPECT_GT(large->named_parameters()[name].grad().abs().sum().item<double>(), 0) << name;
  }
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Grown, RefusesOtherSizesAndWidths) {
  using testing::HasSubstr;
  const auto g16 = state_of(*Stylegan2Generator(generator_of(16, {24, 16, 8})));
  const auto g64 = state_of(*Stylegan2Generator(generator_of(64, {24, 16, 8, 5, 3})));
  EXPECT_THAT(refusal([&] { grown_generator(g64, g16, "g.pt"); }),
              HasSubstr("g.pt: a network of 16 pixels; growing to 64 starts from one of 32"));
  const auto d16 = state_of(*Stylegan2Discriminator(Stylegan2DiscriminatorConfig{16, {24, 16, 8}}));
  const auto d32 = state_of(*Stylegan2Discriminator(Stylegan2DiscriminatorConfig{32, {24, 16, 8, 5}}));
  EXPECT_THAT(refusal([&] { grown_discriminator(d32, d16, "d.pt"); }), HasSubstr("5 channels at 32 pixels"));
  Stylegan2Generator wider(generator_of(32, {24, 16, 9, 5}));
  EXPECT_THAT(refusal([&] { load_strict(*wider, grown_generator(state_of(*wider), g16, "g.pt"), "g.pt"); }),
              HasSubstr("g.pt"));
}

}  // namespace
}  // namespace lifted::nets
