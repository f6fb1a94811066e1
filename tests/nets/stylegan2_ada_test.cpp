#include "lifted/nets/stylegan2_ada.h"

#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/formats/checkpoint.h"
#include "lifted/formats/nvidia_pickle.h"
#include "lifted/formats/safetensors.h"
#include "lifted/nets/load.h"
#include "lifted/nets/stylegan2.h"
#include "tests/support/golden.h"

namespace lifted {
namespace {
using nets::NoiseMode;
using torch::Tensor;

TEST(Stylegan2Ada, ReproducesEveryGoldenTensor) {
  LIFTED_GOLDEN_OR_SKIP(pickle, "nvidia-ada-64.pkl");
  LIFTED_GOLDEN_OR_SKIP(tensors, "nvidia-ada-64.safetensors");
  torch::NoGradGuard no_grad;
  const auto golden = formats::read_safetensors(tensors);
  const auto checkpoint = formats::read_checkpoint(pickle);
  const auto& g_ema = checkpoint.root.at("G_ema");
  const auto converted =
      nets::convert_ada_generator(formats::module_state_dict(g_ema), formats::module_arguments(g_ema), "golden");
  EXPECT_EQ(converted.config.conv_clamp, 256);
  EXPECT_EQ(converted.config.channels, (std::vector<int>{128, 128, 128, 128, 64}));
  nets::Stylegan2Generator generator(converted.config);
  nets::load_strict(*generator, converted.state, "golden");
  const Tensor mean = converted.latent_avg;
  test::expect_close("w_avg", mean, golden.at("w_avg"), 0);
  for (const auto implementation : {ops::Implementation::fused, ops::Implementation::reference}) {
    generator->use(implementation);
    const auto w = generator->map(golden.at("z")), truncated = mean + 0.7 * (w - mean);
    test::expect_close("w_psi1", w, golden.at("w_psi1"), 1e-4);
    test::expect_close("w", truncated, golden.at("w"), 1e-4);
    test::expect_close("image", generator->synthesize(truncated).image, golden.at("image"), 1e-4);
    test::expect_close("image_nonoise", generator->synthesize(truncated, NoiseMode::none).image,
                       golden.at("image_nonoise"), 1e-4);
    test::expect_close("image_psi1", generator->synthesize(w).image, golden.at("image_psi1"), 1e-4);
    auto cutoff = w.unsqueeze(1).repeat({1, generator->layers(), 1});
    cutoff.slice(1, 0, 4).copy_((mean + 0.5 * (w - mean)).unsqueeze(1));
    test::expect_close("image_cutoff", generator->synthesize(cutoff).image, golden.at("image_cutoff"), 1e-4);
  }
}

/// The tensors of the smallest ADA generator, 8×8.
StateDict tiny_ada() {
  StateDict state;
  const auto layer = [&](const std::string& name, int64_t in, int64_t out, int64_t kernel) {
    state[name + ".weight"] = torch::randn({out, in, kernel, kernel});
    state[name + ".bias"] = torch::randn({out});
    state[name + ".affine.weight"] = torch::randn({in, 6});
    state[name + ".affine.bias"] = torch::ones({in});
  };
  for (const char* i : {"0", "1"}) {
    state[std::string("mapping.fc") + i + ".weight"] = torch::randn({6, 6});
    state[std::string("mapping.fc") + i + ".bias"] = torch::randn({6});
  }
  state["mapping.w_avg"] = torch::randn({6});
  state["synthesis.b4.const"] = torch::randn({4, 4, 4});
  layer("synthesis.b4.conv1", 4, 4, 3);
  layer("synthesis.b4.torgb", 4, 3, 1);
  layer("synthesis.b8.conv0", 4, 5, 3);
  layer("synthesis.b8.conv1", 5, 5, 3);
  layer("synthesis.b8.torgb", 5, 3, 1);
  state["synthesis.b8.resample_filter"] = state["synthesis.b8.conv0.resample_filter"] = torch::full({4, 4}, 1.0 / 16);
  return state;
}

/// What refuses the network.
std::string refusal_of(const StateDict& state) {
  try {
    nets::convert_ada_generator(state, {}, "net.pkl: G_ema");
  } catch (const Error& error) {
    return error.what();
  }
  return "(was accepted)";
}

TEST(Stylegan2Ada, NamesWhatIsNotSupportedAndTheTensorThatShowsIt) {
  auto state = tiny_ada();
  state["synthesis.b4.const"] = torch::randn({4, 4, 8});
  EXPECT_EQ(
      refusal_of(state),
      "net.pkl: G_ema: tensor 'synthesis.b4.const' has shape 4×4×8, expected 4×4×4: networks whose images are not "
      "square are not supported");
  state = tiny_ada();
  state["synthesis.b4.torgb.weight"] = torch::randn({1, 4, 1, 1});
  EXPECT_EQ(
      refusal_of(state),
      "net.pkl: G_ema: tensor 'synthesis.b4.torgb.weight' makes 1 colour channel, expected 3: only networks of RGB "
      "images are supported");
  state = tiny_ada();
  state["mapping.embed.weight"] = torch::randn({6, 10});
  EXPECT_EQ(refusal_of(state),
            "net.pkl: G_ema: the network is class-conditional (it has a tensor 'mapping.embed.weight'), which is not "
            "supported");
}

TEST(Stylegan2Ada, ReadsNetworksWithoutNoiseOrArguments) {
  auto state = tiny_ada();
  EXPECT_TRUE(nets::is_ada_generator(state));
  const auto converted = nets::convert_ada_generator(state, {}, "tiny");
  EXPECT_EQ(converted.config.size, 8);
  EXPECT_EQ(converted.config.mapping_layers, 2);
  EXPECT_FALSE(converted.config.conv_clamp.has_value());
  nets::Stylegan2Generator generator(converted.config);
  nets::load_strict(*generator, converted.state, "tiny");
}

TEST(Stylegan2Ada, NamesWhatItCannotRead) {
  const auto message_without = [](const std::string& key) -> std::string {
    auto state = tiny_ada();
    state.erase(key);
    try {
      nets::convert_ada_generator(state, {}, "tiny.pkl");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  for (const std::string key :
       {"synthesis.b4.const", "synthesis.b8.conv0.weight", "synthesis.b8.torgb.weight",
        "synthesis.b8.conv1.affine.bias", "synthesis.b8.conv0.resample_filter", "mapping.fc0.weight"}) {
    EXPECT_NE(message_without(key).find("tiny.pkl"), std::string::npos) << key;
    EXPECT_NE(message_without(key).find(key), std::string::npos) << key;
  }
  auto conditional = tiny_ada();
  conditional["mapping.embed.weight"] = torch::zeros({6, 10});
  EXPECT_THROW(nets::convert_ada_generator(conditional, {}, "tiny"), Error);
  auto misshapen = tiny_ada();
  misshapen["synthesis.b8.conv0.weight"] = torch::zeros({5, 4, 9});
  EXPECT_THROW(nets::convert_ada_generator(misshapen, {}, "tiny"), Error);
  EXPECT_FALSE(nets::is_ada_generator({}));
}

}  // namespace
}  // namespace lifted
