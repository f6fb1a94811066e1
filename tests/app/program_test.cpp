// The program's manners: what needs no checkpoint of 256² networks.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "lifted/base/file.h"
#include "lifted/formats/image.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/network_kind.h"
#include "tests/app/program.h"
#include "tests/support/golden.h"

namespace lifted {
namespace {
using test::execute_program;
using test::run_program;
using testing::HasSubstr;
}  // namespace

TEST(Program, UsageErrorsExitWithTwoAndSayWhy) {
  const test::TemporaryFolder folder;
  const std::string out = (folder / "o").string();
  EXPECT_EQ(run_program({}).exit_code, 2);
  EXPECT_EQ(run_program({"no-such-command"}).exit_code, 2);
  EXPECT_EQ(run_program({"generate"}).exit_code, 2);
  EXPECT_EQ(run_program({"generate", "--network", "x.pt", "--outdir", out, "--nonsense"}).exit_code, 2);
  const auto device = run_program({"generate", "--network", "x.pt", "--outdir", out, "--device", "tpu"});
  EXPECT_EQ(device.exit_code, 2);
  EXPECT_NE(device.errors.find("tpu"), std::string::npos) << device.errors;
  EXPECT_EQ(run_program({"compare", "--network", "x.pt", "--outdir", out}).exit_code, 2);
}

TEST(Program, MissingAndUnreadableFilesExitWithOneAndNameTheFile) {
  const test::TemporaryFolder folder;
  const auto missing = run_program({"generate", "--network", "absent.pt", "--outdir", (folder / "o").string()});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.errors.find("absent.pt"), std::string::npos) << missing.errors;
  std::ofstream(folder / "text.pt") << "this is not a checkpoint";
  const auto text = run_program({"inspect", (folder / "text.pt").string()});
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_NE(text.errors.find("text.pt"), std::string::npos) << text.errors;
}

