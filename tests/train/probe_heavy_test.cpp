// The view and light probe's training: labels, scores, and a tiny run on built-in heads.
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/data/heads/ground_truth.h"
#include "lifted/data/heads/head_set.h"
#include "lifted/train/probe_task.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::train {
namespace {
using test::error_of;
using torch::Tensor;

TEST(AxisScores, WorkedExample) {
  const auto score = axis_score(torch::tensor({1.0, 2.0, 3.0, 4.0}), torch::tensor({2.0, 4.0, 6.0, 8.0}));
  EXPECT_NEAR(score.correlation, 1, 1e-12);
  EXPECT_NEAR(score.r2, 1 - 30.0 / 20, 1e-12);
  EXPECT_NEAR(score.absolute_error, 2.5, 1e-12);
  EXPECT_NEAR(score.slope, 0.5, 1e-12);
  EXPECT_NEAR(score.bias, -2.5, 1e-12);
  EXPECT_NEAR(axis_score(-torch::arange(5.0), torch::arange(5.0)).correlation, -1, 1e-12);
  EXPECT_EQ(axis_score(torch::ones({4}), torch::arange(4.0)).correlation, 0);
  EXPECT_NE(error_of([] { axis_score(torch::ones({1}), torch::ones({1})); }).find("at least two"), std::string::npos);
  EXPECT_NE(error_of([] { axis_score(torch::full({3}, NAN), torch::ones({3})); }).find("NaN"), std::string::npos);
}

class ViewLight : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<test::TemporaryFolder>();
    options.recipe.images_per_identity = 2;
    options.count = 400;
    options.size = 32;
    options.render.supersampling = 2;
    options.out = *folder / "heads.zip";
    data::heads::render_head_set(data::heads::open_face_model(""), options);
    auto labels = options;
    labels.out = *folder / "labels.jsonl";
    data::heads::write_head_labels(labels);
  }
  static void TearDownTestSuite() { folder.reset(); }

  static std::shared_ptr<const data::Dataset> images() {
    return std::make_shared<const data::Dataset>(*folder / "heads.zip");
  }
  static data::ViewLightLabels labels() {
    return data::read_view_light_labels(*folder / "labels.jsonl", images()->archive());
  }
  static std::string problem(const std::string& text) {
    write_file_atomically(*folder / "bad.jsonl", text);
    return error_of([] { data::read_view_light_labels(*folder / "bad.jsonl", images()->archive()); });
  }
  static inline std::unique_ptr<test::TemporaryFolder> folder;
  static inline data::heads::HeadSetOptions options;
};

TEST_F(ViewLight, LabelsAreTheGroundTruths) {
  const auto model = data::heads::open_face_model("");
  const auto read = labels();
  ASSERT_EQ(read.values.size(0), 400);
  for (const int64_t index : {0, 17, 399}) {
    const auto truth = data::heads::ground_truth_record(
        data::heads::render_head(model, options.recipe, 0, static_cast<uint64_t>(index), 32));
    EXPECT_EQ(read.identity[static_cast<size_t>(index)], index / 2);
    for (size_t i = 0; i < 7; ++i) {
      const double expected = i < 3 ? truth["raw_view"][i].get<double>() : truth["raw_light"][i - 3].get<double>();
      EXPECT_NEAR(read.values[index][static_cast<int64_t>(i)].item<double>(), expected, 1e-6);
    }
  }
}

TEST_F(ViewLight, BadLabelsAreErrors) {
  EXPECT_NE(problem("{\n").find("line 1: is not valid JSON"), std::string::npos);
  EXPECT_NE(problem(R"({"file": "a", "raw_view": [1, 2], "raw_light": [0, 0, 0, 0]})").find("list of 3"),
            std::string::npos);
  EXPECT_NE(problem(R"({"file": "a", "raw_view": [1, 2, 3], "raw_light": [0, 0, 0, "x"]})").find("line 1"),
            std::string::npos);
  EXPECT_NE(problem(R"({"file": "a", "raw_view": [1, 2, 3], "raw_light": [0, 0, 0, 0]})").find("says nothing about"),
            std::string::npos);
  EXPECT_NE(error_of([] { data::read_view_light_labels(*folder / "none", images()->archive()); }).find("none"),
            std::string::npos);
}

TEST_F(ViewLight, ATinyProbeReadsStrangers) {
  ProbeOptions chosen;
  chosen.images = {
      .network = {.size = 32, .dimensions = 32, .widths = {8, 16, 16, 32}, .blocks = {1, 1, 1, 1}, .dropout = 0},
      .batch = 32,
      .total_images = 32 * 200,
      .lr = 5e-3};
  chosen.held_out = 0.2;
  ProbeTask task(chosen, images(), labels(), torch::kCPU);
  EXPECT_EQ(task.held_out_images(), 80);
  Statistics statistics;
  for (int i = 0; i < 200; ++i) task.step(statistics);
  const auto scores = task.score_held_out();
  EXPECT_GT(scores[1].correlation, 0.85);  // yaw
  EXPECT_LT(scores[1].absolute_error, 12);
  EXPECT_GT(scores[5].correlation, 0.5);  // light from the side: learned through mirroring, too
}

}  // namespace
}  // namespace lifted::train
