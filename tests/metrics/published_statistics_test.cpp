// FID against published statistics, of folders without a network, and by the published protocol.
#include "lifted/metrics/published_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/numpy_pickle.h"
#include "lifted/metrics/image_source.h"
#include "lifted/metrics/samples.h"
#include "lifted/metrics/suite.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"
#include "tests/support/tiny_networks.h"

namespace lifted::metrics {
namespace {
using nlohmann::ordered_json;
using test::error_of;
using ::testing::HasSubstr;
using torch::Tensor;

TEST(PublishedStatistics, NumpysOwnAreReadExactly) {
  const auto statistics = read_published_statistics(test::data_file("inception_8_f3.pkl"));
  EXPECT_EQ(statistics.gaussian.mean[7].item<double>(), 50 / 7.0);
  EXPECT_EQ(statistics.gaussian.covariance[1][3].item<double>(), 1.0 / 3 + 4 / 3.0 * 0.01);
  EXPECT_EQ(statistics.size, 256);
  EXPECT_EQ(statistics.path, "ffhq/images");
  EXPECT_EQ(statistics.features, "");
}

TEST(PublishedStatistics, BadOnesAreNamed) {
  const test::TemporaryFolder folder;
  const auto file = folder / "s.pkl";
  const auto problem = [&](const Tensor& mean, const Tensor& covariance) {
    formats::write_numpy_pickle(file, {{"mean", mean}, {"cov", covariance}});
    return error_of([&] { read_published_statistics(file); });
  };
  const auto mean = torch::zeros({4}, torch::kFloat64), cov = torch::eye(4, torch::kFloat64);
  EXPECT_EQ(problem(mean, cov), "(no error)");
  EXPECT_THAT(problem(mean, torch::eye(5, torch::kFloat64)), HasSubstr("do not belong together"));
  EXPECT_THAT(problem(mean + NAN, cov), HasSubstr("mean: expected finite"));
  EXPECT_THAT(problem(mean, torch::ones({4, 4}, torch::kFloat64).triu()), HasSubstr("symmetric"));
  formats::write_numpy_pickle(file, {{"mean", mean}});
  EXPECT_THAT(error_of([&] { read_published_statistics(file); }), HasSubstr("cov: expected a NumPy array"));
  write_file_atomically(file, "no pickle at all");
  EXPECT_THAT(error_of([&] { read_published_statistics(file); }), HasSubstr("expected statistics of images"));
}

class AgainstStatistics : public ::testing::Test {
 protected:
  AgainstStatistics() {
    torch::manual_seed(5);
    fill("real", 40);
    fill("made", 25);
  }
  void fill(const std::string& name, int count) {
    for (int i = 0; i < count; ++i)
      formats::write_png(folder / name / fmt::format("{:02d}.png", i),
                         formats::image_from_tensor(torch::rand({3, 32, 32}) * 2 - 1));
  }
  ordered_json images(const SuiteOptions& options, const char* metric = "fd_random1k_full") {
    const data::Dataset made(folder / "made"), real(folder / "real");
    return measure_images(parse_metrics(metric), made, options.statistics.empty() ? &real : nullptr, judges,
                          torch::kCPU, options);
  }
  std::string problem(const SuiteOptions& options, const char* metric = "fd_random1k_full") {
    return error_of([&] { images(options, metric); });
  }

  const torch::NoGradGuard guard;
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder / "inception_real.pkl";
  Judges judges;
};

TEST_F(AgainstStatistics, AFolderComparesAsTheFormulaSays) {
  const auto space = make_feature_space(Space::random, {}, 32, torch::kCPU);
  const auto gaussian = [&](const char* name) {
    Moments moments;
    const data::Dataset set(folder / name);
    for (int64_t i = 0; i < set.size(); ++i)
      moments.add(space.features(formats::tensor_from_image(set.image(i)).unsqueeze(0)));
    return moments.gaussian();
  };
  const double expected = frechet_distance(gaussian("real"), gaussian("made"));
  EXPECT_NEAR(images({})["fd_random1k_full"].get<double>() / expected, 1, 1e-6);
}

TEST_F(AgainstStatistics, WrittenOnesReadBackGiveTheSameDistance) {
  const auto direct = images({.save_statistics = file});
  EXPECT_EQ(images({.statistics = file}), direct);
  const auto statistics = read_published_statistics(file);
  EXPECT_EQ(statistics.size, 32);
  EXPECT_EQ(statistics.path, (folder / "real").string());
  // Of a network, too.
  const auto network = test::small_lifted();
  const data::Dataset real(folder / "real");
  const auto names = parse_metrics("fd_random1k_full");
  EXPECT_EQ(measure(names, network, nullptr, judges, {.statistics = file}), measure(names, network, &real, judges, {}));
}

TEST_F(AgainstStatistics, OtherFeaturesAndSizesAreRefused) {
  const SuiteOptions options{.statistics = file};
  std::filesystem::copy_file(test::data_file("inception_8_p3.pkl"), file);
  EXPECT_THAT(problem(options), HasSubstr("256 pixels, but those to be measured have 32"));
  const auto mean = torch::zeros({8}, torch::kFloat64), cov = torch::eye(8, torch::kFloat64);
  write_published_statistics(file, {{mean, cov}, 32, "", ""});
  EXPECT_THAT(problem(options), HasSubstr("pytorch-fid's Inception"));
  write_published_statistics(file, {{mean, cov}, 32, "", "inception pytorch_fid 0123"});
  EXPECT_THAT(problem(options), HasSubstr("measured with inception pytorch_fid 0123"));
  const auto key = make_feature_space(Space::random, {}, 32, torch::kCPU).key;
  write_published_statistics(file, {{mean, cov}, 32, "", key});
  EXPECT_THAT(problem(options), HasSubstr("of features of 8 dimensions"));
  EXPECT_THAT(problem(options, "kd_random1k_full"), HasSubstr("expected fidNk_full alone"));
  EXPECT_THAT(problem(options, "identity"), HasSubstr("--embedding"));
}

TEST_F(AgainstStatistics, ThePublishedProtocolRoundsNothing) {
  auto network = test::small_lifted();
  SuiteOptions options{.protocol = Protocol::published, .batch = 4};
  const auto collect = [&](Protocol protocol) {
    options.protocol = protocol;
    std::vector<Tensor> all;
    NetworkImages(network, options).for_each(6, 3, [&](int64_t, const Tensor& x) { all.push_back(x); });
    return torch::cat(all);
  };
  const Tensor published = collect(Protocol::published), field = collect(Protocol::field);
  std::vector<Tensor> raw;
  for_each_code(network, {6, 4, 1, 3}, [&](const Tensor& w) { raw.push_back(network_images(network, w)); });
  EXPECT_TRUE(published.equal(torch::cat(raw).clamp(-1, 1)));
  EXPECT_TRUE(field.equal(as_stored(torch::cat(raw))));
  EXPECT_FALSE(published.equal(field));
  options.protocol = Protocol::published;
  options.truncation_psi = 0.7;
  EXPECT_THAT(problem(options), HasSubstr("--trunc 0.7"));
  options.truncation_psi = 1, options.mirror = true;
  EXPECT_THAT(problem(options), HasSubstr("--mirror"));
}

}  // namespace
}  // namespace lifted::metrics
