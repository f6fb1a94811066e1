// Distances of feature sets: kernel distance, precision and recall, path length, intervals; and the suite that measures
// them of images.
#include "lifted/metrics/feature_metrics.h"

#include <cmath>
#include <filesystem>

#include "lifted/base/error.h"
#include "lifted/metrics/kernel_distance.h"
#include "lifted/metrics/path_length.h"
#include "lifted/metrics/precision_recall.h"
#include "lifted/metrics/repeats.h"
#include "lifted/metrics/suite.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"

namespace lifted::metrics {
namespace {
using test::error_of;
using torch::Tensor;

// ---- Kernel distance ----

TEST(KernelDistance, IsItsDefinition) {
  torch::manual_seed(1);
  const Tensor a = torch::randn({6, 5}), b = torch::randn({6, 5}) + 0.5;
  const auto k = [](const Tensor& x, const Tensor& y) { return std::pow(x.dot(y).item<double>() / 5 + 1, 3); };
  double expected = 0;
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 6; ++j) {
      if (i != j) expected += (k(a[i], a[j]) + k(b[i], b[j])) / 30;
      expected -= 2 * k(a[i], b[j]) / 36;
    }
  }
  // Subsets of all rows are all the same estimate, in whatever order.
  EXPECT_NEAR(kernel_distance(a, b), expected, 1e-5);
}

TEST(KernelDistance, IsAboutZeroForEqualDistributionsAndGrowsWithTheirDifference) {
  torch::manual_seed(2);
  const Tensor a = torch::randn({3000, 16}), b = torch::randn({3000, 16});
  const KernelDistanceOptions options{.subsets = 20, .size = 500};
  const double same = kernel_distance(a, b, options), near = kernel_distance(a, b + 0.3, options),
               far = kernel_distance(a, b + 0.6, options);
  EXPECT_LT(std::abs(same), 0.01);
  EXPECT_GT(near, 10 * std::abs(same));
  EXPECT_GT(far, 2 * near);
  EXPECT_EQ(kernel_distance(a, b, options), same);
  EXPECT_NE(error_of([&] { kernel_distance(a.slice(0, 0, 1), b); }).find("at least two"), std::string::npos);
  EXPECT_NE(error_of([&] { kernel_distance(a, b.slice(1, 0, 4)); }).find("cannot be compared"), std::string::npos);
  EXPECT_NE(error_of([&] { kernel_distance(a, torch::full({9, 16}, NAN)); }).find("NaN"), std::string::npos);
}

// ---- Precision and recall ----

/// Numbers on a line, as features of one dimension.
Tensor line(std::vector<float> values) {
  return torch::tensor(values).view({-1, 1});
}

TEST(PrecisionRecall, AreRightByHand) {
  // With one neighbour, the balls of 0, 1, 10 have radii 1, 1, 9: together [-1, 2] and [1, 19].
  const Tensor real = line({0, 1, 10});
  const auto result = precision_recall(real, line({-0.5, 1.5, 18, 30}), 1);
  EXPECT_DOUBLE_EQ(result.precision, 0.75);
  // Those of −0.5, 1.5, 18, 30 reach 2, 2, 12, 12: 0 and 1 lie in [-2.5, 3.5], 10 in [6, 42].
  EXPECT_DOUBLE_EQ(result.recall, 1);
  const auto apart = precision_recall(real, line({100, 101, 102}), 1);
  EXPECT_EQ(apart.precision, 0);
  EXPECT_EQ(apart.recall, 0);
  // Few modes, all of them real: precise, with little recall.
  const auto collapsed = precision_recall(line({0, 1, 2, 50, 51, 52, 90, 91, 92}), line({0.4f, 0.5f, 0.6f}), 1);
  EXPECT_EQ(collapsed.precision, 1);
  EXPECT_EQ(collapsed.recall, 0);
}

TEST(PrecisionRecall, AreWholeOfASetWithItself) {
  torch::manual_seed(3);
  const Tensor a = torch::randn({6000, 8}) + 100;  // more than a block of distances
  const auto same = precision_recall(a, a.flip(0));
  EXPECT_EQ(same.precision, 1);
  EXPECT_EQ(same.recall, 1);
  EXPECT_NE(error_of([&] { precision_recall(a, a.slice(0, 0, 3)); }).find("more than 3 images"), std::string::npos);
  EXPECT_NE(error_of([&] { precision_recall(a, torch::full({9, 8}, INFINITY)); }).find("infinite"), std::string::npos);
}

