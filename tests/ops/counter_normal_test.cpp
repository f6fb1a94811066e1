#include "lifted/ops/counter_normal.h"

#include <gtest/gtest.h>

#include "lifted/ops/core/counter_normal.h"

namespace lifted::ops {
namespace {

/// Random123's known answer for ten rounds (kat_vectors).
TEST(CounterNormal, PhiloxGivesThePublishedWords) {
  const auto words = core::philox(0, 0);
  EXPECT_EQ(words.word[0], 0x6627e8d5u);
  EXPECT_EQ(words.word[1], 0xe169c58du);
  EXPECT_EQ(words.word[2], 0xbc57ac4cu);
  EXPECT_EQ(words.word[3], 0x9b00dbd8u);
}

TEST(CounterNormal, HasTheMomentsOfANormalDistribution) {
  const auto x = counter_normal(1 << 20, 5, 0, at::kCPU).to(at::kDouble);
  const double n = static_cast<double>(x.numel());
  EXPECT_NEAR(x.mean().item<double>(), 0, 5 / std::sqrt(n));
  EXPECT_NEAR(x.square().mean().item<double>(), 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(x.pow(3).mean().item<double>(), 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(x.pow(4).mean().item<double>(), 3, 5 * std::sqrt(96 / n));
  EXPECT_NEAR(x.abs().gt(1.959964).to(at::kDouble).mean().item<double>(), 0.05, 5 * std::sqrt(0.0475 / n));
  for (const int64_t lag : {1, 2, 3, 4, 5})  // neighbours come out of one block, or of two
    EXPECT_NEAR((x.slice(0, lag) * x.slice(0, 0, -lag)).mean().item<double>(), 0, 5 / std::sqrt(n)) << lag;
}

TEST(CounterNormal, DependsOnKeyAndPlaceAlone) {
  const auto whole = counter_normal(103, 9, 0, at::kCPU);
  EXPECT_TRUE(counter_normal(40, 9, 10, at::kCPU).equal(whole.slice(0, 40, 80)));
  EXPECT_TRUE(counter_normal(3, 9, 25, at::kCPU).equal(whole.slice(0, 100)));
  EXPECT_FALSE(counter_normal(103, 10, 0, at::kCPU).equal(whole));
  EXPECT_EQ(counter_normal(0, 9, 0, at::kCPU).numel(), 0);
}

}  // namespace
}  // namespace lifted::ops
