// The page and the JSON of `reproduce`, and the command on made-up networks of 16 pixels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "lifted/app/report.h"
#include "lifted/base/base64.h"
#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/image.h"
#include "lifted/model/network_file.h"
#include "lifted/nets/load.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"
#include "tests/support/pytorch_file.h"
#include "tests/support/tiny_networks.h"

namespace lifted::app {
namespace {
namespace fs = std::filesystem;
using test::run_program;
using testing::HasSubstr;
using testing::Not;

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
  Report report;
  report.manifest.domains = {
      {.key = "faces", .title = "heads64", .original = {}, .reproduced = {}, .ablations = {}, .data = {}}};
  report.measurements = {
      {"faces", "full", "reproduced", {{"fd_random2k_full", 1.25}, {"agreement", {{"render", 0.1}}}}, "first command"},
      {"faces", "full", "original", {{"fd_random2k_full", 1.75}}, "second command"},
      {"faces", "wo_flip", "reproduced", {{"fd_random2k_full", 1.5}, {"agreement", {{"render", 0.2}}}}, "third"},
      {"cats", "full", "reproduced", {{"fd_random2k_full", 4.5}}, "fourth"}};
  return report;
}

TEST(Report, OursAndThePublishedNeverShareAColumn) {
  const Table table = results_table(small_report());
  EXPECT_THAT(table.columns,
              testing::ElementsAre("experiment", "data set", "published FID: reproduced", "published FID: original",
                                   "ours, reproduced: fd_random2k_full", "ours, original: fd_random2k_full"));
  using Cells = std::vector<std::string>;
  ASSERT_EQ(table.rows.size(), 6u);
  EXPECT_EQ(table.rows[0], (Cells{"full", "heads64", "25.54", "29.81", "1.2500", "1.7500"}));
  EXPECT_EQ(table.rows[1], (Cells{"wo_flip", "heads64", "15.50", "28.69", "1.5000", "–"}));
  EXPECT_EQ(table.rows[2], (Cells{"wo_perturb", "heads64", "19.78", "21.30", "–", "–"}));  // published, not at hand
  EXPECT_EQ(table.rows[5], (Cells{"full", "cats", "–", "–", "4.5000", "–"}));
  EXPECT_THAT(table.details, HasSubstr("second command"));

  const auto json = report_json(small_report());
  EXPECT_EQ(json["ours"]["faces"]["wo_flip"]["reproduced"]["results"]["fd_random2k_full"], 1.5);
  EXPECT_EQ(json["published"]["rows"]["wo_rega"]["original"], 27.34);
  EXPECT_EQ(json["published"]["data"], "FFHQ 256x256");
}

TEST(Report, Table1HasEveryPresetAndMarksWhatDisagrees) {
  const Table table = coefficients_table();
  const auto column = [&](const std::string& name) {
    const auto found = std::ranges::find(table.columns, name);
    EXPECT_NE(found, table.columns.end()) << name;
    return static_cast<size_t>(found - table.columns.begin());
  };
  const auto row = [&](const std::string& name) {
    return *std::ranges::find_if(table.rows, [&](const auto& cells) { return cells[0] == name; });
  };
  EXPECT_EQ(row("lam_reg_style")[column("ffhq")], "0.5 *");
  EXPECT_EQ(row("lam_reg_style")[column("paper-ffhq")], "1 *");
  EXPECT_EQ(row("lam_flip")[column("ffhq")], "0.8");
  EXPECT_EQ(row("lam_identity_perturb")[column("afhq-dog")], "0");
  EXPECT_EQ(row("lam_albedo_rank")[column("afhq-dog")], "0.01");
}

TEST(Report, Table2SaysWhatTheArchivesHoldAndWhatWasCounted) {
  Report report = small_report();
  report.data["cats"] = {"cats.zip", "f00", 5065, 256, 256};
  const Table table = data_table(report);
  using Cells = std::vector<std::string>;
  EXPECT_EQ(table.rows[0], (Cells{"FFHQ", "70,000", "1024x1024", "(domains.faces.data)", "–", "–"}));
  EXPECT_EQ(table.rows[1], (Cells{"AFHQ Cat", "about 5,000", "512x512", "cats.zip", "5065", "256x256"}));
}

TEST(Report, ChangesAreNamed) {
  const nlohmann::ordered_json before = report_json(small_report());
  EXPECT_THAT(report_changes(before, before), testing::IsEmpty());
  Report other = small_report();
  other.measurements[2].results["fd_random2k_full"] = 1.6;
  other.pictures["figure2.png"] = "abc";
  EXPECT_THAT(
      report_changes(before, report_json(other)),
      testing::UnorderedElementsAre("ours.faces.wo_flip.reproduced.results.fd_random2k_full: was 1.5000, is 1.6000",
                                    "pictures.figure2.png: was not made before"));
}

TEST(Report, OnlyMetricsOfPicturesAreTheTeachers) {
  EXPECT_EQ(image_metrics("agreement,fd_random2k_full,shape"), "fd_random2k_full");
  EXPECT_EQ(image_metrics("agreement"), "");
  EXPECT_LT(published_rank("full"), published_rank("wo_rega"));
  EXPECT_LT(published_rank("wo_rega"), published_rank("wo_perc"));
}

TEST(Manifest, TheExampleIsReadOnceItsFilesAreThere) {
  const test::TemporaryFolder folder;
  const auto json = nlohmann::ordered_json::parse(manifest_example());
  EXPECT_THAT([&] { Manifest::from_json(json, folder.path(), "m.json"); },
              testing::ThrowsMessage<Error>(HasSubstr("m.json.judges.inception")));
  for (const char* name :
       {"pt_inception-2015-12-05-6726825d.pth", "ffhq-original.pth", "ffhq-reproduced.pth", "stylegan2-ffhq.pt",
        "wo_flip.pth", "wo_perturb.pth", "wo_idt.pth", "wo_rega.pth", "ffhq256.zip", "cats.pth", "stylegan2-cats.pt",
        "cats256.zip", "celeba.pth", "stylegan2-celeba.pt", "celeba256.zip"})
    std::ofstream(folder / name) << "x";
  const Manifest manifest = Manifest::from_json(json, folder.path(), "m.json");
  ASSERT_EQ(manifest.domains.size(), 3u);
  EXPECT_EQ(manifest.find("faces")->models().size(), 2u);
  EXPECT_EQ(manifest.find("faces")->ablations.size(), 4u);
  EXPECT_EQ(manifest.find("faces")->original->gan, folder / "stylegan2-ffhq.pt");
  EXPECT_EQ(Manifest::from_json(manifest.to_json(), "/", "again").to_json(), manifest.to_json());
}

TEST(Manifest, MeasuresWithATruncationOfItsOwn) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "inception_ffhq.pkl") << "x";
  const auto read = [&](const char* text) {
    return Manifest::from_json(nlohmann::ordered_json::parse(text), folder.path(), "m.json");
  };
  const Manifest manifest = read(R"({"trunc": 0.5, "metrics_trunc": 1, "protocol": "published",
      "domains": {"faces": {"stats": "inception_ffhq.pkl"}}})");
  EXPECT_EQ(manifest.truncation, 0.5);
  EXPECT_EQ(manifest.meter.suite.truncation_psi, 1);
  EXPECT_EQ(manifest.meter.suite.protocol, metrics::Protocol::published);
  EXPECT_EQ(manifest.find("faces")->stats, folder / "inception_ffhq.pkl");
  EXPECT_EQ(Manifest::from_json(manifest.to_json(), "/", "again").to_json(), manifest.to_json());
  Report report;
  report.manifest = manifest;
  EXPECT_THAT(results_table(report).caption, HasSubstr("at truncation 1, by the published protocol"));
  EXPECT_EQ(read(R"({"trunc": 0.5, "domains": {}})").meter.suite.truncation_psi, 0.5);
  EXPECT_THAT([&] { read(R"({"domains": {}, "protocol": "own"})"); },
              testing::ThrowsMessage<Error>(HasSubstr("m.json.protocol: expected field or published, got 'own'")));
}

