#include "lifted/train/projector.h"

#include "lifted/base/error.h"
#include "lifted/train/adam.h"
#include "tests/support/golden.h"

namespace lifted::train {
namespace {

nets::Stylegan2Generator small_generator() {
  torch::manual_seed(3);
  nets::Stylegan2Config config;
  config.size = 16;
  config.z_dim = config.w_dim = 16;
  config.mapping_layers = 2;
  config.channels = {16, 16, 16};
  nets::Stylegan2Generator generator(config);
  // Noise strengths start at 0: give the maps something to do.
  const torch::NoGradGuard guard;
  for (auto& item : generator->named_parameters()) {
    if (item.key().ends_with("noise.weight")) item.value().fill_(0.1);
  }
  return generator;
}

model::WStatistics w_statistics_of(const nets::Stylegan2Generator& generator) {
  torch::manual_seed(4);
  return model::WStatistics::of_codes(generator, torch::randn({500, 16}));
}

TEST(Projector, FindsTheGeneratorsOwnImagesAgain) {
  const auto generator = small_generator();
  const auto statistics = w_statistics_of(generator);
  torch::Tensor targets, start;
  {
    const torch::NoGradGuard guard;
    targets = generator->synthesize(generator->map(torch::randn({2, 16}))).image;
    start = generator->synthesize(statistics.mean.expand({2, -1})).image;
  }
  const auto before = (start - targets).abs().mean({1, 2, 3});
  int calls = 0;
  const auto found = project(generator, statistics, nullptr, targets, {.steps = 300},
                             [&](int step, double, const torch::Tensor&) { EXPECT_EQ(step, calls++); });
  EXPECT_EQ(calls, 300);
  EXPECT_EQ(found.codes.sizes(), torch::IntArrayRef({2, 16}));
  for (int i = 0; i < 2; ++i)
    EXPECT_LT(found.error[i].item<double>(), 0.1 * before[i].item<double>()) << "from " << before[i].item<double>();
  const auto layers = project(generator, statistics, nullptr, targets, {.steps = 300, .per_layer = true});
  EXPECT_EQ(layers.codes.sizes(), torch::IntArrayRef({2, generator->layers(), 16}));
  EXPECT_LT(layers.error.max().item<double>(), 0.1 * before.max().item<double>());
}

TEST(Projector, TreatsEveryImageAsIfItWereAlone) {
  const auto generator = small_generator();
  const auto statistics = w_statistics_of(generator);
  torch::manual_seed(5);
  const auto targets = torch::rand({2, 3, 16, 16}) * 2 - 1;
  const ProjectorOptions options{.steps = 40, .exploration = 0};
  const auto both = project(generator, statistics, nullptr, targets, options);
  const auto first = project(generator, statistics, nullptr, targets.slice(0, 0, 1), options);
  // Adam carries rounding of small gradients into whole steps, so equal only within a fraction of what was moved.
  EXPECT_LT((both.codes[0] - first.codes[0]).abs().max().item<double>(), 0.03);
  EXPECT_GT((both.codes[0] - both.codes[1]).abs().max().item<double>(), 0.3);
}

TEST(Projector, FindsNoiseMapsAndGivesTheGeneratorsOwnBack) {
  const auto generator = small_generator();
  const auto statistics = w_statistics_of(generator);
  std::vector<torch::Tensor> before;
  for (const auto& buffer : generator->buffers()) before.push_back(buffer.clone());
  torch::manual_seed(6);
  const auto targets = torch::rand({2, 3, 16, 16}) * 2 - 1;
  const ProjectorOptions plain{.steps = 60};
  ProjectorOptions noisy = plain;
  noisy.noise_maps = true;
  noisy.noise_weight = 1;
  const auto without = project(generator, statistics, nullptr, targets, plain);
  const auto with = project(generator, statistics, nullptr, targets, noisy);
  EXPECT_LT(with.error.mean().item<double>(), 0.8 * without.error.mean().item<double>());
  ASSERT_EQ(with.noise.size(), 5u);  // 4, 8, 8, 16, 16
  EXPECT_EQ(with.noise.back().sizes(), torch::IntArrayRef({2, 1, 16, 16}));
  // One step is about the start: what 60 steps made of it has moved.
  ProjectorOptions start = noisy;
  start.steps = 1;
  const auto first = project(generator, statistics, nullptr, targets, start);
  for (size_t i = 0; i < with.noise.size(); ++i) {
    const auto& map = with.noise[i];
    EXPECT_NEAR(map[0].square().mean().item<double>(), 1, 1e-4);
    EXPECT_GT((map[0] - first.noise[i][0]).norm().item<double>(), 0.05 * map[0].norm().item<double>()) << i;
  }
  const auto after = generator->buffers();
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_TRUE(after[i].equal(before[i])) << i;
    EXPECT_FALSE(after[i].requires_grad());
  }
}

TEST(Projector, NoiseAutocorrelationIsSmallForWhiteNoiseOnly) {
  torch::manual_seed(7);
  const auto white = torch::randn({1, 1, 64, 64});
  const auto smooth = torch::avg_pool2d(torch::randn({1, 1, 66, 66}), 3, 1) * 3;
  EXPECT_LT(noise_autocorrelation(white).item<double>(), 0.1);
  EXPECT_GT(noise_autocorrelation(smooth).item<double>(), 0.5);
  // 8×8, one scale: columns alternate in sign, so a step sideways gives −1, a step down 1.
  const auto stripes = (torch::arange(8) % 2 * 2 - 1).to(torch::kFloat32).expand({1, 1, 8, 8});
  EXPECT_NEAR(noise_autocorrelation(stripes).item<double>(), 2, 1e-6);
}

TEST(Projector, RefusesWhatCannotBe) {
  const auto generator = small_generator();
  const auto statistics = w_statistics_of(generator);
  const auto target = torch::zeros({1, 3, 16, 16});
  EXPECT_THROW(project(generator, statistics, nullptr, torch::zeros({1, 3, 32, 32}), {}), Error);
  EXPECT_THROW(project(generator, statistics, nullptr, target, {.steps = 0}), UsageError);
  EXPECT_THROW(project(generator, statistics, nullptr, target, {.steps = 2, .pixel = 0}), Error);
  EXPECT_THROW(project(generator, statistics, nullptr, torch::full({1, 3, 16, 16}, NAN), {.steps = 2}), NonFiniteError);
}

}  // namespace
}  // namespace lifted::train