// ---- Path length and intervals ----

TEST(PathLength, LeavesTheTailsOut) {
  EXPECT_DOUBLE_EQ(mean_without_tails(torch::tensor({5.0})), 5);
  Tensor values = torch::arange(201, torch::kFloat64);  // bounds at 2 and 198
  EXPECT_DOUBLE_EQ(mean_without_tails(values), 100);
  values[0] = -1e9, values[200] = 1e9;
  EXPECT_DOUBLE_EQ(mean_without_tails(values.flip(0)), 100);
}

TEST(Repeats, GiveStudentsInterval) {
  EXPECT_NEAR(student_t(1), 12.7062, 1e-3);
  EXPECT_NEAR(student_t(10), 2.22814, 1e-3);
  EXPECT_NEAR(student_t(30), 2.04227, 1e-4);
  EXPECT_NEAR(student_t(1000), 1.96234, 1e-4);
  const auto all = summarize({{{"a", 1.0}, {"b", {{"c", 10}}}}, {{"a", 3.0}, {"b", {{"c", 10}}}}});
  EXPECT_EQ(all["a"]["values"], (std::vector<double>{1, 3}));
  EXPECT_DOUBLE_EQ(all["a"]["mean"], 2);
  EXPECT_NEAR(all["a"]["ci95"], 12.7062, 1e-3);  // deviation √2 over √2
  EXPECT_EQ(all["a"]["count"], 2);
  EXPECT_EQ(all["b"]["c"]["ci95"], 0);
  EXPECT_THROW(summarize({{{"a", 1.0}}}), Error);
}

// ---- Of images ----

class OfImages : public testing::Test {
 protected:
  OfImages() {
    torch::manual_seed(4);
    nets::Stylegan2Config config;
    config.size = 32;
    config.z_dim = config.w_dim = 16;
    config.mapping_layers = 2;
    config.channels = {16, 16, 16, 8};
    network.generator = nets::Stylegan2Generator(config);
    network.statistics.mean = torch::zeros({16});
    for (int i = 0; i < 30; ++i)
      formats::write_png(folder / "real" / fmt::format("{:02d}.png", i),
                         formats::image_from_tensor(torch::rand({3, 32, 32}) * 2 - 1));
    judges.embedding = nets::FaceEmbedding(
        nets::FaceEmbeddingConfig{.size = 32, .dimensions = 8, .widths = {4, 4, 8, 8}, .blocks = {1, 1, 1, 1}});
    judges.embedding->eval();
  }

  nlohmann::ordered_json results(const char* names, const SuiteOptions& options) {
    const data::Dataset images(folder / "real");
    return measure(parse_metrics(names), network, &images, judges, options);
  }

  const torch::NoGradGuard guard;
  const test::TemporaryFolder folder;
  model::LoadedNetwork network;
  Judges judges;
};

TEST_F(OfImages, AreMeasuredTogetherAsAlone) {
  const auto together = results("fd_embed1k_full,kd_random1k_full,pr_embed1k3_full,kd_embed1k_full", {.batch = 64});
  for (const char* name : {"fd_embed1k_full", "kd_embed1k_full", "pr_embed1k3_full"})
    EXPECT_EQ(results(name, {.batch = 64})[name], together[name]) << name;
  // Made by a generator that has learnt nothing, from pictures of noise: few real images lie among those made.
  EXPECT_LT(together["pr_embed1k3_full"]["recall"].get<double>(), 0.5);
  // Batches are only how they are looked at.
  const auto other = results("fd_embed1k_full", {.batch = 7});
  EXPECT_NEAR(other["fd_embed1k_full"].get<double>() / together["fd_embed1k_full"].get<double>(), 1, 1e-4);
}

