// Which algorithm is chosen, and that what was measured is remembered and nothing but that.
#include "lifted/ops/convolution_choice.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/ops/cpu/direct_conv.h"
#include "lifted/ops/cpu/winograd.h"
#include "tests/support/golden.h"

namespace lifted::ops {
namespace {
using Algorithm = ConvolutionAlgorithm;

constexpr ConvolutionKind kPlain = {ConvolutionMap::forward, 64, 64, 3, 3, 1, 1, 1, 32, 32};

/// Algorithms that take given times, and how often each was run.
struct Stage {
  Algorithm quick = Algorithm::libtorch;
  std::vector<Algorithm> ran;

  std::function<void(Algorithm)> run() {
    return [this](Algorithm algorithm) {
      ran.push_back(algorithm);
      std::this_thread::sleep_for(std::chrono::milliseconds(algorithm == quick ? 1 : 4));
    };
  }
};

TEST(ConvolutionChoice, RulesTakeWhatThePolicyAllows) {
  const bool ours = winograd_takes(64, 64, 32) && direct_conv_takes(64, 64);
  if (!ours) GTEST_SKIP() << "this processor has no kernels of ours";
  using enum ConvolutionPolicy;
  EXPECT_EQ(algorithm_by_rule(kPlain, winograd), Algorithm::winograd);
  EXPECT_EQ(algorithm_by_rule(kPlain, direct), Algorithm::direct);
  EXPECT_EQ(algorithm_by_rule(kPlain, libtorch), Algorithm::libtorch);
  auto strided = kPlain;
  strided.stride = 2;
  EXPECT_EQ(algorithm_by_rule(strided, winograd), Algorithm::direct);
  auto thin = kPlain;
  thin.in = 3;
  EXPECT_EQ(algorithm_by_rule(thin, winograd), Algorithm::libtorch);
}

TEST(ConvolutionChoice, NamesSayAllThatAChoiceDependsOn) {
  const ConvolutionKind kind = {ConvolutionMap::weight_gradient, 32, 64, 1, 7, 2, 0, 3, 16, 17};
  EXPECT_EQ(kind.name(), "weight gradient 32→64 1×7/2+0×3 at 16×17");
}

TEST(ConvolutionChoice, TheFastestIsRememberedForItsMachine) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "cache" / "convolutions.json";
  Stage stage;
  stage.quick = Algorithm::libtorch_planar;
  MeasuredConvolutions first(file, "machine A");
  EXPECT_EQ(first.fastest(kPlain, stage.run()), Algorithm::libtorch_planar);
  EXPECT_EQ(stage.ran.size() % 4, 0u);  // once to warm up and three times
  const size_t runs = stage.ran.size();
  EXPECT_EQ(first.fastest(kPlain, stage.run()), Algorithm::libtorch_planar);
  MeasuredConvolutions again(file, "machine A");
  EXPECT_EQ(again.fastest(kPlain, stage.run()), Algorithm::libtorch_planar);
  EXPECT_EQ(stage.ran.size(), runs);

  stage.quick = Algorithm::libtorch;
  MeasuredConvolutions other(file, "machine B");
  EXPECT_EQ(other.fastest(kPlain, stage.run()), Algorithm::libtorch);
  const auto stored = read_json_file(file);
  EXPECT_EQ(stored["machine A"][kPlain.name()], "libtorch, planar");
  EXPECT_EQ(stored["machine B"][kPlain.name()], "libtorch");
}

TEST(ConvolutionChoice, TheRuleHoldsWhereNothingIsMuchFaster) {
  MeasuredConvolutions alike({}, "here");
  EXPECT_EQ(alike.fastest(kPlain, [](Algorithm) { std::this_thread::sleep_for(std::chrono::milliseconds(3)); }),
            algorithm_by_rule(kPlain, ConvolutionPolicy::winograd));
}

TEST(ConvolutionChoice, WhatCannotBeReadIsMeasuredAgain) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "convolutions.json";
  auto thin = kPlain;
  thin.in = 3;  // nothing of ours can compute it
  for (const std::string text : {"{", "[]", R"({"here": 3})", R"({"here": {"x": 7}})",
                                 R"({"here": {"forward 3→64 3×3/1+1×1 at 32×32": "Winograd"}})",
                                 R"({"here": {"forward 3→64 3×3/1+1×1 at 32×32": "magic"}})"}) {
    write_file_atomically(file, text);
    Stage stage;
    EXPECT_EQ(MeasuredConvolutions(file, "here").fastest(thin, stage.run()), Algorithm::libtorch) << text;
    EXPECT_EQ(stage.ran.size(), 8u) << text;
    EXPECT_EQ(read_json_file(file)["here"][thin.name()], "libtorch") << text;
  }
  Stage stage;  // where nothing can be written
  EXPECT_EQ(MeasuredConvolutions("/proc/nowhere/convolutions.json", "here").fastest(thin, stage.run()),
            Algorithm::libtorch);
}

}  // namespace
}  // namespace lifted::ops
