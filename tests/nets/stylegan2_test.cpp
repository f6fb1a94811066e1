#include "lifted/nets/stylegan2.h"

#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/safetensors.h"
#include "lifted/nets/load.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"

namespace lifted {
namespace {
using nets::NoiseMode;
using nets::Stylegan2Config;
using nets::Stylegan2Generator;
using ops::Implementation;
using torch::Tensor;

Stylegan2Config small_config() {
  Stylegan2Config config;
  config.size = 32;
  config.z_dim = 24, config.w_dim = 20;
  config.mapping_layers = 3;
  config.channels = {24, 40, 17, 5};  // no multiples of the kernels' sixteen
  return config;
}

/// A generator whose noise strengths and biases are not zero.
Stylegan2Generator small_generator(const Stylegan2Config& config = small_config()) {
  torch::NoGradGuard no_grad;
  Stylegan2Generator generator(config);
  for (auto& parameter : generator->named_parameters()) {
    if (parameter.key().find("noise.weight") != std::string::npos) parameter.value().fill_(0.3);
    if (parameter.key().find("activate.bias") != std::string::npos) parameter.value().normal_();
  }
  return generator;
}

// ---- The published network ----

class PublishedGenerator : public testing::Test {
 protected:
  void load(const std::filesystem::path& path) {
    const auto checkpoint = formats::read_checkpoint(path);
    const auto state = formats::tensors_of(checkpoint.root.at("g_ema"));
    generator_ = Stylegan2Generator(nets::infer_stylegan2_config(state, "golden"));
    nets::load_strict(*generator_, state, "golden");
  }
  torch::NoGradGuard no_grad_;
  Stylegan2Generator generator_{nullptr};
};

Tensor pool4(const Tensor& x) {
  return at::avg_pool2d(x, {4, 4});
}

void expect_golden(Stylegan2Generator& generator, const StateDict& golden) {
  const auto w = generator->map(golden.at("z"));
  test::expect_close("w", w, golden.at("w"), 1e-4);
  const auto codes = generator->map(golden.at("stat_codes"));
  test::expect_close("w_mu", codes.mean(0, true), golden.at("w_mu"), 1e-4);
  const auto sigma_inverse = 0.5 / codes.std(0).mean().square();
  test::expect_close("w_sigma_inv / golden", sigma_inverse / golden.at("w_sigma_inv"), torch::ones({}), 1e-4);

  const auto [image, features] = generator->synthesize(golden.at("styles"));
  test::expect_close("image", image, golden.at("image"), 1e-4);
  test::expect_close("feat_pool4", pool4(features), golden.at("feat_pool4"), 1e-4);
  test::expect_close("feat_crop", features.slice(2, 96, 160).slice(3, 96, 160), golden.at("feat_crop"), 1e-4);

  auto mixed = generator->map(golden.at("z_mix")).unsqueeze(1).repeat({1, generator->layers(), 1});
  mixed.slice(1, 0, 5).copy_(w.unsqueeze(1));
  test::expect_close("image_mix_pool4", pool4(generator->synthesize(mixed).image), golden.at("image_mix_pool4"), 1e-4);
  const auto truncated = golden.at("w_mu") + 0.5 * (w - golden.at("w_mu"));
  test::expect_close("image_trunc05_pool4", pool4(generator->synthesize(truncated).image),
                     golden.at("image_trunc05_pool4"), 1e-4);
}

TEST_F(PublishedGenerator, ReproducesEveryGoldenTensor) {
  LIFTED_GOLDEN_OR_SKIP(checkpoint, "stylegan2-256.pt");
  LIFTED_GOLDEN_OR_SKIP(tensors, "generator.safetensors");
  load(checkpoint);
  EXPECT_EQ(generator_->config().channels, nets::lite_channels(256));
  EXPECT_EQ(generator_->layers(), 14);
  const auto golden = formats::read_safetensors(tensors);
  expect_golden(generator_, golden);
  generator_->use(Implementation::reference);
  expect_golden(generator_, golden);
}

TEST_F(PublishedGenerator, MakesTheSamePixelsForAnyBatchAndNumberOfThreads) {
  LIFTED_GOLDEN_OR_SKIP(checkpoint, "stylegan2-256.pt");
  load(checkpoint);
  const auto z = torch::randn({8, 512});
  const int threads = torch::get_num_threads();
  torch::set_num_threads(2);
  const auto all = generator_->synthesize(generator_->map(z));
  for (int64_t n = 0; n < 8; n += 3) {
    torch::set_num_threads(n % 2 == 0 ? 1 : 2);
    const auto one = generator_->synthesize(generator_->map(z.slice(0, n, n + 1)));
    EXPECT_TRUE(at::equal(one.image, all.image.slice(0, n, n + 1)));
    EXPECT_TRUE(at::equal(one.features, all.features.slice(0, n, n + 1)));
  }
  torch::set_num_threads(threads);
}

// ---- Any network ----

TEST(Stylegan2, FusedEqualsLayerByLayer) {
  torch::NoGradGuard no_grad;
  auto config = small_config();
  for (const std::optional<double> clamp : {std::optional<double>(), std::optional<double>(0.7)}) {
    config.conv_clamp = clamp;
    auto generator = small_generator(config);
    const auto w = generator->map(torch::randn({3, config.z_dim}));
    const auto per_layer = torch::randn({3, generator->layers(), config.w_dim});
    for (const auto& code : {w, per_layer, w.slice(0, 0, 0)}) {
      for (const auto mode : {NoiseMode::constant, NoiseMode::none, NoiseMode::random}) {
        const auto run = [&](Implementation implementation) {
          generator->use(implementation);
          return generator->synthesize(code, mode, at::detail::createCPUGenerator(7));
        };
        const auto fused = run(Implementation::fused), layered = run(Implementation::reference);
        ASSERT_EQ(fused.image.sizes(), (std::vector<int64_t>{code.size(0), 3, 32, 32}));
        ASSERT_EQ(fused.features.sizes(), (std::vector<int64_t>{code.size(0), 5, 32, 32}));
        EXPECT_TRUE(at::allclose(fused.image, layered.image, 1e-4, 1e-4));
        EXPECT_TRUE(at::allclose(fused.features, layered.features, 1e-4, 1e-4));
      }
    }
  }
}

TEST(Stylegan2, NoticesThatWeightsWereWritten) {
  torch::NoGradGuard no_grad;
  auto generator = small_generator();
  const auto w = torch::randn({1, 20});
  for (auto& parameter : generator->named_parameters()) {
    generator->synthesize(w);  // packs the weights
    parameter.value().mul_(1.1).add_(0.01);
    if (parameter.key().find("style.") == 0) continue;
    generator->use(Implementation::reference);
    const auto expected = generator->synthesize(w).image;
    generator->use(Implementation::fused);
    ASSERT_TRUE(at::allclose(generator->synthesize(w).image, expected, 1e-3, 1e-3)) << parameter.key();
  }
}

TEST(Stylegan2, GradientsReachEveryParameterAndTheCodes) {
  auto generator = small_generator();
  const auto z = torch::randn({2, 24});
  const auto w = generator->map(z);
  w.retain_grad();
  generator->synthesize(w, NoiseMode::constant).image.square().sum().backward();
  EXPECT_GT(w.grad().abs().sum().item<float>(), 0);
  for (const auto& parameter : generator->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().max().item<float>(), 0) << parameter.key();
  }
}

TEST(Stylegan2, CodeGradientsAgreeWithDifferencesToSecondOrder) {
  auto config = small_config();
  config.size = 8;
  config.channels = {3, 2};
  config.w_dim = 3;
  auto generator = small_generator(config);
  generator->to(at::kDouble);
  const auto w = torch::randn({2, 3}, at::kDouble).requires_grad_(true);
  const test::TensorFunction synthesize = [&](const auto& in) { return generator->synthesize(in[0]).image; };
  test::expect_gradients(synthesize, {w}, {.tolerance = 1e-5});
  test::expect_second_gradients(synthesize, {w}, {.tolerance = 1e-4});
}

TEST(Stylegan2, InfersTheConfigurationFromShapes) {
  auto config = small_config();
  const auto state_of = [](const Stylegan2Generator& generator) {
    StateDict state;
    for (const auto& p : generator->named_parameters()) state[p.key()] = p.value();
    for (const auto& b : generator->named_buffers()) state[b.key()] = b.value();
    return state;
  };
  auto state = state_of(Stylegan2Generator(config));
  EXPECT_EQ(nets::infer_stylegan2_config(state, "test"), config);
  EXPECT_EQ(Stylegan2Config::from_json(config.to_json()), config);
  config.conv_clamp = 256;
  EXPECT_EQ(Stylegan2Config::from_json(config.to_json()), config);

  EXPECT_THROW(nets::infer_stylegan2_config({}, "test"), Error);
  auto odd = state;
  odd.erase("convs.5.conv.weight");
  EXPECT_THROW(nets::infer_stylegan2_config(odd, "test"), Error);
  state["input.input"] = torch::zeros({4});
  EXPECT_THROW(nets::infer_stylegan2_config(state, "test"), Error);
}

TEST(Stylegan2, TablesOfChannels) {
  EXPECT_EQ(nets::lite_channels(256), (std::vector<int>{512, 512, 256, 128, 64, 32, 16}));
  EXPECT_EQ(nets::full_channels(1024), (std::vector<int>{512, 512, 512, 512, 512, 256, 128, 64, 32}));
}

TEST(Stylegan2, RefusesConfigurationsAndInputsThatFitNothing) {
  for (const int size : {0, 6, 24, 64}) {
    auto config = small_config();
    config.size = size;
    EXPECT_THROW(Stylegan2Generator{config}, Error) << size;
  }
  EXPECT_THROW(Stylegan2Config::from_json({{"size", 32}}), Error);
  EXPECT_THROW(Stylegan2Config::from_json({{"size", "big"}}), Error);
  const auto generator = small_generator();
  EXPECT_THROW(generator->map(torch::zeros({1, 3})), c10::Error);
  EXPECT_THROW(generator->synthesize(torch::zeros({1, 3})), c10::Error);
  EXPECT_THROW(generator->synthesize(torch::zeros({1, 3, 20})), c10::Error);
}

}  // namespace
}  // namespace lifted
