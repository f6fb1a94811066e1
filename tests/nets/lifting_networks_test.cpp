#include <gtest/gtest.h>

#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <fstream>

#include "lifted/base/error.h"
#include "lifted/base/runtime.h"
#include "lifted/nets/compose.h"
#include "lifted/nets/decompose.h"
#include "lifted/nets/depth_net.h"
#include "lifted/nets/init.h"
#include "lifted/nets/load.h"
#include "lifted/nets/transform_map.h"
#include "tests/support/golden.h"

namespace lifted::nets {
namespace {

using test::expect_close;

TEST(LiftingNetworks, HaveThePublishedKeysAndShapesAt256) {
  const auto config = LiftingConfig::at(256, 16, 512);
  std::map<std::string, std::string> expected, actual;
  std::ifstream list(test::data_file("liftedgan_256_keys.txt"));
  for (std::string key, shape; list >> key >> shape;) expected[key] = shape;
  const auto add = [&](const std::string& name, const torch::nn::Module& module) {
    for (const auto& [key, tensor] : state_of(module))
      actual[name + "." + key] = fmt::format("{}", fmt::join(tensor.sizes(), "x"));
  };
  add("netD", *DepthNet(config));
  add("netT", *TransformMap(config));
  add("netSD", *Decompose(config));
  add("netSC", *Compose(config));
  EXPECT_EQ(actual, expected);
}

TEST(LiftingNetworks, ShapesAtEverySize) {
  torch::NoGradGuard no_grad;
  for (const int size : {16, 32, 64, 128}) {
    const auto config = LiftingConfig::at(size, 24, 48);
    DepthNet depth(config);
    TransformMap transform(config);
    const auto w = torch::randn({3, 48}), features = torch::randn({3, 24, size, size});
    EXPECT_EQ(depth->forward(w, features).sizes(), (std::vector<int64_t>{3, 1, size, size}));
    EXPECT_EQ(transform->forward(w).sizes(), (std::vector<int64_t>{3, 1, size, size}));
    EXPECT_EQ(config.widths.back(), 16);
    EXPECT_EQ(infer_lifting_config(state_of(*depth), "depth net"), config);
    EXPECT_EQ(LiftingConfig::from_json(config.to_json()), config);
  }
  EXPECT_EQ(LiftingConfig::at(1024, 32, 512).widths, (std::vector<int>{512, 512, 512, 256, 128, 64, 32, 16}));
  EXPECT_THROW(LiftingConfig::at(96, 16, 512), Error);
}

TEST(LiftingNetworks, FastFormsAgreeWithTheDifferentiableOnes) {
  const auto config = LiftingConfig::at(64, 16, 64);
  DepthNet depth(config);
  TransformMap transform(config);
  Decompose decompose(config);
  Compose compose(config);
  const auto w = torch::randn({3, 64}), features = torch::randn({3, 16, 64, 64});
  const auto all = [&] {
    const auto [light, view] = decompose->forward(w);
    return std::vector{light, view, compose->forward(w, light, view), depth->forward(w, features),
                       transform->forward(w)};
  };
  const auto differentiable = all();
  torch::NoGradGuard no_grad;
  const auto fast = all();
  for (size_t i = 0; i < fast.size(); ++i) {
    EXPECT_TRUE(differentiable[i].requires_grad());
    expect_close(fmt::format("network {}", i), fast[i], differentiable[i], 1e-5);
  }
}

TEST(LiftingNetworks, EveryParameterOfTheMapsGetsAGradient) {
  const auto config = LiftingConfig::at(32, 16, 32);
  DepthNet depth(config);
  TransformMap transform(config);
  const auto w = torch::randn({2, 32});
  (depth->forward(w, torch::randn({2, 16, 32, 32})).square().sum() + transform->forward(w).square().sum()).backward();
  for (const auto& module : std::vector<std::shared_ptr<torch::nn::Module>>{depth.ptr(), transform.ptr()}) {
    for (const auto& item : module->named_parameters()) {
      ASSERT_TRUE(item.value().grad().defined()) << item.key();
      EXPECT_GT(item.value().grad().abs().max().item<float>(), 0) << item.key();
    }
  }
}

TEST(LiftingNetworks, SameBitsForAnyBatchAndThreadCount) {
  torch::NoGradGuard no_grad;
  const auto config = LiftingConfig::at(256, 16, 512);
  DepthNet depth(config);
  TransformMap transform(config);
  Decompose decompose(config);
  Compose compose(config);
  const auto codes = torch::randn({8, 512}), maps = torch::randn({8, 16, 256, 256});
  const auto all = [&](const torch::Tensor& w, const torch::Tensor& features) {
    const auto [light, view] = decompose->forward(w);
    return std::vector{light, view, compose->forward(w, light, view), depth->forward(w, features),
                       transform->forward(w)};
  };
  const auto together = all(codes, maps);
  const auto alone = all(codes.narrow(0, 3, 1), maps.narrow(0, 3, 1));
  const auto three = all(codes.narrow(0, 2, 3), maps.narrow(0, 2, 3));
  set_threads(1);
  const auto one_thread = all(codes, maps);
  set_threads(0);
  for (size_t i = 0; i < together.size(); ++i) {
    EXPECT_TRUE(together[i].equal(one_thread[i])) << "threads, result " << i;
    EXPECT_TRUE(together[i].narrow(0, 3, 1).equal(alone[i])) << "batch 1, result " << i;
    EXPECT_TRUE(together[i].narrow(0, 2, 3).equal(three[i])) << "batch 3, result " << i;
  }
}

TEST(ResetParameters, FollowsItsSeedAndPyTorchsBounds) {
  const auto config = LiftingConfig::at(32, 16, 32);
  DepthNet a(config), b(config);
  auto first = at::detail::createCPUGenerator(7), second = at::detail::createCPUGenerator(7);
  reset_parameters(*a, first);
  reset_parameters(*b, second);
  const auto state = state_of(*a), other = state_of(*b);
  for (const auto& [key, tensor] : state) EXPECT_TRUE(tensor.equal(other.at(key))) << key;
  // Uniform in ±1/√(16·5·5): almost surely some weight is in the outer tenth, and none outside.
  const auto largest = state.at("head.3.weight").abs().max().item<double>();
  EXPECT_LE(largest, 1 / 20.0);
  EXPECT_GT(largest, 0.9 / 20.0);
}

class LoadStrict : public ::testing::Test {
 protected:
  std::string message_of(const StateDict& state) {
    Decompose network(config);
    const auto before = state_of(*network).at("model_view.mlp.0.weight").clone();
    std::string message;
    try {
      load_strict(*network, state, "some file: netSD");
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_TRUE(state_of(*network).at("model_view.mlp.0.weight").equal(before)) << "a failed load must change nothing";
    return message;
  }

  LiftingConfig config = LiftingConfig::at(32, 16, 32);
  StateDict good = [this] {
    StateDict state;
    for (const auto& [key, tensor] : state_of(*Decompose(config))) state[key] = tensor.detach().clone();
    return state;
  }();
};

TEST_F(LoadStrict, CopiesEverything) {
  Decompose network(config);
  load_strict(*network, good, "good");
  for (const auto& [key, tensor] : state_of(*network)) EXPECT_TRUE(tensor.equal(good.at(key))) << key;
}

TEST_F(LoadStrict, NamesMissingUnknownAndMisshapenKeys) {
  auto state = good;
  state.erase("model_light.mlp.0.bias");
  state["surprise"] = torch::zeros({1});
  state["model_view.mlp.6.weight"] = torch::zeros({7, 32});
  EXPECT_EQ(
      message_of(state),
      "some file: netSD: does not fit the network: 1 missing key (model_light.mlp.0.bias); 1 unknown key (surprise); "
      "1 misshapen tensor (model_view.mlp.6.weight is 7×32, expected 6×32)");
}

TEST_F(LoadStrict, CountsWhatItDoesNotList) {
  EXPECT_THAT(message_of({}), ::testing::HasSubstr(fmt::format("{} missing keys (", good.size())));
}

TEST_F(LoadStrict, RefusesNanAndInfinity) {
  for (const float value : {NAN, INFINITY}) {
    auto state = good;
    state["model_view.mlp.6.bias"] = torch::full({6}, value);
    EXPECT_EQ(message_of(state), "some file: netSD: the tensor model_view.mlp.6.bias holds NaN or infinite values");
  }
}

}  // namespace
}  // namespace lifted::nets
