// Style codes from files through the commands that draw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/base/file.h"
#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/codes.h"
#include "lifted/model/import.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"

namespace lifted {
namespace {

using test::run_program;
using testing::AllOf;
using testing::HasSubstr;
using torch::Tensor;
namespace fs = std::filesystem;

class CodeCommands : public testing::Test {
 protected:
  /// The command on a network with codes from a file, not truncated; its raw tensors.
  StateDict run(const std::string& command, const fs::path& network, const fs::path& codes,
                std::vector<std::string> more = {}) {
    const fs::path out = folder / (command + std::to_string(runs++)), kept = folder / "kept.safetensors";
    fs::remove(kept);
    std::vector<std::string> words = {command,    "--network",  network.string(), "--latents",  codes.string(),
                                      "--outdir", out.string(), "--tensors",      kept.string()};
    if (std::find(more.begin(), more.end(), "--trunc") == more.end()) more.insert(more.end(), {"--trunc", "1"});
    words.insert(words.end(), more.begin(), more.end());
    const auto result = run_program(words);
    EXPECT_EQ(result.exit_code, 0) << command << ": " << result.errors;
    errors = result.errors;
    outdir = out;
    return fs::exists(kept) ? formats::read_safetensors(kept) : StateDict();
  }
  fs::path codes_file(const StateDict& codes, const std::string& name = "codes.safetensors") {
    formats::write_safetensors(folder / name, codes);
    return folder / name;
  }

