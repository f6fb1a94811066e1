// What pictures say of how they were made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "lifted/app/command_text.h"
#include "lifted/base/file.h"
#include "lifted/model/network_file.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"
#include "tests/support/tiny_networks.h"

namespace lifted {
namespace {

namespace fs = std::filesystem;

TEST(CommandText, SaysWhatDeterminesAPicture) {
  EXPECT_EQ(app::command_text({"/opt/bin/liftedgan", "rotate", "--seeds", "0-3", "--outdir", "/home/me/out",
                               "--network=/home/me/a b.pth", "--gan", "/home/me/nets/g.pt", "--batch=4", "-q",
                               "--out_dir", "x", "--threads", "2", "--trunc", "0.5"}),
            "liftedgan rotate --seeds 0-3 '--network=a b.pth' --gan g.pt --trunc 0.5");
  EXPECT_EQ(app::command_text({"x", "demo", "--label", "it's/not", "/folder/", "/", "--outdir"}),
            "liftedgan demo --label 'it'\\''s/not' folder /");
  EXPECT_EQ(app::command_text({"x"}), "liftedgan");
}

class Provenance : public ::testing::Test {
 protected:
  void SetUp() override {
    model::LoadedNetwork lifted = test::tiny_lifted();
    model::save_network(network_, lifted);
    version_ = test::run_program({"--version"}).output;
    version_.pop_back();  // the end of the line
  }
  void run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--network", network_.string()});
    const auto result = test::run_program(arguments);
    ASSERT_EQ(result.exit_code, 0) << result.errors;
  }
  std::string out(const std::string& name = "") const { return folder_ / "out" / name; }
  std::map<std::string, std::string> said_by(const std::string& picture) const {
    const auto text = test::png_text(read_file(out(picture)));
    return {text.begin(), text.end()};
  }
  std::map<std::string, std::string> expected(const std::string& command) const {
    return {{"Software", "liftedgan " + version_},
            {"Command", command + " --network tiny.safetensors"},
            {"Network", "tiny.safetensors SHA-256 " + sha256_of_file(network_)}};
  }

  test::TemporaryFolder folder_;
  std::string version_;
  fs::path network_ = folder_ / "tiny.safetensors";
};

TEST_F(Provenance, IsInEveryPictureOfACommand) {
  run({"generate", "--seeds", "2,12", "--maps", "depth", "--outdir", out()});
  auto said = expected("liftedgan generate --seeds 2,12 --maps depth");
  EXPECT_EQ(said_by("sheet.png"), said);
  for (const auto& [stem, seed] : {std::pair{"seed0002", "2"}, std::pair{"seed0012", "12"}}) {
    said["Seed"] = seed;
    EXPECT_EQ(said_by(stem + std::string(".png")), said);
    EXPECT_EQ(said_by(stem + std::string("_depth.png")), said);
  }
  run({"relight", "--seeds", "3", "--step", "60", "--format", "frames", "--outdir", out()});
  EXPECT_EQ(said_by("seed0003_light/frame0001.png"), expected("liftedgan relight --seeds 3 --step 60 --format frames"));
  run({"mix", "--rows", "1", "--cols", "2", "--outdir", out()});
  said = expected("liftedgan mix --rows 1 --cols 2");
  EXPECT_EQ(said_by("grid.png"), said);
  said["Sample"] = "seed0001-seed0002";
  EXPECT_EQ(said_by("seed0001-seed0002.png"), said);
}

TEST_F(Provenance, LeavesFilesTheSameWhereverAndHoweverTheyAreMade) {
  run({"generate", "--seeds", "0-2", "--outdir", out("a"), "--batch", "1"});
  run({"generate", "--outdir", out("b"), "--seeds", "0-2", "--threads", "1", "--quiet"});
  for (const char* name : {"seed0000.png", "seed0002.png", "sheet.png"})
    EXPECT_EQ(read_file(out("a") + "/" + name), read_file(out("b") + "/" + name)) << name;
}

}  // namespace
}  // namespace lifted
