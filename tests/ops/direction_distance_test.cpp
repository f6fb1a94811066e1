#include "lifted/ops/direction_distance.h"

#include "lifted/base/runtime.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"

namespace lifted::ops {
namespace {
using torch::Tensor;

TEST(DirectionDistance, FusedAndReferenceAgree) {
  torch::manual_seed(1);
  for (const int64_t channels : {2, 5, 16, 37, 128}) {
    for (const bool weighted : {false, true}) {
      const auto x = torch::randn({2, channels, 19, 33}), t = torch::randn({2, channels, 19, 33});
      const auto weight = weighted ? torch::rand({2, 1, 19, 33}) : Tensor();
      const auto run = [&](Implementation implementation) {
        auto leaf = x.clone().requires_grad_(true);
        const auto y = direction_distance(leaf, t, weight, implementation);
        return std::pair{y.detach(), torch::autograd::grad({3 * y}, {leaf})[0]};
      };
      const auto fused = run(Implementation::fused), reference = run(Implementation::reference);
      EXPECT_NEAR(fused.first.item<double>() / reference.first.item<double>(), 1, 1e-5);
      test::expect_close("gradient", fused.second, reference.second,
                         1e-5 * reference.second.abs().max().item<double>());
    }
  }
}

TEST(DirectionDistance, ReferenceHasTheDerivatives) {
  const auto t = torch::randn({1, 4, 3, 3}, torch::kFloat64), weight = torch::rand({1, 1, 3, 3}, torch::kFloat64);
  test::expect_gradients([&](const std::vector<Tensor>& x) { return direction_distance(x[0], t, weight); },
                         {torch::randn({1, 4, 3, 3}, torch::kFloat64).requires_grad_(true)});
}

TEST(DirectionDistance, ZeroVectorsAndEqualOnes) {
  auto x = torch::rand({1, 16, 4, 4});
  EXPECT_EQ(direction_distance(x, x).item<float>(), 0);
  EXPECT_NEAR(direction_distance(x, 5 * x).item<float>(), 0, 1e-5);
  for (const auto implementation : {Implementation::fused, Implementation::reference}) {
    auto zero = torch::zeros({1, 16, 4, 4}).requires_grad_(true);
    const auto y = direction_distance(zero, x, {}, implementation);
    EXPECT_NEAR(y.item<float>(), 16, 1e-4);  // the target's unit vectors are left
    EXPECT_EQ(torch::autograd::grad({y}, {zero})[0].abs().max().item<float>(), 0);
  }
  auto black = torch::rand({1, 16, 4, 4}, torch::kFloat64);
  black.slice(2, 0, 1).zero_();  // VGG's features behind a black border
  black.requires_grad_(true);
  const auto t = x.to(torch::kFloat64);
  const auto gradient = torch::autograd::grad({direction_distance(black, t)}, {black})[0];
  EXPECT_TRUE(gradient.isfinite().all().item<bool>());
  EXPECT_EQ(gradient.slice(2, 0, 1).abs().max().item<double>(), 0);
  EXPECT_GT(gradient.slice(2, 1).abs().max().item<double>(), 0);
  EXPECT_EQ(direction_distance(x, x, torch::zeros({1, 1, 4, 4})).item<float>(), 0);
}

TEST(DirectionDistance, SameBitsForAnyNumberOfThreads) {
  const auto x = torch::randn({3, 24, 40, 41}).requires_grad_(true), t = torch::randn({3, 24, 40, 41});
  std::vector<Tensor> values, gradients;
  for (const int threads : {1, 2, 3}) {
    set_threads(threads);
    values.push_back(direction_distance(x, t).detach());
    gradients.push_back(torch::autograd::grad({direction_distance(x, t)}, {x})[0]);
  }
  set_threads(0);
  for (size_t i = 1; i < 3; ++i) EXPECT_TRUE(values[i].equal(values[0]) && gradients[i].equal(gradients[0]));
}

TEST(DirectionDistance, RefusesWhatItCannotDo) {
  const auto x = torch::rand({1, 4, 2, 2});
  EXPECT_THROW(direction_distance(x, torch::rand({1, 4, 2, 3})), c10::Error);
  EXPECT_THROW(direction_distance(x, x, torch::rand({1, 1, 3, 2})), c10::Error);
  EXPECT_THROW(direction_distance(x, x.clone().requires_grad_(true)), c10::Error);
}

}  // namespace
}  // namespace lifted::ops