TEST_F(OfImages, ComeFromTheCacheUnchanged) {
  SuiteOptions options{.batch = 64};
  const char* names = "fd_embed1k_full,kd_embed1k_full,pr_embed1k3_full";
  const auto fresh = results(names, options);
  options.cache = folder / "cache";
  EXPECT_EQ(results("fd_embed1k_full", options)["fd_embed1k_full"], fresh["fd_embed1k_full"]);
  EXPECT_EQ(results(names, options), fresh);
  EXPECT_EQ(results(names, options), fresh);
  // Another network's statistics are not taken for this one's, even under its name.
  const auto files = [&] {
    std::vector<std::filesystem::path> all;
    for (const auto& file : std::filesystem::directory_iterator(folder / "cache")) all.push_back(file.path());
    return all;
  };
  const auto own = files();
  ASSERT_EQ(own.size(), 2u);
  for (auto& parameter : judges.embedding->parameters()) parameter.mul_(0.5);
  const auto other = results("fd_embed1k_full", options);
  EXPECT_NE(other["fd_embed1k_full"], fresh["fd_embed1k_full"]);
  const auto moments = [](const auto& file) { return file.filename().string().starts_with("moments"); };
  for (const auto& file : files()) {
    if (!moments(file) || std::ranges::find(own, file) != own.end()) continue;
    for (const auto& old : own)
      if (moments(old)) std::filesystem::copy_file(old, file, std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_EQ(results("fd_embed1k_full", options), other);
}

TEST_F(OfImages, PathsHaveALengthThatFollowsTheStep) {
  const SuiteOptions options{.batch = 8, .samples = 12};
  const double length = results("ppl_embed_w", options)["ppl_embed_w"];
  EXPECT_GT(length, 0);
  EXPECT_TRUE(std::isfinite(length));
  EXPECT_NEAR(results("ppl_embed_w", {.batch = 3, .samples = 12})["ppl_embed_w"].get<double>() / length, 1, 1e-2);
  // Half of the way in w is a quarter of the squared distance.
  const ImageDistance squared = [](const Tensor& a, const Tensor& b) { return (a - b).square().sum({1, 2, 3}); };
  const double whole = path_length(network, squared, {.count = 6, .batch = 4}, false),
               half = path_length(network, squared, {.count = 6, .batch = 4, .truncation_psi = 0}, false);
  EXPECT_GT(whole, 0);
  EXPECT_EQ(half, 0);  // one point has no length
}

TEST_F(OfImages, RepeatsAreSeedsOfTheirOwn) {
  SuiteOptions options{.batch = 64, .samples = 4, .repeats = 3};
  const auto all = results("fd_embed1k_full,ppl_embed_w", options);
  const auto& distance = all["fd_embed1k_full"];
  ASSERT_EQ(distance["values"].size(), 3u);
  EXPECT_EQ(distance["count"], 3);
  EXPECT_GT(distance["ci95"].get<double>(), 0);
  options.repeats = 1;
  options.seed = 2;
  EXPECT_EQ(results("fd_embed1k_full,ppl_embed_w", options)["fd_embed1k_full"], distance["values"][2]);
  options.repeats = 0;
  EXPECT_NE(error_of([&] { results("ppl_embed_w", options); }).find("--repeats"), std::string::npos);
}

TEST_F(OfImages, BadOnesAreNamed) {
  const auto problem = [&](const char* name) { return error_of([&] { results(name, {.batch = 64}); }); };
  EXPECT_NE(problem("fid1k_full").find("--inception"), std::string::npos);
  EXPECT_NE(problem("kid1k_full").find("--inception"), std::string::npos);
  EXPECT_NE(problem("pr1k3_full").find("vgg16.pt"), std::string::npos);
  EXPECT_NE(problem("ppl_w").find("vgg16.pt"), std::string::npos);
  EXPECT_NE(problem("ppl_vgg_w").find("--vgg"), std::string::npos);
  // One image of another size.
  formats::write_png(folder / "real" / "zz.png", formats::filled_image(16, 16));
  EXPECT_NE(problem("fd_random1k_full").find("zz.png"), std::string::npos);
  std::filesystem::remove(folder / "real" / "zz.png");
  for (auto& parameter : judges.embedding->parameters()) parameter.fill_(NAN);
  EXPECT_NE(problem("kd_embed1k_full").find("NaN"), std::string::npos);
  EXPECT_NE(problem("fd_embed1k_full").find("real images"), std::string::npos);
  for (int i = 3; i < 30; ++i) std::filesystem::remove(folder / "real" / fmt::format("{:02d}.png", i));
  EXPECT_NE(problem("pr_random1k3_full").find("3 real images, expected more than 3"), std::string::npos);
}

}  // namespace
}  // namespace lifted::metrics
