#include "lifted/model/codes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/network_kind.h"
#include "tests/support/golden.h"
#include "tests/support/pytorch_file.h"
#include "tests/support/tiny_networks.h"

namespace lifted::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using torch::Tensor;

/// Of 16 pixels: 6 layers, z and w of 32 values.
const nets::Stylegan2Config& small() {
  static const nets::Stylegan2Config config = test::tiny_generator().generator->config();
  return config;
}

class CodeFiles : public testing::Test {
 protected:
  StyleCodes load(const StateDict& tensors) {
    formats::write_safetensors(folder / "codes.safetensors", tensors);
    return load_codes(folder / "codes.safetensors", small());
  }
  std::string refusal(const std::filesystem::path& path) {
    try {
      load_codes(path, small());
    } catch (const Error& error) {
      return error.what();
    }
    return "(was accepted)";
  }
  std::string refusal(const StateDict& tensors) {
    formats::write_safetensors(folder / "codes.safetensors", tensors);
    return refusal(folder / "codes.safetensors");
  }
  test::TemporaryFolder folder;
};

TEST_F(CodeFiles, NamesAndShapes) {
  const Tensor z = torch::randn({3, 32}), w = torch::randn({2, 32}), layered = torch::randn({2, 6, 32});
  EXPECT_TRUE(torch::equal(load({{"z", z}}).z, z));
  EXPECT_FALSE(load({{"z", z}}).w.defined());
  for (const char* name : {"w", "w_plus", "ws", "latent", "latents", "styles", "arr_0"}) {
    EXPECT_TRUE(torch::equal(load({{name, w}}).w, w)) << name;
    EXPECT_TRUE(torch::equal(load({{name, layered}}).w, layered)) << name;
  }
  EXPECT_TRUE(torch::equal(load({{"w", w[0]}}).w, w.slice(0, 0, 1))) << "a single code";
  EXPECT_TRUE(torch::equal(load({{"w", w.to(torch::kFloat64)}}).w, w));
  EXPECT_TRUE(torch::equal(load({{"z", z}, {"w", w}, {"image", torch::zeros({1})}}).w, w)) << "what generate keeps";
}

TEST_F(CodeFiles, ARepeatedCodeIsOneCode) {
  const Tensor w = torch::randn({2, 32});
  EXPECT_TRUE(torch::equal(load({{"w", w.unsqueeze(1).repeat({1, 6, 1})}}).w, w));
  Tensor nearly = w.unsqueeze(1).repeat({1, 6, 1});
  nearly[1][5][31] += 0.5;
  EXPECT_EQ(load({{"w", nearly}}).w.dim(), 3);
}

TEST_F(CodeFiles, OfNvidiasProjector) {
  const auto config = load_network(test::data_file("ok_base.pt")).generator->config();
  const StyleCodes codes = load_codes(test::data_file("projected_w.npz"), config);
  EXPECT_EQ(codes.w.size(0), 1);
  EXPECT_EQ(codes.w.size(-1), 32);
  const Tensor stored = formats::read_checkpoint(test::data_file("projected_w.npz")).root.at("w").as_tensor();
  EXPECT_TRUE(torch::equal(codes.w.dim() == 3 ? codes.w : codes.w.unsqueeze(1).expand({1, 8, 32}), stored));
  EXPECT_THAT(refusal(test::data_file("projected_w.npz")),
              AllOf(HasSubstr("projected_w.npz: w has shape 1×8×32"), HasSubstr("expected N×32 or N×6×32")));
}

TEST_F(CodeFiles, OfRosinalitysProjector) {
  const Tensor a = torch::randn({6, 32}), b = torch::randn({6, 32});
  const test::PytorchFile file{{{"a.png", {{"img", torch::zeros({3, 16, 16})}, {"latent", a}}},
                                {"b.png", {{"img", torch::zeros({3, 16, 16})}, {"latent", b}}}},
                               {}};
  file.save(folder / "projected.pt");
  EXPECT_TRUE(torch::equal(load_codes(folder / "projected.pt", small()).w, torch::stack({a, b})));
  EXPECT_EQ(recognize(formats::read_checkpoint(folder / "projected.pt")), NetworkKind::codes);
}

TEST_F(CodeFiles, NoiseMapsComeAlongWhereTheyFit) {
  StateDict tensors{{"w_plus", torch::randn({2, 6, 32})}};
  for (int i = 0; i < 5; ++i) {
    const int64_t side = int64_t{4} << ((i + 1) / 2);
    tensors["noise_" + std::to_string(i)] = torch::randn({2, 1, side, side});
  }
  const StyleCodes codes = load(tensors);
  ASSERT_EQ(codes.noise.size(), 5u);
  EXPECT_TRUE(torch::equal(codes.noise[3], tensors["noise_3"]));
  tensors["noise_3"] = torch::randn({2, 1, 4, 4});
  EXPECT_TRUE(load(tensors).noise.empty());
}

TEST_F(CodeFiles, WhatIsNoCodeIsRefused) {
  const Tensor w = torch::randn({2, 32});
  EXPECT_THAT(refusal({{"w", torch::randn({2, 31})}}), HasSubstr("w has shape 2×31, expected N×32 or N×6×32"));
  EXPECT_THAT(refusal({{"w_plus", torch::randn({2, 8, 32})}}), HasSubstr("has shape 2×8×32"));
  EXPECT_THAT(refusal({{"z", torch::randn({2, 6, 32})}}), HasSubstr("z has shape 2×6×32, expected N×32"));
  EXPECT_THAT(refusal({{"w", torch::randn({0, 32})}}), HasSubstr("0×32"));
  EXPECT_THAT(refusal({{"w", w.to(torch::kInt32)}}), HasSubstr("holds int32, expected floating-point numbers"));
  Tensor broken = w.clone();
  broken[1][3] = NAN;
  EXPECT_THAT(refusal({{"w", broken}}), HasSubstr("codes.safetensors: w holds values that are not finite"));
  broken[1][3] = 3e38;
  EXPECT_THAT(refusal({{"z", broken}}), HasSubstr("z holds 3e+38, which is no style code"));
  EXPECT_THAT(refusal({{"w", w.to(torch::kFloat64) * 1e300}}), HasSubstr("w holds values that are not finite"));
  EXPECT_THAT(refusal({{"image", w}}), HasSubstr("holds no style codes: expected a tensor named z, w or w_plus"));
}

TEST_F(CodeFiles, OtherFilesAreNamedForWhatTheyAre) {
  EXPECT_THAT(refusal(test::data_file("ok_base.pt")), AllOf(HasSubstr("ok_base.pt: is a StyleGAN2 generator"),
                                                            HasSubstr("expected style codes; pass it as --network")));
  write_file_atomically(folder / "a.png", "\x89PNG\r\n\x1a\n0000");
  EXPECT_THAT(refusal(folder / "a.png"), AllOf(HasSubstr("a.png"), HasSubstr("a PNG image")));
  write_file_atomically(folder / "a.npz", "PK\3\4");
  EXPECT_THAT(refusal(folder / "a.npz"), AllOf(HasSubstr("a.npz"), HasSubstr("damaged or was cut short")));
  EXPECT_THAT(refusal(folder / "absent.npz"), HasSubstr("absent.npz: cannot open"));
}

}  // namespace
}  // namespace lifted::model
