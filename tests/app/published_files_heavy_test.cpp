// What the authors' code leaves, given to the program: statistics of FID, config.py, checkpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lifted/formats/image.h"
#include "lifted/formats/numpy_pickle.h"
#include "lifted/formats/safetensors.h"
#include "lifted/metrics/published_statistics.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/load.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"
#include "tests/support/pytorch_file.h"
#include "tests/support/tiny_networks.h"

namespace lifted {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class PublishedFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("LIFTED_PROGRAM")) GTEST_SKIP() << "LIFTED_PROGRAM is not set: run through ctest";
  }
  std::string at(const std::string& name) const { return folder / name; }
  void fill(const std::string& name, int count, int size) const {
    for (int i = 0; i < count; ++i)
      formats::write_png(folder / name / fmt::format("{:02d}.png", i),
                         formats::image_from_tensor(torch::rand({3, size, size}) * 2 - 1));
  }
  static void refused(const Words& words, int code, const std::string& part) {
    const auto result = test::run_program(words);
    EXPECT_EQ(result.exit_code, code) << words[0] << ": " << result.errors;
    EXPECT_THAT(result.errors, HasSubstr(part));
  }
  static nlohmann::json measured(Words words) {
    words.insert(words.begin(), "metrics");
    const auto result = test::run_program(words);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return nlohmann::json::parse(result.output)["results"];
  }
  test::TemporaryFolder folder;
};

TEST_F(PublishedFiles, StatisticsThatMetricsWroteGiveTheSameDistance) {
  torch::manual_seed(4);
  model::LoadedNetwork network = test::tiny_lifted();
  model::save_network(folder / "lifted.safetensors", network);
  fill("real", 30, 16);
  fill("made", 20, 16);
  for (const Words& what : {Words{"--network", at("lifted.safetensors")}, Words{"--images", at("made")}}) {
    Words words = what;
    words.insert(words.end(), {"--metrics", "fd_random1k_full"});
    Words direct = words, again = words;
    direct.insert(direct.end(), {"--data", at("real"), "--save-stats", at("inception_real.pkl")});
    again.insert(again.end(), {"--stats", at("inception_real.pkl")});
    const auto distance = measured(direct);
    EXPECT_GT(distance["fd_random1k_full"].get<double>(), 0);
    EXPECT_EQ(measured(again), distance) << what[0];
  }
  // Written alone, they are the same.
  EXPECT_EQ(measured({"--data", at("real"), "--metrics", "fd_random1k_full", "--save-stats", at("alone.pkl")}),
            nlohmann::json::object());
  const auto a = metrics::read_published_statistics(folder / "inception_real.pkl"),
             b = metrics::read_published_statistics(folder / "alone.pkl");
  EXPECT_TRUE(a.gaussian.mean.equal(b.gaussian.mean) && a.gaussian.covariance.equal(b.gaussian.covariance));
}

TEST_F(PublishedFiles, StatisticsOfOtherFeaturesOrSizesAreRefused) {
  fill("real", 6, 16);
  fill("large", 6, 32);
  const Words words = {"metrics", "--images", at("large"), "--metrics", "fd_random1k_full", "--stats"};
  const auto with = [&](const std::string& file) {
    Words all = words;
    all.push_back(file);
    return all;
  };
  ASSERT_EQ(measured({"--data", at("real"), "--metrics", "fd_random1k_full", "--save-stats", at("s16.pkl")}),
            nlohmann::json::object());
  refused(with(at("s16.pkl")), 1, "s16.pkl: of images of 16 pixels, but those to be measured have 32");
  const auto mean = torch::zeros({8}, torch::kFloat64), cov = torch::eye(8, torch::kFloat64);
  metrics::write_published_statistics(folder / "other.pkl", {{mean, cov}, 32, "", "inception pytorch_fid 0123"});
  refused(with(at("other.pkl")), 1, "other.pkl: measured with inception pytorch_fid 0123");
  metrics::write_published_statistics(folder / "authors.pkl", {{mean, cov}, 32, "", ""});
  refused(with(at("authors.pkl")), 1, "pytorch-fid's Inception");
  refused(with(at("absent.pkl")), 1, "absent.pkl");
  Words both = with(at("s16.pkl"));
  both.insert(both.end(), {"--data", at("large")});
  refused(both, 2, "--data and --stats: expected one of them");
}

TEST_F(PublishedFiles, AConfigThatComputesIsRefusedByEveryCommand) {
  const auto network = test::tiny_lifted();
  test::PytorchFile file;
  for (const auto& [name, module] : network.lifted->networks().published())
    for (const auto& [key, tensor] : nets::state_of(*module)) file.dicts[name][key] = tensor.detach().clone();
  file.save(folder / "checkpoint_001.pth");
  model::LoadedNetwork plain = test::tiny_generator();
  model::save_network(folder / "gan.safetensors", plain);
  const Words pair = {"--network", at("checkpoint_001.pth"), "--gan", at("gan.safetensors")};
  const auto command = [&](Words words, const Words& more) {
    words.insert(words.end(), pair.begin(), pair.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  // Beside the checkpoint it is read unasked; elsewhere with --config.
  std::ofstream(folder / "config.py") << "degrees = 10\n\nfov = degrees / 2\n";
  std::ofstream(folder / "plain.py") << "fov = 12\n";
  refused(command({"generate", "--seeds", "0"}, {"--outdir", at("o")}), 1, "config.py:3: fov: ");
  refused(command({"metrics", "--metrics", "agreement", "--samples", "2"}, {}), 1, "config.py:3: fov: ");
  refused(command({"convert"}, {"--out", at("o.safetensors")}), 1, "config.py:3: fov: ");
  refused(command({"rotate", "--seeds", "0", "--config", at("config.py")}, {"--outdir", at("o")}), 1,
          "config.py:3: fov");
  refused({"train-lift", "--gan", at("gan.safetensors"), "--config", at("config.py"), "--outdir", at("o")}, 1,
          "config.py:3: fov: ");
  EXPECT_FALSE(fs::exists(at("o")));
  const auto result = test::run_program(
      command({"generate", "--seeds", "0", "--config", at("plain.py")}, {"--outdir", at("o"), "--quiet"}));
  EXPECT_EQ(result.exit_code, 0) << result.errors;
}

/// FID itself, through the golden Inception network: what metrics writes and reads is the published layout.
TEST_F(PublishedFiles, FidIsTheSameFromStatistics) {
  LIFTED_GOLDEN_OR_SKIP(inception, "inception-fid.pth");
  torch::manual_seed(6);
  fill("real", 3, 16);
  fill("made", 2, 16);
  const Words words = {"--images", at("made"), "--metrics", "fid1k_full", "--inception", inception};
  Words direct = words, again = words;
  direct.insert(direct.end(), {"--data", at("real"), "--save-stats", at("s.pkl")});
  again.insert(again.end(), {"--stats", at("s.pkl")});
  const double fid = measured(direct)["fid1k_full"], from_statistics = measured(again)["fid1k_full"];
  std::printf("  FID %.9g, from its statistics %.9g\n", fid, from_statistics);
  EXPECT_GT(fid, 0);
  EXPECT_EQ(from_statistics, fid);
}

}  // namespace
}  // namespace lifted
