#include "lifted/app/presets.h"

#include <fmt/ranges.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/model/lift_config.h"
#include "lifted/train/lift_options.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::app {
namespace {
using train::LiftLossWeights, train::LiftTrainerOptions;

LiftLossWeights weights_of(const std::string& preset) {
  return LiftTrainerOptions::from_json(read_preset(preset).at("training")).weights;
}

TEST(Presets, AreThePublishedCoefficients) {
  const LiftLossWeights published{5, 1, 0.8, 2, 4, 1, 0.5, 0.01};
  EXPECT_EQ(weights_of("ffhq"), published);
  EXPECT_EQ(weights_of("celeba"), published);
  EXPECT_EQ(weights_of("afhq-cat"), (LiftLossWeights{5, 1, 0.8, 2, 4, 0, 0.1, 0.005}));
  // The report's Table 1: λ_perturb multiplies the cycle and latent terms.
  EXPECT_EQ(weights_of("paper-ffhq"), (LiftLossWeights{5, 1, 0.8, 2, 4, 1, 1, 0.01}));
  EXPECT_EQ(weights_of("paper-celeba"), weights_of("paper-ffhq"));
  EXPECT_EQ(weights_of("paper-afhq-cat"), (LiftLossWeights{5, 1, 0.8, 2, 0, 1, 8, 0.005}));
}

TEST(Presets, ChangeOnlyWeightsButForHeads) {
  for (const char* name : {"ffhq", "celeba", "afhq-cat", "paper-ffhq", "paper-celeba", "paper-afhq-cat"}) {
    LiftTrainerOptions expected;
    expected.weights = weights_of(name);
    EXPECT_EQ(LiftTrainerOptions::from_json(read_preset(name).at("training")), expected) << name;
    EXPECT_EQ(read_preset(name).at("batch"), 8) << name;
  }
  LiftLossWeights heads = weights_of("ffhq");
  heads.perceptual = 0.1;
  EXPECT_EQ(weights_of("heads"), heads);
  // Any decay is a hundred times the transformation map's gradient there, and shrinks its network to nothing.
  EXPECT_EQ(LiftTrainerOptions::from_json(read_preset("heads").at("training")).weight_decay, 0);
}

TEST(Presets, ComeFromFilesTooAndUnknownOnesAreRefused) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "mine.json";
  write_file_atomically(path, std::string(R"({"training": {"weights": {"lam_rec": 3}}, "model": {"min_depth": 0.8}})"));
  EXPECT_EQ(weights_of(path).reconstruction, 3);
  EXPECT_EQ(model::LiftConfig::from_json(read_preset(path).at("model")).min_depth, 0.8);
  write_file_atomically(path, std::string(R"({"trainning": {}})"));
  EXPECT_THROW(read_preset(path), Error);
  write_file_atomically(path, std::string("[1, 2"));
  EXPECT_THROW(read_preset(path), Error);
  EXPECT_THROW(read_preset(folder / "absent.json"), Error);
  EXPECT_THROW(read_preset("dogs"), UsageError);
}

TEST(Presets, WrongValuesAreNamedWithTheFile) {
  const auto refusal = [](const std::string& text) { return test::error_of([&] { parse_preset(text, "p.json"); }); };
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(refusal("{}"), "(no error)");
  EXPECT_EQ(refusal(deep), "p.json: its JSON nests deeper than 32 levels");
  EXPECT_EQ(refusal(R"({"batch": )" + deep + "}"), "p.json: its JSON nests deeper than 32 levels");
  EXPECT_EQ(refusal("[[[[[[[1]]]]]]]"), "p.json: is [[[[[…]]]]], expected a JSON object");
  EXPECT_EQ(refusal(R"({"model": [1]})"), "p.json: 'model' is [1], expected a JSON object");
  EXPECT_EQ(refusal(R"({"training": {"weights": [1]}})"),
            "p.json: lifting options: weights must be a JSON object, got [1]");
  EXPECT_EQ(refusal(R"({"model": {"min_depth": "x"}})"),
            "p.json: lifting configuration: 'min_depth' is \"x\", expected a number");
  EXPECT_EQ(refusal(R"({"batch": -3})"), "p.json: 'batch' is -3, expected a whole number from 1 to 65536");
  EXPECT_EQ(refusal(R"({"batch": 1e18})"), "p.json: 'batch' is 1e+18, expected a whole number from 1 to 65536");
  EXPECT_EQ(refusal(R"({"batch": 8, "batch": 9})"), "p.json: has the key 'batch' twice");
}

}  // namespace
}  // namespace lifted::app