TEST(Program, HelpListsEveryCommand) {
  const auto help = execute_program({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* command :
       {"generate", "rotate", "relight", "interpolate", "mix", "mesh", "compare", "inspect", "convert", "doctor",
        "demo", "heads", "dataset", "train-gan", "train-embedding", "train-probe", "train-lift", "metrics"}) {
    EXPECT_THAT(help.output, HasSubstr(fmt::format("\n  {} ", command)));
  }
}

TEST(Program, SentencesAboutFilesNameOptionsThatExist) {
  using model::NetworkKind;
  std::map<std::string, std::string> known;
  const auto help = [&](const std::string& command) {
    if (const auto found = known.find(command); found != known.end()) return found->second;
    std::istringstream text(command);
    std::vector<std::string> words{std::istream_iterator<std::string>(text), {}};
    words.push_back("--help");
    return known[command] = execute_program(words).output;
  };
  // "--probe to metrics"; without a command, generate takes it (as every other that samples).
  const std::regex option("--[a-z-]+"), commands(" to ([a-z-]+(?: [a-z]+)?)(?: or ([a-z-]+(?: [a-z]+)?))?$");
  for (int kind = 0; kind <= static_cast<int>(NetworkKind::unknown); ++kind) {
    const std::string sentence(model::how_to_use(static_cast<NetworkKind>(kind)));
    std::vector<std::string> takers = {"generate"};
    if (std::smatch named; std::regex_search(sentence, named, commands)) {
      takers.clear();
      for (size_t i = 1; i < named.size(); ++i)
        if (named[i].matched) takers.push_back(named[i]);
    }
    for (std::sregex_iterator at(sentence.begin(), sentence.end(), option), end; at != end; ++at) {
      for (const auto& taker : takers)
        EXPECT_THAT(help(taker), HasSubstr(fmt::format("\n  {} ", at->str()))) << sentence;
    }
  }
}

TEST(Doctor, ReportsLibrariesAndKernels) {
  const auto result = execute_program({"doctor"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  for (const char* line : {"libtorch", "BLAS", "threads", "GFLOP/s"})
    EXPECT_NE(result.output.find(line), std::string::npos) << line;
}

TEST(Demo, MakesAPageOfTheBuiltinNetworkAndItsAblation) {
  const test::TemporaryFolder folder;
  const auto result = run_program({"demo", "--outdir", (folder / "demo").string(), "--ablation",
                                   (test::source_folder() / "models" / "heads-128-wo-perturb.safetensors").string(),
                                   "--label", "without"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const std::string page = read_text_file(folder / "demo" / "index.html");
  for (const char* file : {"faces.png", "factors.png", "yaw.gif", "pitch.gif", "light.gif", "interpolation.gif",
                           "mix.png", "head.glb", "ablation.gif"}) {
    EXPECT_GT(std::filesystem::file_size(folder.path() / "demo" / file), 0U) << file;
    EXPECT_NE(page.find(file), std::string::npos) << file;
  }
  // Sixteen different people, none of them a flat picture.
  const formats::Image faces = formats::read_image(folder / "demo" / "faces.png");
  EXPECT_GT(std::set<uint8_t>(faces.pixels.begin(), faces.pixels.end()).size(), 100U);
}

TEST(Demo, RefusesTooFewPeople) {
  const test::TemporaryFolder folder;
  const auto result = run_program({"demo", "--seeds", "0-3", "--outdir", (folder / "demo").string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.errors.find("16 people, got 4"), std::string::npos) << result.errors;
}

TEST(BuiltinNetwork, IsWhatSamplesWithoutANetworkAndIsTheShippedFile) {
  const test::TemporaryFolder folder;
  const auto result = run_program({"generate", "--seeds", "0,1", "--outdir", (folder / "out").string()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_TRUE(std::filesystem::exists(folder / "out" / "seed0001.png"));
  const auto record = nlohmann::json::parse(read_text_file(folder / "out" / "run.json"));
  EXPECT_EQ(record["networks"][0]["path"], "builtin");
  EXPECT_EQ(record["networks"][0]["sha256"],
            sha256_of_file(test::source_folder() / "models" / "heads-128.safetensors"));
  const auto inspected = run_program({"inspect", "builtin"});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.errors;
  EXPECT_NE(inspected.output.find("lifted"), std::string::npos) << inspected.output;
}

TEST(Generate, NvidiaPickleMakesItsReferenceImages) {
  LIFTED_GOLDEN_OR_SKIP(network, "nvidia-ada-64.pkl");
  const StateDict golden = formats::read_safetensors(test::golden_file("nvidia-ada-64.safetensors"));
  const test::TemporaryFolder folder;
  const auto seeds = golden.at("seeds");
  const auto list = fmt::format("{},{}", seeds[0].item<int64_t>(), seeds[1].item<int64_t>());
  const auto result =
      run_program({"generate", "--network", network.string(), "--seeds", list, "--trunc", "0.7", "--outdir",
                   (folder / "o").string(), "--tensors", (folder / "t.safetensors").string()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const StateDict tensors = formats::read_safetensors(folder / "t.safetensors");
  test::expect_close("z", tensors.at("z"), golden.at("z"), 1e-6);
  test::expect_close("w", tensors.at("w"), golden.at("w_psi1"), 1e-4);
  test::expect_close("styles", tensors.at("styles"), golden.at("w"), 1e-4);
  test::expect_close("image", tensors.at("image"), golden.at("image"), 1e-4);
  for (int64_t i = 0; i < 2; ++i) {
    const auto image =
        formats::read_image(folder.path() / "o" / fmt::format("seed{:04}.png", seeds[i].item<int64_t>()));
    const auto pixels =
        torch::from_blob(const_cast<uint8_t*>(image.pixels.data()), {64, 64, 3}, torch::kUInt8).to(torch::kInt16);
    const auto difference = (pixels - golden.at("uint8")[i].to(torch::kInt16)).abs();
    EXPECT_LE(difference.max().item<int64_t>(), 1);
    EXPECT_LT((difference > 0).to(torch::kFloat32).mean().item<float>(), 1e-3F);
  }
}

TEST(Generate, OutdirThatIsAFileIsAnErrorThatNamesIt) {
  LIFTED_GOLDEN_OR_SKIP(network, "nvidia-ada-64.pkl");
  const test::TemporaryFolder folder;
  std::ofstream(folder / "taken") << "x";
  const auto result =
      run_program({"generate", "--network", network.string(), "--seeds", "0", "--outdir", (folder / "taken").string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.errors.find("taken"), std::string::npos) << result.errors;
}

}  // namespace lifted