TEST(Manifest, WrongEntriesAreNamed) {
  const auto refusal = [](const char* text) -> std::string {
    try {
      Manifest::from_json(nlohmann::ordered_json::parse(text), "/", "m.json");
    } catch (const Error& error) {
      return error.what();
    }
    return "read";
  };
  EXPECT_THAT(refusal(R"({})"), HasSubstr("m.json.domains: missing"));
  EXPECT_THAT(refusal(R"({"domains": {}, "seed": 1})"), HasSubstr("unknown entry 'seed'"));
  EXPECT_THAT(refusal(R"({"domains": {"faces": {"originl": {}}}})"), HasSubstr("m.json.domains.faces: unknown entry"));
  EXPECT_THAT(refusal(R"({"domains": {"faces": {"original": {"gan": "/"}}}})"), HasSubstr("original.network: missing"));
  EXPECT_THAT(refusal(R"({"domains": {"faces": {"ablations": {"wo_flip": {"network": "builtin"}}}}})"),
              HasSubstr("ablations without a model"));
  EXPECT_THAT(refusal(R"({"domains": {"faces": {"reproduced": {"network": "builtin"},
              "ablations": {"original": {"network": "builtin"}}}}})"),
              HasSubstr("'original' is the name of a model"));
  EXPECT_THAT(refusal(R"({"domains": {}, "trunc": 30})"), HasSubstr("m.json.trunc: 30 is not from -10 to 10"));
  EXPECT_THAT(refusal(R"({"domains": {}, "metrics": "beauty"})"), HasSubstr("m.json.metrics: "));
  EXPECT_THAT(refusal(R"({"domains": {}, "seeds": "9-3"})"), HasSubstr("m.json: seeds 9-3: the range 9-3 runs backw"));
  EXPECT_THAT(refusal(R"({"domains": {}, "seeds": "7"})"), HasSubstr("m.json.seeds: expected at least two"));
  EXPECT_THAT(refusal(R"({"domains": {}, "samples": 4.5})"), HasSubstr("m.json.samples: 4.5 is no whole number"));
  EXPECT_THAT(refusal(R"({"domains": {}, "repeats": 0})"), HasSubstr("m.json.repeats: 0 is not from 1"));
  EXPECT_THAT(refusal(R"({"domains": {}, "judges": {"inceptoin": "/"}})"), HasSubstr("unknown entry 'inceptoin'"));
  EXPECT_THAT(refusal(R"({"domains": {"faces": {"data": "/no/such"}}})"), HasSubstr("/no/such does not exist"));
  EXPECT_THAT(refusal(R"({"domains": {"faces": {"reproduced": "x.pth"}}})"),
              HasSubstr("reproduced: expected an object"));
  EXPECT_THAT(refusal(R"({"domains": {"faces": {"reproduced": {"network": "builtin", "config": "/no.py"}}}})"),
              HasSubstr("m.json.domains.faces.reproduced.config: /no.py does not exist"));
  EXPECT_EQ(refusal(R"({"//": "nothing at all", "domains": {}})"), "read");
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
  const std::string page = read_text_file(fs::path(at("out")) / "index.html");
  EXPECT_THAT(page, HasSubstr("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_THAT(page, HasSubstr("data:image/gif;base64,R0lGOD"));
  EXPECT_THAT(page, Not(HasSubstr("src=\"figure")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("28.69"));
  EXPECT_THAT(page, HasSubstr("domains.cats.reproduced"));  // an empty place
  // Yaw left of pitch in one figure.
  const size_t poses = page.find("<b>Figure 3: poses</b>");
  ASSERT_NE(poses, std::string::npos);
  const size_t begin = page.rfind("<figure>", poses), row_end = page.find("</div>", begin);
  EXPECT_EQ(page.find("<div class=\"row\"><img src=\"data:image/gif", begin), begin + std::string("<figure>").size());
  EXPECT_LT(page.find("><img src=\"data:image/gif", begin + 30), row_end);
  // Tables and figures in the report's order, each under its number.
  size_t at_last = 0;
  for (const char* title : {"Table 1:", "Table 2:", "Table 3:", "Figure 1:", "Figure 2:", "Figure 3:", "Figure 4:",
                            "Figure 5:", "Figure 6:", "Figure 7:", "Figure 8:", "Figure 9:"}) {
    const size_t found = page.find(title, at_last);
    ASSERT_NE(found, std::string::npos) << title;
    at_last = found;
  }
  const auto json = nlohmann::json::parse(read_text_file(fs::path(at("out")) / "reproduce.json"));
  EXPECT_TRUE(json["ours"]["faces"]["full"]["reproduced"]["results"]["agreement"].contains("render"));
  EXPECT_TRUE(json["ours"]["faces"].contains("wo_flip"));
  EXPECT_EQ(json["weights"]["faces"]["wo_flip"]["sha256"], sha256_of_file(folder / "wo_flip.safetensors"));
  for (const auto& figure : json["figures"]) EXPECT_THAT(figure["how"], HasSubstr("liftedgan ")) << figure;

  // Another network under the same name is named.
  save("wo_flip.safetensors", 16);
  const auto changed = run_program({"reproduce", "--check", "--outdir", at("out")});
  EXPECT_EQ(changed.exit_code, 1);
  EXPECT_THAT(changed.output + changed.errors, HasSubstr("weights.faces.wo_flip.sha256"));
  EXPECT_THAT(changed.output + changed.errors, HasSubstr("pictures.figure5.png"));
  EXPECT_THAT(changed.output + changed.errors, Not(HasSubstr("pictures.figure2.png")));
}

TEST_F(ReproduceCommand, ManifestShowsTwoModelsOfThreeDomains) {
  std::ofstream(folder / "m.json") << R"({"seeds": "0-3", "samples": 4, "domains": {
    "faces": {"original": {"network": "full.safetensors"}, "reproduced": {"network": "wo_flip.safetensors"}},
    "cats": {"reproduced": {"network": "full.safetensors"}}, "celeba": {"reproduced": {"network": "full.safetensors"}},
    "dogs": {"reproduced": {"network": "full.safetensors"}}}})";
  const auto result = run_program({"reproduce", "--manifest", at("m.json"), "--outdir", at("out")});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto json = nlohmann::json::parse(read_text_file(fs::path(at("out")) / "reproduce.json"));
  EXPECT_TRUE(json["ours"]["faces"]["full"].contains("original"));
  EXPECT_TRUE(json["ours"]["dogs"]["full"].contains("reproduced"));
  for (const char* file : {"figure2.png", "figure3_yaw.gif", "figure3_pitch.gif", "figure4.gif", "figure6.gif",
                           "figure7_yaw.gif", "figure8.gif", "figure9_faces.png", "dogs_factors.png"})
    EXPECT_TRUE(json["pictures"].contains(file)) << file;
  EXPECT_FALSE(json["pictures"].contains("figure5.gif"));
  EXPECT_EQ(run_program({"reproduce", "--manifest", at("m.json"), "--network", "x", "--outdir", at("o")}).exit_code, 2);
  EXPECT_EQ(run_program({"reproduce", "--init", at("example.json")}).exit_code, 0);
  EXPECT_EQ(read_text_file(folder / "example.json"), manifest_example());
}

/// A checkpoint as LiftedGAN keeps them, of random weights, and its generator.
void write_pair(const fs::path& checkpoint, const fs::path& gan) {
  const auto network = test::tiny_lifted();
  test::PytorchFile file;
  for (const auto& [name, module] : network.lifted->networks().published())
    for (const auto& [key, tensor] : nets::state_of(*module)) file.dicts[name][key] = tensor.detach().clone();
  file.save(checkpoint);
  model::LoadedNetwork plain = test::tiny_generator();
  model::save_network(gan, plain);
}

TEST_F(ReproduceCommand, ModelsMayHaveTheirOwnConfiguration) {
  write_pair(folder / "c.pth", folder / "gan.safetensors");
  std::ofstream(folder / "wide.py") << "fov = 30\n";
  std::ofstream(folder / "m.json") << R"({"seeds": "0-3", "samples": 4, "domains": {"faces": {
    "original": {"network": "c.pth", "gan": "gan.safetensors", "config": "wide.py"},
    "reproduced": {"network": "c.pth", "gan": "gan.safetensors"}}}})";
  const auto result = run_program({"reproduce", "--manifest", at("m.json"), "--outdir", at("out")});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto json = nlohmann::json::parse(read_text_file(fs::path(at("out")) / "reproduce.json"));
  const auto measured = [&](const char* role) { return json["ours"]["faces"]["full"][role]["results"]["agreement"]; };
  EXPECT_NE(measured("original"), measured("reproduced")) << "the same weights under another field of view";
  EXPECT_THAT(json["ours"]["faces"]["full"]["original"]["command"], HasSubstr(" --config " + at("wide.py") + " "));
  EXPECT_THAT(json["ours"]["faces"]["full"]["reproduced"]["command"], Not(HasSubstr("--config")));

  // The command beside a figure of both makes it alone: one generator for both, a configuration for the first only.
  const std::string how = json["figures"][0]["how"];
  EXPECT_THAT(how, HasSubstr(" --gan " + at("gan.safetensors") + " --config " + at("wide.py") + " --config '' "));
  const auto compared = run_program({"compare", "--axis", "none", "--network", at("c.pth"), "--network", at("c.pth"),
                                     "--gan", at("gan.safetensors"), "--config", at("wide.py"), "--config", "",
                                     "--seeds", "0", "--tensors", at("t.safetensors"), "--outdir", at("two")});
  ASSERT_EQ(compared.exit_code, 0) << compared.errors;
  const auto grid = formats::read_image(fs::path(at("two")) / "compare.png");
  EXPECT_GT(grid.height, 2 * 16);
  EXPECT_EQ(run_program({"reproduce", "--check", "--outdir", at("out")}).exit_code, 0);
}

