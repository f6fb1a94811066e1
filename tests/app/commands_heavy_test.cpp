// The sampling commands on the published pair of checkpoints, against the reference tensors.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"

namespace lifted {
namespace {

using test::run_program;
namespace fs = std::filesystem;

/// LiftedGAN checkpoint and generator, or empty paths.
struct Pair {
  fs::path network = test::golden_file("liftedgan-256.pth"), gan = test::golden_file("stylegan2-256.pt");
  std::vector<std::string> options(const fs::path& outdir) const {
    return {"--network", network.string(), "--gan", gan.string(), "--outdir", outdir.string()};
  }
};

test::ProgramResult run(const std::string& command, const Pair& pair, const fs::path& outdir,
                        const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {command};
  for (const std::string& option : pair.options(outdir)) arguments.push_back(option);
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program(arguments);
}

nlohmann::json run_record(const fs::path& outdir) {
  return nlohmann::json::parse(std::ifstream(outdir / "run.json"));
}

#define PAIR_OR_SKIP(pair) \
  const Pair pair;         \
  if (pair.network.empty()) LIFTED_LEAVE_WITHOUT("the golden checkpoints are absent")

}  // namespace

TEST(GenerateCommand, RawTensorsOfGivenStylesAreTheReference) {
  PAIR_OR_SKIP(pair);
  const test::TemporaryFolder folder;
  const StateDict golden = formats::read_safetensors(test::golden_file("estimate.safetensors"));
  const StateDict rendered = formats::read_safetensors(test::golden_file("render.safetensors"));
  formats::write_safetensors(folder / "w.safetensors", {{"w", golden.at("styles")}});
  const auto result =
      run("generate", pair, folder / "out",
          {"--latents", (folder / "w.safetensors").string(), "--trunc", "1", "--tensors",
           (folder / "t.safetensors").string(), "--maps", "depth,normal,albedo,shading,transform,mask"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const StateDict tensors = formats::read_safetensors(folder / "t.safetensors");
  for (const char* name : {"canon_light", "view", "neutral_style"}) {
    test::expect_close(name, tensors.at(name), golden.at(name), 1e-4);
  }
  test::expect_close("canon_depth", tensors.at("canon_depth"), golden.at("canon_depth"), 2e-3, 0.999, 1e-4);
  test::expect_close("trans_map", tensors.at("trans_map"), golden.at("trans_map"), 2e-3, 0.999, 1e-4);
  test::expect_close("recon_depth", tensors.at("recon_depth"), rendered.at("recon_depth"), 2e-3, 0.999, 1e-4);
  test::expect_close("recon_im", tensors.at("recon_im"), rendered.at("recon_im"), 2e-3, 0.997, 1e-4);
  for (const char* file :
       {"latent0000.png", "latent0001.png", "latent0001_depth.png", "latent0000_normal.png", "sheet.png"}) {
    EXPECT_EQ(formats::read_image(folder.path() / "out" / file).channels, 3) << file;
  }
  EXPECT_EQ(run_record(folder / "out")["networks"].size(), 2U);
}

TEST(GenerateCommand, SeedsMeanTheSamePixelsAtAnyBatchAndThreadCount) {
  PAIR_OR_SKIP(pair);
  const test::TemporaryFolder folder;
  ASSERT_EQ(run("generate", pair, folder / "a", {"--seeds", "3-5", "--batch", "8", "--threads", "2"}).exit_code, 0);
  ASSERT_EQ(run("generate", pair, folder / "b", {"--seeds", "5,3", "--batch", "1", "--threads", "1"}).exit_code, 0);
  for (const char* file : {"seed0003.png", "seed0005.png"}) {
    EXPECT_EQ(formats::read_image(folder.path() / "a" / file), formats::read_image(folder.path() / "b" / file)) << file;
  }
}

TEST(CompareCommand, ConvertedAndPublishedNetworksAgree) {
  PAIR_OR_SKIP(pair);
  const test::TemporaryFolder folder;
  const std::string converted = (folder / "lifted.safetensors").string();
  const auto conversion =
      run_program({"convert", "--network", pair.network.string(), "--gan", pair.gan.string(), "--out", converted});
  ASSERT_EQ(conversion.exit_code, 0) << conversion.errors;
  const auto result = run_program({"compare", "--network", pair.network.string(), "--network", converted, "--network",
                                   pair.gan.string(), "--gan", pair.gan.string(), "--seeds", "0", "--axis", "none",
                                   "--outdir", (folder / "out").string()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_TRUE(fs::exists(folder.path() / "out" / "compare.png"));
  ASSERT_EQ(run("generate", pair, folder / "a", {"--seeds", "0"}).exit_code, 0);
  ASSERT_EQ(
      run_program({"generate", "--network", converted, "--seeds", "0", "--outdir", (folder / "b").string()}).exit_code,
      0);
  EXPECT_EQ(formats::read_image(folder.path() / "a" / "seed0000.png"),
            formats::read_image(folder.path() / "b" / "seed0000.png"));
}

TEST(WrongUse, IsOneClearErrorWithTheRightExitCode) {
  PAIR_OR_SKIP(pair);
  const test::TemporaryFolder folder;
  const auto without_gan =
      run_program({"rotate", "--network", pair.network.string(), "--outdir", (folder / "o").string()});
  EXPECT_NE(without_gan.exit_code, 0);
  EXPECT_NE(without_gan.errors.find("--gan"), std::string::npos) << without_gan.errors;
  const auto plain =
      run_program({"rotate", "--network", pair.gan.string(), "--seeds", "0", "--outdir", (folder / "o").string()});
  EXPECT_EQ(plain.exit_code, 1);
  EXPECT_NE(plain.errors.find("--network"), std::string::npos) << plain.errors;
  const auto swapped = run_program({"rotate", "--network", pair.gan.string(), "--gan", pair.network.string(), "--seeds",
                                    "0", "--outdir", (folder / "o").string()});
  EXPECT_NE(swapped.exit_code, 0);
  const auto embedding = run_program(
      {"generate", "--network", test::golden_file("lresnet.pth.tar").string(), "--outdir", (folder / "o").string()});
  EXPECT_EQ(embedding.exit_code, 1);
  EXPECT_NE(embedding.errors.find("face"), std::string::npos) << embedding.errors;
}

}  // namespace lifted
