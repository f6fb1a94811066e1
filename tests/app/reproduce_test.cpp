// The page and the JSON of `reproduce`, and the command on made-up networks of 16 pixels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "lifted/app/report.h"
#include "lifted/base/base64.h"
#include "lifted/base/error.h"
#include "lifted/model/network_file.h"
#include "tests/support/golden.h"
#include "tests/support/program.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using test::run_program;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Bytes bytes_of(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

TEST(Base64, IsThatOfTheStandard) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe", "//4="}};
  for (const auto& [plain, coded] : cases) EXPECT_EQ(base64_of(bytes_of(plain)), coded);
}

Report small_report() {
  Report report{.data = "heads64.zip", .size = 64, .truncation = 0.7, .samples = 50};
  report.rows = {{"full", "full.safetensors", {{"fd_random2k_full", 1.25}, {"agreement", {{"render", 0.1}}}}},
                 {"wo_flip", "flip.safetensors", {{"fd_random2k_full", 1.5}, {"agreement", {{"render", 0.2}}}}},
                 {"2D teacher", "full.safetensors", {{"fd_random2k_full", 0.5}}}};
  return report;
}

TEST(Report, OursAndThePublishedNeverShareAColumn) {
  const WebPage page = report_page(small_report());
  ASSERT_EQ(page.tables.size(), 1u);
  ASSERT_EQ(page.appendix.size(), 1u);
  const Table& table = page.tables[0];
  EXPECT_THAT(table.columns, testing::ElementsAre("setting", HasSubstr("FFHQ"), HasSubstr("FFHQ"),
                                                  testing::AllOf(HasSubstr("heads64.zip"), HasSubstr("ours"))));
  using Cells = std::vector<std::string>;
  EXPECT_EQ(table.rows[0], (Cells{"full", "25.54", "29.81", "1.2500"}));
  EXPECT_EQ(table.rows[1], (Cells{"wo_flip", "15.50", "28.69", "1.5000"}));
  EXPECT_EQ(table.rows[2], (Cells{"2D teacher", "–", "–", "0.5000"}));
  EXPECT_EQ(table.rows[3], (Cells{"wo_perturb", "19.78", "21.30", "–"}));  // published, not at hand
  EXPECT_EQ(table.rows.size(), 6u);
  EXPECT_EQ(page.appendix[0].columns.size(), 4u);
  EXPECT_EQ(page.appendix[0].rows[1], (Cells{"agreement render", "0.1000", "0.2000", "–"}));

  const auto json = report_json(small_report());
  EXPECT_EQ(json["ours"]["wo_flip"]["results"]["fd_random2k_full"], 1.5);
  EXPECT_EQ(json["published"]["rows"]["wo_rega"]["original"], 27.34);
  EXPECT_EQ(json["published"]["data"], "FFHQ 256x256");
}

TEST(Report, OnlyMetricsOfPicturesAreTheTeachers) {
  EXPECT_EQ(image_metrics("agreement,fd_random2k_full,shape"), "fd_random2k_full");
  EXPECT_EQ(image_metrics("agreement"), "");
  EXPECT_LT(published_rank("full"), published_rank("wo_rega"));
  EXPECT_LT(published_rank("wo_rega"), published_rank("wo_perc"));
}

class ReproduceCommand : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("LIFTED_PROGRAM")) GTEST_SKIP() << "LIFTED_PROGRAM is not set: run through ctest";
    torch::manual_seed(1);
    save("full.safetensors", 16);
    save("wo_flip.safetensors", 16);
  }
  void save(const std::string& name, int size) const {
    nets::Stylegan2Config config;
    config.size = size;
    config.z_dim = config.w_dim = 32;
    config.mapping_layers = 2;
    config.channels = size == 16 ? std::vector<int>{16, 16, 8} : std::vector<int>{16, 16, 8, 8};
    model::LoadedNetwork network;
    network.generator = nets::Stylegan2Generator(config);
    network.statistics = model::WStatistics::of_codes(network.generator, torch::randn({1000, 32}));
    network.lifted = std::make_shared<model::LiftedGan>(network.generator,
                                                        model::LiftingNetworks(nets::LiftingConfig::at(size, 8, 32)),
                                                        model::LiftConfig::at(size), network.statistics);
    model::save_network(folder / name, network);
  }
  std::string at(const std::string& name) const { return (folder / name).string(); }
  test::ProgramResult reproduce(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {
        "reproduce", "--network", at("full.safetensors"), "--outdir", at("out"), "--seeds", "0-3", "--samples", "4"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  test::TemporaryFolder folder;
};

TEST_F(ReproduceCommand, LeavesOnePageThatNeedsNothingElse) {
  const auto result = reproduce({"--ablation", "wo_flip=" + at("wo_flip.safetensors")});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const std::string page = text_of(fs::path(at("out")) / "index.html");
  EXPECT_THAT(page, HasSubstr("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_THAT(page, HasSubstr("data:image/gif;base64,R0lGOD"));
  EXPECT_THAT(page, Not(HasSubstr("src=\"figure")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("28.69"));
  const auto json = nlohmann::json::parse(text_of(fs::path(at("out")) / "reproduce.json"));
  EXPECT_TRUE(json["ours"]["full"]["results"]["agreement"].contains("render"));
  EXPECT_TRUE(json["ours"].contains("wo_flip"));
  EXPECT_EQ(json["figures"].size(), 13u);
}

TEST_F(ReproduceCommand, BadInputIsOneSentence) {
  EXPECT_EQ(reproduce({"--ablation", "wo_flip"}).exit_code, 2);
  EXPECT_EQ(reproduce({"--ablation", "full=" + at("full.safetensors"), "--metrics", "beauty"}).exit_code, 2);
  EXPECT_EQ(reproduce({"--seeds", "7"}).exit_code, 2);
  const std::string other = "wo_idt=" + at("wo_flip.safetensors");
  EXPECT_EQ(reproduce({"--ablation", other, "--ablation", other}).exit_code, 2);
  EXPECT_THAT(reproduce({"--ablations", at("none")}).errors, HasSubstr("ablate"));
  save("large.safetensors", 32);
  const auto mixed = reproduce({"--ablation", "wo_idt=" + at("large.safetensors")});
  EXPECT_EQ(mixed.exit_code, 1);
  EXPECT_THAT(mixed.errors, HasSubstr("cannot be compared"));
}

}  // namespace
}  // namespace lifted::app