TEST_F(ReproduceCommand, AManifestsModelsAreCheckedBeforeAnyWork) {
  write_pair(folder / "c.pth", folder / "gan.safetensors");
  std::ofstream(folder / "config.py.txt") << "fov = 12\n";
  save("large.safetensors", 32);
  const auto refusal = [&](const std::string& models) {
    std::ofstream(folder / "m.json") << R"({"seeds": "0-3", "domains": {"faces": {)" << models << "}}}";
    const auto result = run_program({"reproduce", "--manifest", at("m.json"), "--outdir", at("out")});
    EXPECT_EQ(result.exit_code, 1) << models;
    return result.errors;
  };
  EXPECT_THAT(refusal(R"("reproduced": {"network": "c.pth"})"),
              HasSubstr("m.json.domains.faces.reproduced.gan: missing, expected the generator that "));
  EXPECT_THAT(refusal(R"("reproduced": {"network": "full.safetensors", "gan": "gan.safetensors"})"),
              HasSubstr("is not needed: " + at("full.safetensors") + " is a lifted network of this project"));
  EXPECT_THAT(refusal(R"("original": {"network": "full.safetensors", "config": "config.py.txt"})"),
              HasSubstr("m.json.domains.faces.original.config: "));
  EXPECT_THAT(refusal(R"("reproduced": {"network": "full.safetensors"}, "ablations": {"wo_idt":
                      {"network": "gan.safetensors"}})"),
              HasSubstr("m.json.domains.faces.ablations.wo_idt.network: "));
  EXPECT_THAT(refusal(R"("original": {"network": "full.safetensors"}, "reproduced": {"network": "large.safetensors"})"),
              HasSubstr("makes images of 32x32 from 32 numbers, but " + at("full.safetensors") +
                        " of 16x16 from 32: they cannot share a figure"));
  EXPECT_FALSE(fs::exists(at("out")));
}

