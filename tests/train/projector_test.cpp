#include "lifted/train/projector.h"

#include "lifted/base/error.h"
#include "lifted/train/adam.h"
#include "lifted/train/borrowed_noise.h"
#include "lifted/train/lbfgs.h"
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

TEST(Lbfgs, FindsTheLowestPointsOfProblemsSideBySide) {
  // Rosenbrock's valley from (−1.2, 1) and a bowl of condition 10⁴; alone each does just the same.
  const auto scale = torch::tensor({{100.0, 1.0}, {1e4, 1.0}});
  const auto run = [&](int64_t first, int64_t last) {
    Lbfgs search(torch::tensor({{-1.2, 1.0}, {1.0, 1.0}}).slice(0, first, last), 0.1);
    for (int i = 0; i < 120; ++i) {
      const auto p = search.trial().clone().requires_grad_(true);
      const auto x = p.select(1, 0), y = p.select(1, 1);
      const auto valley = 100 * (y - x.square()).square() + (1 - x).square();
      const auto bowl = (scale.slice(0, first, last) * p.square()).sum(1);
      const auto value = torch::where(torch::arange(first, last) == 0, valley, bowl);
      search.take(value, torch::autograd::grad({value.sum()}, {p})[0]);
    }
    return search.point().clone();
  };
  const auto both = run(0, 2);
  EXPECT_LT((both - torch::tensor({{1.0, 1.0}, {0.0, 0.0}})).abs().max().item<double>(), 1e-3) << both;
  EXPECT_TRUE(both[0].equal(run(0, 1)[0]));
  EXPECT_TRUE(both[1].equal(run(1, 2)[0]));
}

TEST(Lbfgs, StaysWhereNothingIsFinite) {
  Lbfgs search(torch::ones({1, 2}), 0.1);
  search.take(torch::ones({1}), torch::ones({1, 2}));
  EXPECT_NEAR((search.trial() - search.point()).norm().item<double>(), 0.1, 1e-6);
  for (int i = 0; i < 20; ++i) search.take(torch::full({1}, NAN), torch::full({1, 2}, NAN));
  EXPECT_TRUE(search.point().equal(torch::ones({1, 2})));
  EXPECT_TRUE(search.trial().isfinite().all().item<bool>());
  EXPECT_LT((search.trial() - search.point()).norm().item<double>(), 1e-3);
}

TEST(Projector, IsThereSoonerFromNearByAndHoldsWhatItIsTold) {
  const auto generator = small_generator();
  const auto statistics = w_statistics_of(generator);
  torch::manual_seed(8);
  const auto truth = generator->map(torch::randn({2, 16})).detach();
  const auto targets = generator->synthesize(truth).image.detach();
  const auto near = truth + 0.3 * torch::randn({2, 16});
  const ProjectionStart start{.codes = near};
  const auto adam = project(generator, statistics, nullptr, targets, {.steps = 40, .lr = 0.03}, {}, start);
  const ProjectorOptions options{.steps = 40, .quasi_newton = true, .hold = 100};
  const auto found = project(generator, statistics, nullptr, targets, options, {}, start);
  EXPECT_LT(found.error.max().item<double>(), 0.5 * adam.error.min().item<double>());
  const auto first_two = [](const torch::Tensor& codes) { return codes.slice(1, 0, 2); };
  const auto held = project(generator, statistics, nullptr, targets, options, {}, {.codes = near, .held = first_two});
  EXPECT_LT((first_two(held.codes) - first_two(near)).abs().max().item<double>(), 0.02);
  EXPECT_GT((first_two(found.codes) - first_two(near)).abs().max().item<double>(), 0.1);
}

TEST(Projector, TargetsBeyondWhatIsSearchedAtOnceFollow) {
  const auto generator = small_generator();
  const auto statistics = w_statistics_of(generator);
  const ProjectorOptions options{.steps = 2, .exploration = 0};
  const int64_t at_once = searched_at_once(options, 16);
  torch::manual_seed(9);
  const auto targets = torch::rand({at_once + 1, 3, 16, 16}) * 2 - 1;
  int calls = 0;
  const auto found =
      project(generator, statistics, nullptr, targets, options, [&](int, double, const torch::Tensor&) { ++calls; });
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(found.codes.size(0), at_once + 1);
  const auto last = project(generator, statistics, nullptr, targets.slice(0, at_once), options);
  EXPECT_TRUE(found.codes[at_once].allclose(last.codes[0], 1e-4, 1e-4));
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
