// The mesh command on made-up networks of 16 pixels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lifted/base/file.h"
#include "lifted/formats/image.h"
#include "lifted/model/network_file.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"

namespace lifted {
namespace {

namespace fs = std::filesystem;
using test::run_program;
using testing::HasSubstr;

class MeshCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(1);
    nets::Stylegan2Config config;
    config.size = 16;
    config.z_dim = config.w_dim = 32;
    config.mapping_layers = 2;
    config.channels = {16, 16, 8};
    plain.generator = nets::Stylegan2Generator(config);
    plain.statistics = model::WStatistics::of_codes(plain.generator, torch::randn({1000, 32}));
  }

  /// A network file, lifted with such a configuration or plain.
  std::string saved(const std::string& name, const std::optional<model::LiftConfig>& config) {
    model::LoadedNetwork network = plain;
    if (config) {
      network.lifted = std::make_shared<model::LiftedGan>(
          network.generator, model::LiftingNetworks(nets::LiftingConfig::at(16, 8, 32)), *config, network.statistics);
    }
    model::save_network(folder / name, network);
    return folder / name;
  }
  std::string lifted_network() { return saved("lifted.safetensors", model::LiftConfig::at(16)); }
  test::ProgramResult mesh(const std::string& network, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"mesh", "--network", network, "--outdir", (folder / "out").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  fs::path out(const std::string& name) const { return folder.path() / "out" / name; }
  std::string text_of(const std::string& name) const { return read_text_file(out(name)); }

  test::TemporaryFolder folder;
  model::LoadedNetwork plain;
};

TEST_F(MeshCommand, WritesEveryFormatAskedFor) {
  const auto result = mesh(lifted_network(), {"--seeds", "0-1", "--format", "glb,ply,obj"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  for (const char* name : {"seed0000.glb", "seed0001.ply", "seed0001.obj", "seed0000.mtl", "seed0000.png"}) {
    EXPECT_GT(fs::file_size(out(name)), 0U) << name;
  }
  EXPECT_EQ(text_of("seed0000.glb").substr(0, 4), "glTF");
  EXPECT_THAT(text_of("seed0000.glb"), HasSubstr("TEXCOORD_0"));
  EXPECT_EQ(formats::read_image(out("seed0000.png")).width, 16);
  EXPECT_GT(formats::read_image(out("sheet.png")).width, 16);
  const auto record = nlohmann::json::parse(text_of("run.json"));
  EXPECT_NEAR(record["metres_per_unit"].get<double>(), 1.71451, 1e-4);
  ASSERT_EQ(record["meshes"].size(), 2U);
  const auto vertices = record["meshes"][1]["vertices"].get<int>();
  EXPECT_LT(vertices, 16 * 16) << "the frame that never moves is cut off";
  EXPECT_THAT(text_of("seed0001.ply"), HasSubstr(fmt::format("element vertex {}\n", vertices)));
}

TEST_F(MeshCommand, OptionsReachTheMesh) {
  const std::string network = lifted_network();
  const auto vertices = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--seeds", "0", "--format", "ply"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = mesh(network, arguments);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return nlohmann::json::parse(text_of("run.json"))["meshes"][0]["vertices"].get<int>();
  };
  EXPECT_EQ(vertices({"--trim", "none"}), 16 * 16);
  const std::string canonical = text_of("seed0000.ply");
  EXPECT_EQ(vertices({"--trim", "none", "--yaw", "20", "--pitch", "-5", "--roll", "3"}), 16 * 16);
  EXPECT_NE(text_of("seed0000.ply"), canonical);
  EXPECT_EQ(vertices({"--trim", "none", "--pose", "predicted"}), 16 * 16);
  EXPECT_NE(text_of("seed0000.ply"), canonical);
  EXPECT_LT(vertices({"--trim", "none", "--resolution", "24", "--decimate", "0.3"}), 24 * 24 / 2);
}

TEST_F(MeshCommand, VertexColoursReplaceTheTexture) {
  const std::string network = lifted_network();
  ASSERT_EQ(mesh(network, {"--seeds", "0", "--format", "glb,obj", "--vertex-colors"}).exit_code, 0);
  EXPECT_THAT(text_of("seed0000.glb"), HasSubstr("COLOR_0"));
  EXPECT_FALSE(fs::exists(out("seed0000.mtl")));
}

TEST_F(MeshCommand, WrongUseIsAUsageError) {
  const std::string network = lifted_network();
  EXPECT_EQ(mesh(network, {"--format", "stl"}).exit_code, 2);
  EXPECT_EQ(mesh(network, {"--decimate", "nan"}).exit_code, 2);
  EXPECT_EQ(mesh(network, {"--yaw", "91"}).exit_code, 2);
  const auto both = mesh(network, {"--pose", "predicted", "--yaw", "3"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.errors, HasSubstr("--pose predicted"));
}

TEST_F(MeshCommand, NetworksWithoutDepthAreRefused) {
  const auto result = mesh(saved("plain.safetensors", std::nullopt), {"--seeds", "0"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("plain.safetensors"));
}

TEST_F(MeshCommand, TrimmingThatLeavesNothingSaysSo) {
  model::LiftConfig config = model::LiftConfig::at(16);
  config.border_depth = 0.9;  // Nothing can be nearer.
  const std::string network = saved("deep.safetensors", config);
  const auto result = mesh(network, {"--seeds", "5"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("seed0005"));
  EXPECT_THAT(result.errors, HasSubstr("--trim none"));
  EXPECT_FALSE(fs::exists(out("seed0005.glb")));
  EXPECT_EQ(mesh(network, {"--seeds", "5", "--trim-depth", "1.1"}).exit_code, 0);
}

}  // namespace
}  // namespace lifted