TEST_F(ReproduceCommand, AReportOfRelativePathsAndRepeatsIsCheckedToo) {
  const auto result = run_program({"reproduce", "--network", fs::relative(folder / "full.safetensors"), "--repeats",
                                   "2", "--seeds", "0-1", "--samples", "4", "--outdir", at("out")});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto json = nlohmann::json::parse(read_text_file(fs::path(at("out")) / "reproduce.json"));
  EXPECT_EQ(json["manifest"]["domains"]["faces"]["reproduced"]["network"], at("full.safetensors"));
  EXPECT_THAT(json["ours"]["faces"]["full"]["reproduced"]["command"], HasSubstr(" --repeats 2 "));
  const auto check = run_program({"reproduce", "--check", "--outdir", at("out")});
  EXPECT_EQ(check.exit_code, 0) << check.errors;
}

TEST_F(ReproduceCommand, ContradictingOptionsAreNamed) {
  std::ofstream(folder / "m.json") << R"({"domains": {}})";
  const auto refused = [](const std::vector<std::string>& more, const char* part) {
    std::vector<std::string> arguments = {"reproduce", "--outdir", "o"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = run_program(arguments);
    EXPECT_EQ(result.exit_code, 2) << part;
    EXPECT_THAT(result.errors, HasSubstr(part));
  };
  refused({"--manifest", at("m.json"), "--network", "x"}, "--manifest and --network: expected one of them");
  refused({"--manifest", at("m.json"), "--original", "x"}, "--manifest and --original: expected one of them");
  refused({"--manifest", at("m.json"), "--seeds", "0-3"}, "--manifest and --seeds: expected one of them");
  refused({"--check", "--data", "x"}, "--check and --data: expected one of them");
  refused({"--init", at("new.json"), "--network", "x"}, "--init and --outdir: expected one of them");
  refused({"--original-gan", "x"}, "expected --original, the model that it belongs to");
  EXPECT_FALSE(fs::exists(at("new.json")));
}

TEST_F(ReproduceCommand, BadInputIsOneSentence) {
  EXPECT_EQ(reproduce({"--ablation", "=wo_flip"}).exit_code, 2);
  EXPECT_EQ(reproduce({"--ablation", "full=" + at("full.safetensors"), "--metrics", "beauty"}).exit_code, 2);
  EXPECT_EQ(reproduce({"--seeds", "7"}).exit_code, 2);
  const std::string other = "wo_idt=" + at("wo_flip.safetensors");
  EXPECT_EQ(reproduce({"--ablation", other, "--ablation", other}).exit_code, 2);
  EXPECT_THAT(reproduce({"--ablations", at("none")}).errors, HasSubstr("ablate"));
  save("large.safetensors", 32);
  const auto mixed = reproduce({"--ablation", "wo_idt=" + at("large.safetensors")});
  EXPECT_EQ(mixed.exit_code, 1);
  EXPECT_THAT(mixed.errors, HasSubstr("cannot share a figure"));
}

}  // namespace
}  // namespace lifted::app