  torch::NoGradGuard no_grad;
  test::TemporaryFolder folder;
  fs::path plain = test::data_file("ok_base.pt"), outdir;
  std::string errors;
  int runs = 0;
};

Tensor drawn(const model::LoadedNetwork& network, const Tensor& w) {
  return network.generator->synthesize(w).image;
}

TEST_F(CodeCommands, NvidiasProjectionIsDrawnLayerByLayer) {
  const auto network = model::load_network(plain);
  const Tensor w = formats::read_checkpoint(test::data_file("projected_w.npz")).root.at("w").as_tensor();
  const StateDict kept = run("generate", plain, test::data_file("projected_w.npz"));
  EXPECT_TRUE(torch::equal(kept.at("image"), drawn(network, w)) ||
              torch::equal(kept.at("image"), drawn(network, w.select(1, 0))));
  EXPECT_TRUE(fs::exists(outdir / "latent0000.png"));

  const Tensor layered = torch::randn({2, 8, 32});
  EXPECT_TRUE(
      torch::equal(run("generate", plain, codes_file({{"w_plus", layered}})).at("image"), drawn(network, layered)));
  const Tensor truncated = network.statistics.mean + 0.5 * (layered - network.statistics.mean);
  const Tensor pulled = run("generate", plain, codes_file({{"w_plus", layered}}), {"--trunc", "0.5"}).at("image");
  test::expect_close("truncated", pulled, drawn(network, truncated), 1e-5);
}

TEST_F(CodeCommands, ARepeatedCodeGivesThePicturesOfTheCode) {
  const auto generator = model::load_network("builtin").generator;
  const Tensor w = generator->map(torch::randn({2, generator->config().z_dim}));
  const Tensor repeated = w.unsqueeze(1).repeat({1, generator->layers(), 1});
  const StateDict one = run("generate", "builtin", codes_file({{"w", w}}), {"--maps", "depth"});
  const fs::path first = outdir;
  const StateDict all = run("generate", "builtin", codes_file({{"w_plus", repeated}}), {"--maps", "depth"});
  EXPECT_TRUE(torch::equal(one.at("recon_im"), all.at("recon_im")));
  for (const char* file : {"latent0001.png", "latent0001_depth.png"})
    EXPECT_EQ(read_file(first / file), read_file(outdir / file)) << file;
}

TEST_F(CodeCommands, NoiseMapsOfAProjectionAreDrawnWithIt) {
  StateDict codes{{"w", torch::randn({2, 32})}};
  const auto network = model::load_network(plain);
  std::vector<Tensor> expected;
  for (int i = 0; i < 7; ++i) {
    const int64_t side = int64_t{4} << ((i + 1) / 2);
    codes["noise_" + std::to_string(i)] = torch::randn({2, 1, side, side});
  }
  for (int64_t row = 0; row < 2; ++row) {
    for (const auto& item : network.generator->named_buffers()) {
      if (item.key().starts_with("noises.")) item.value().copy_(codes.at(item.key().substr(7))[row].unsqueeze(0));
    }
    expected.push_back(drawn(network, codes.at("w").slice(0, row, row + 1)));
  }
  EXPECT_TRUE(torch::equal(run("generate", plain, codes_file(codes)).at("image"), torch::cat(expected)));
}

TEST_F(CodeCommands, AProjectionIsReproduced) {
  run("generate", plain, codes_file({{"w", torch::randn({1, 32})}}));
  fs::copy_file(outdir / "latent0000.png", folder / "face.png");
  for (const char* space : {"w", "w+"}) {
    const fs::path out = folder / (std::string("projected-") + space);
    const auto result = run_program({"project", "--network", plain.string(), "--target", (folder / "face.png").string(),
                                     "--space", space, "--steps", "5", "--no-video", "--outdir", out.string()});
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_THAT(result.errors, HasSubstr("--latents " + (out / "codes.safetensors").string() + " --trunc 1"));
    run("generate", plain, out / "codes.safetensors");
    EXPECT_EQ(formats::read_image(outdir / "latent0000.png").pixels, formats::read_image(out / "face.png").pixels)
        << space;
  }
}

TEST_F(CodeCommands, EveryLiftingCommandTakesACodePerLayer) {
  const auto network = model::load_network("builtin");
  const int64_t layers = network.generator->layers();
  const Tensor w = network.generator->map(torch::randn({2 * layers, network.generator->config().z_dim}));
  const Tensor a = w.slice(0, 0, layers), b = w.slice(0, layers);
  const fs::path ends = codes_file({{"w_plus", torch::stack({a, b})}}, "ends.safetensors");
  const fs::path between = codes_file({{"w_plus", torch::stack({a, (a + b) / 2, b})}}, "between.safetensors");
  const StateDict steps = run("interpolate", "builtin", ends, {"--steps", "3", "--format", "frames"});
  const StateDict turned = run("rotate", "builtin", between, {"--format", "frames"});
  test::expect_close("interpolated", steps.at("latent0000-latent0001_recon_im"), turned.at("yaw_recon_im"), 2e-3, 0.999,
                     1e-5);
  const StateDict drawn_at_rest = run("generate", "builtin", between, {"--proxy"});
  EXPECT_TRUE(torch::equal(drawn_at_rest.at("image")[1], network.lifted->proxy_image(((a + b) / 2).unsqueeze(0))[0]));
  test::expect_close("view of the mean code", drawn_at_rest.at("view"),
                     network.lifted->estimate(torch::stack({a, (a + b) / 2, b}).mean(1)).view, 1e-5);
  run("relight", "builtin", ends, {"--format", "frames"});
  run("mesh", "builtin", ends, {"--format", "ply"});
  EXPECT_TRUE(fs::exists(outdir / "latent0001.ply"));
}

TEST_F(CodeCommands, MixTakesCodes) {
  const auto network = model::load_network(plain);
  const Tensor layered = torch::randn({3, 8, 32}), w = torch::randn({2, 32});
  const fs::path file = codes_file({{"w_plus", layered}}), other = codes_file({{"w", w}}, "other.safetensors");
  Tensor expected = layered.slice(0, 1, 2).clone();
  expected.slice(1, 0, 4).copy_(layered.slice(0, 2, 3).slice(1, 0, 4));
  const StateDict some = run("mix", plain, file, {"--rows", "1", "--cols", "2", "--styles", "0-3"});
  EXPECT_TRUE(torch::equal(some.at("mix_recon_im"), drawn(network, expected)));
  EXPECT_TRUE(fs::exists(outdir / "latent0001-latent0002.png"));
  EXPECT_EQ(run("mix", plain, file).at("mix_recon_im").size(0), 9) << "all by all";

  const fs::path kept = folder / "files.safetensors";
  const auto files =
      run_program({"mix", "--network", plain.string(), "--rows", file.string(), "--cols", other.string(), "--styles",
                   "0-3", "--trunc", "1", "--outdir", (folder / "files").string(), "--tensors", kept.string()});
  ASSERT_EQ(files.exit_code, 0) << files.errors;
  expected = layered.slice(0, 2, 3).clone();
  expected.slice(1, 0, 4).copy_(w.slice(0, 1, 2).unsqueeze(1).expand({1, 4, 32}));
  EXPECT_TRUE(torch::equal(formats::read_safetensors(kept).at("mix_recon_im")[5], drawn(network, expected)[0]));

  const auto outside = run_program({"mix", "--network", plain.string(), "--latents", file.string(), "--rows", "3",
                                    "--outdir", (folder / "outside").string()});
  EXPECT_EQ(outside.exit_code, 2);
  EXPECT_THAT(outside.errors, AllOf(HasSubstr("--rows: there is no code 3"), HasSubstr("holds codes 0-2")));
}

TEST_F(CodeCommands, OtherFilesAreNamedForWhatTheyAre) {
  const auto refused = [&](const fs::path& latents) {
    const auto result = run_program({"generate", "--network", plain.string(), "--latents", latents.string(), "--outdir",
                                     (folder / "refused").string()});
    EXPECT_EQ(result.exit_code, 1);
    return result.errors;
  };
  write_file_atomically(folder / "face.png", "\x89PNG\r\n\x1a\n0000");
  EXPECT_THAT(refused(folder / "face.png"), HasSubstr("face.png: expected a checkpoint, but the file is a PNG image"));
  EXPECT_THAT(refused(plain), HasSubstr("is a StyleGAN2 generator (rosinality's layout), expected style codes"));
  EXPECT_THAT(refused(codes_file({{"w", torch::zeros({1, 512})}})),
              HasSubstr("w has shape 1×512, expected N×32 or N×8×32"));
}

}  // namespace
}  // namespace lifted
