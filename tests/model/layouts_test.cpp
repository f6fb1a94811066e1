// Generators as they are found in the wild: under prefixes, without noise maps, beside what nobody needs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/base/random.h"
#include "lifted/model/generator_state.h"
#include "lifted/model/import.h"
#include "lifted/nets/load.h"
#include "tests/support/golden.h"
#include "tests/support/pytorch_file.h"
#include "tests/support/tiny_networks.h"

namespace lifted::model {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

class Layouts : public testing::Test {
 protected:
  /// The generator's tensors, every name with this prefix.
  StateDict prefixed(const std::string& prefix) const {
    StateDict state;
    for (const auto& [name, tensor] : tensors) state[prefix + name] = tensor;
    return state;
  }
  void expect_loads(const test::PytorchFile& file) {
    file.save(path);
    expect_same(load_network(path));
  }
  void expect_same(const LoadedNetwork& network) {
    for (const auto& [name, tensor] : nets::state_of(*network.generator)) {
      const auto expected = tensors.find(name);
      if (expected == tensors.end()) continue;
      EXPECT_TRUE(torch::equal(tensor, expected->second)) << name;
    }
  }
  std::string refusal() {
    try {
      load_network(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "(was accepted)";
  }

  test::TemporaryFolder folder;
  std::filesystem::path path = folder / "network.pt";
  StateDict tensors = nets::state_of(*test::tiny_generator().generator);
  StateDict mean{{"latent_avg", torch::randn({32})}};
};

TEST_F(Layouts, AnyPrefixIsFound) {
  for (const char* prefix : {"", "module.", "_orig_mod.", "g_ema.", "generator.", "decoder.", "module._orig_mod."}) {
    expect_loads({{}, prefixed(prefix)});
    expect_loads({{{"g_ema", prefixed(prefix)}}, mean});
    expect_loads({{{"state_dict", prefixed(prefix)}}, mean});
  }
}

TEST_F(Layouts, TheAverageIsPreferred) {
  StateDict other;
  for (const auto& [name, tensor] : tensors) other[name] = tensor + 1;
  expect_loads({{{"g", other}, {"g_ema", tensors}, {"d", other}}, mean});
  StateDict both = prefixed("g_ema.");
  for (const auto& [name, tensor] : other) both["g." + name] = tensor;
  expect_loads({{}, both});
}

TEST_F(Layouts, WithoutAnAverageTheGeneratorAsLastTrainedIsUsedAndNamed) {
  const test::PytorchFile file{{{"g", tensors}, {"d", {{"convs.0.weight", torch::zeros({1})}}}}, {}};
  expect_loads(file);
  const auto checkpoint = formats::read_checkpoint(path);
  EXPECT_EQ(recognize(checkpoint), NetworkKind::stylegan2);
  EXPECT_THAT(generator_state(checkpoint, NetworkKind::stylegan2, "f").remarks,
              testing::ElementsAre(HasSubstr("no averaged generator (g_ema); 'g', as last trained, is used")));
  EXPECT_THAT(describe_network(path).facts, Contains(Pair("note", HasSubstr("as last trained"))));
}

TEST_F(Layouts, AbsentNoiseMapsAreDrawnFromTheirNumber) {
  StateDict bare = tensors;
  for (int i : {0, 1, 2, 4}) bare.erase("noises.noise_" + std::to_string(i));
  test::PytorchFile{{{"g_ema", bare}}, mean}.save(path);
  const StateDict loaded = nets::state_of(*load_network(path).generator);
  EXPECT_TRUE(torch::equal(loaded.at("noises.noise_4"), torch::tensor(numpy_randn(4, 256)).view({1, 1, 16, 16})));
  EXPECT_TRUE(torch::equal(loaded.at("noises.noise_0"), torch::tensor(numpy_randn(0, 16)).view({1, 1, 4, 4})));
  EXPECT_TRUE(torch::equal(loaded.at("noises.noise_3"), tensors.at("noises.noise_3"))) << "those that are there stay";
  const auto state = generator_state(formats::read_checkpoint(path), NetworkKind::stylegan2, "f");
  EXPECT_THAT(state.remarks, testing::ElementsAre(HasSubstr("lacks 4 of its 5 noise maps")));
}

TEST_F(Layouts, EncodersKeepTheAverageOncePerLayer) {
  mean["latent_avg"] = torch::randn({32}).expand({6, 32}).contiguous();
  test::PytorchFile{{{"state_dict", prefixed("decoder.")}}, mean}.save(path);
  EXPECT_TRUE(torch::equal(load_network(path).statistics.mean, mean["latent_avg"][0]));
  mean["latent_avg"][3][3] += 1;
  test::PytorchFile{{{"state_dict", prefixed("decoder.")}}, mean}.save(path);
  EXPECT_THAT(refusal(), HasSubstr("network.pt: latent_avg must be 32 finite values"));
}

TEST_F(Layouts, UnusualNetworksAreNamedWithFileAndTensor) {
  tensors["input.input"] = torch::randn({1, 16, 4, 8});
  test::PytorchFile{{{"g_ema", tensors}}, mean}.save(path);
  const std::string sentence =
      "g_ema: tensor 'input.input' has shape 1×16×4×8, expected 1×16×4×4: networks whose images "
      "are not square are not supported";
  EXPECT_EQ(refusal(), path.string() + ": " + sentence);
  EXPECT_THAT(describe_network(path).facts, Contains(Pair("but", "network.pt: " + sentence)));
  EXPECT_THAT(describe_network(path).sentence, HasSubstr("it cannot be used as it is"));
  tensors = nets::state_of(*test::tiny_generator().generator);
  tensors["to_rgb1.conv.weight"] = torch::randn({1, 1, 16, 1, 1});
  test::PytorchFile{{{"g_ema", tensors}}, mean}.save(path);
  EXPECT_THAT(refusal(),
              HasSubstr("has shape 1×1×16×1×1, expected 1×3×16×1×1: only networks of RGB images are supported"));
}

TEST_F(Layouts, RandomStatesBesideTheNetworkStayUnread) {
  const StateDict with = nets::state_of(*load_network(test::data_file("rng_states.pt")).generator);
  EXPECT_EQ(with.at("input.input").size(0), 1);
  const auto root = formats::read_checkpoint(test::data_file("rng_states.pt")).root;
  EXPECT_TRUE(torch::equal(with.at("conv1.conv.weight"), root.at("g_ema").at("conv1.conv.weight").as_tensor()));
}

std::string refusal_of(const std::filesystem::path& file) {
  try {
    load_network(file);
  } catch (const Error& error) {
    return error.what();
  }
  return "(was accepted)";
}

TEST(UnsupportedNetworks, InspectSaysWhatGenerateSays) {
  const auto square = test::data_file("nonsquare.pkl"), three = test::data_file("sg3.pkl");
  EXPECT_THAT(refusal_of(square), AllOf(HasSubstr("nonsquare.pkl: G_ema: tensor 'synthesis.b4.const' has shape 16×4×2"),
                                        HasSubstr("expected 16×4×4"), HasSubstr("not square are not supported")));
  EXPECT_THAT(describe_network(square).facts, Contains(Pair("but", HasSubstr("not square are not supported"))));
  EXPECT_THAT(refusal_of(three), HasSubstr("sg3.pkl: is an NVIDIA StyleGAN3 network, expected a generator or a lifted "
                                           "model; only StyleGAN2's architecture is supported"));
  EXPECT_EQ(describe_network(three).sentence,
            "sg3.pkl is an NVIDIA StyleGAN3 network; only StyleGAN2's architecture is supported");
}

TEST(Finite, Float64WeightsBeyondFloat32AreRefusedByName) {
  auto generator = test::tiny_generator().generator;
  StateDict state;
  for (const auto& [name, tensor] : nets::state_of(*generator)) state[name] = tensor.clone();
  state["conv1.activate.bias"] = torch::full({16}, 1e300, torch::kFloat64);
  try {
    nets::load_strict(*generator, state, "f");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "f: the tensor conv1.activate.bias holds NaN or infinite values");
  }
}

}  // namespace
}  // namespace lifted::model
