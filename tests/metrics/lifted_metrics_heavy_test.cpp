// Identity, view and light of a lifted model, on a tiny one.
#include <filesystem>

#include "lifted/base/error.h"
#include "lifted/metrics/identity.h"
#include "lifted/metrics/retrieval.h"
#include "lifted/metrics/samples.h"
#include "lifted/metrics/suite.h"
#include "lifted/metrics/view_light.h"
#include "lifted/scene/light.h"
#include "tests/support/golden.h"
#include "tests/support/images.h"
#include "tests/support/tiny_networks.h"

namespace lifted::metrics {
namespace {
using test::error_of;
using torch::Tensor;

/// The image itself as its embedding.
Tensor whole_image(const Tensor& images) {
  const Tensor flat = images.flatten(1) + 1.5;
  return flat / flat.norm(2, 1, true);
}

class LiftedMetrics : public testing::Test {
 protected:
  LiftedMetrics() {
    torch::manual_seed(3);
    network = test::small_lifted();
    w = torch::randn({4, 32});
    estimate = network.lifted->estimate(w);
  }
  const torch::NoGradGuard guard;
  model::LoadedNetwork network;
  Tensor w;
  model::Estimate estimate;
};

TEST_F(LiftedMetrics, IdentityIsWholeWhereNothingMoves) {
  const auto& gan = *network.lifted;
  EXPECT_LT(yaw_similarity(gan, estimate, whole_image, {45}).max().item<float>(), 1 - 1e-4);
  EXPECT_TRUE(yaw_similarity(gan, estimate, whole_image, {0}).allclose(torch::ones({4, 1})));
  estimate.trans_map.zero_();
  const Tensor still = yaw_similarity(gan, estimate, whole_image, {-45, -15, 15, 30});
  EXPECT_EQ(still.sizes(), (std::vector<int64_t>{4, 4}));
  EXPECT_TRUE(still.allclose(torch::ones_like(still)));
}

TEST_F(LiftedMetrics, LightCountsAgainstTheFrontalOne) {
  const auto& gan = *network.lifted;
  EXPECT_TRUE(light_similarity(gan, estimate, whole_image, {0}).allclose(torch::ones({4, 1})));
  EXPECT_LT(light_similarity(gan, estimate, whole_image, {60}).max().item<float>(), 1 - 1e-4);
  // A network blind to color and light says they are the same person.
  const Embed blind = [](const Tensor& images) { return torch::ones({images.size(0), 1}); };
  EXPECT_TRUE(light_similarity(gan, estimate, blind, {-60, 60}).allclose(torch::ones({4, 2})));
}

TEST(Retrieval, WorkedExamples) {
  const Tensor gallery = torch::eye(4);
  EXPECT_EQ(rank_one(gallery, gallery), 1);
  EXPECT_EQ(rank_one(gallery.roll(1, 0), gallery), 0);
  Tensor queries = gallery.clone();
  queries[3] = torch::tensor({0.0f, 0.8f, 0.0f, 0.6f});  // nearer to another
  EXPECT_EQ(rank_one(queries, gallery), 0.75);
  EXPECT_EQ(mean_pairwise_distance(gallery), 1);
  EXPECT_NEAR(mean_pairwise_distance(torch::tensor({{1.0f, 0.0f}, {1.0f, 0.0f}, {0.0f, 1.0f}})), 2.0 / 3, 1e-7);
  EXPECT_THROW(rank_one(gallery, torch::eye(3)), Error);
  EXPECT_THROW(mean_pairwise_distance(torch::ones({1, 4})), Error);
}

TEST_F(LiftedMetrics, PeopleThatDoNotChangeAreFoundAgain) {
  const auto people = embed_people(*network.lifted, w, whole_image, {0, 45}, {60});
  EXPECT_TRUE(people.turned[0].rows.equal(people.canonical));
  const auto found = retrieval(people);
  EXPECT_EQ(found["gallery"], 4);
  EXPECT_EQ(found["yaw"]["0"], 1);
  EXPECT_EQ(found["yaw"].size(), 3u);
  EXPECT_EQ(found["light"].size(), 2u);
  // In parts the same.
  People parts;
  for (int64_t i = 0; i < 4; i += 2)
    parts.add(embed_people(*network.lifted, w.slice(0, i, i + 2), whole_image, {0, 45}, {60}));
  EXPECT_EQ(retrieval(parts)["gallery"], 4);
  EXPECT_TRUE(parts.rendering.allclose(people.rendering, 1e-5, 1e-6));
  EXPECT_TRUE(parts.lit[0].rows.allclose(people.lit[0].rows, 1e-5, 1e-6));
}

TEST_F(LiftedMetrics, ReadingsHoldWhatWasAskedFor) {
  const auto& gan = *network.lifted;
  const Probe nothing = [](const Tensor& images) { return torch::zeros({images.size(0), 7}); };
  const auto predicted = predicted_reading(gan, estimate, w, nothing);
  EXPECT_TRUE(predicted.wanted.equal(torch::cat({estimate.view.slice(1, 0, 3), estimate.canon_light}, 1)));
  EXPECT_EQ(predicted.read.abs().max().item<float>(), 0);

  // The probe gets the picture of the model at what was asked for.
  Tensor seen;
  const Probe looker = [&](const Tensor& images) {
    seen = images;
    return torch::zeros({images.size(0), 7});
  };
  const auto lit = requested_light_reading(gan, estimate, 0, looker);
  model::RenderOptions options;
  options.light = lit.wanted.slice(1, 3, 7);
  EXPECT_TRUE(seen.equal(as_stored(gan.render(estimate, options).recon_im)));
  EXPECT_TRUE(lit.wanted.slice(1, 3, 5).equal(estimate.canon_light.slice(1, 0, 2)));
}

TEST_F(LiftedMetrics, RequestsFillTheirRangeWhateverTheBatches) {
  const auto& gan = *network.lifted;
  const Probe nothing = [](const Tensor& images) { return torch::zeros({images.size(0), 7}); };
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < 200; first += 4)
    parts.push_back(requested_view_reading(gan, estimate, first, nothing).wanted);
  const Tensor degrees = torch::cat(parts).slice(1, 0, 3) * 60;
  EXPECT_NEAR(degrees.select(1, 0).max().item<float>(), 15, 1);
  EXPECT_NEAR(degrees.select(1, 0).min().item<float>(), -15, 1);
  EXPECT_NEAR(degrees.select(1, 1).max().item<float>(), 45, 2);
  EXPECT_NEAR(degrees.select(1, 1).min().item<float>(), -45, 2);
  EXPECT_NEAR(degrees.select(1, 1).mean().item<float>(), 0, 1);
  EXPECT_EQ(degrees.select(1, 2).abs().max().item<float>(), 0);
  const auto pair = estimate.narrow(0, 2);
  EXPECT_TRUE(requested_view_reading(gan, pair, 2, nothing)
                  .wanted.slice(1, 0, 2)
                  .equal(requested_view_reading(gan, estimate, 0, nothing).wanted.slice(0, 2, 4).slice(1, 0, 2)));
}

// ---- The suite ----

TEST(MetricNames, AreParsed) {
  const auto names = parse_metrics("fd_random10k_full,identity,fd_embed2k_full,view_light,pr50k3_full");
  ASSERT_EQ(names.size(), 5u);
  EXPECT_EQ(names[0].samples, 10'000);
  EXPECT_EQ(names[2].kind, MetricName::Kind::frechet);
  EXPECT_EQ(names[2].space, Space::embed);
  EXPECT_EQ(names[4].kind, MetricName::Kind::precision_recall);
  EXPECT_EQ(names[4].samples, 50'000);
  EXPECT_EQ(parse_metrics("fid50k_full")[0].space, Space::inception);
  EXPECT_EQ(names[2].samples, 2'000);
  EXPECT_TRUE(needs_data(names));
  EXPECT_FALSE(needs_data(parse_metrics("identity,view_light")));
  for (const char* bad :
       {"", "fid50k", "fd50k_full", "pr50k_full", "fd_random0k_full", "fd_randomk_full", "fd_random1k",
        "identity,,identity", "identity,identity", "fd_random-1k_full", "fd_embed99999k_full"})
    EXPECT_THROW(parse_metrics(bad), UsageError) << bad;
}

TEST(Suite, MeasuresALiftedNetworkWhole) {
  torch::manual_seed(4);
  const auto network = test::small_lifted();
  const nets::FaceEmbeddingConfig config{.size = 32, .dimensions = 8, .widths = {4, 4, 8, 8}, .blocks = {1, 1, 1, 1}};
  Judges judges{nets::FaceEmbedding(config), nets::ViewLightProbe(config)};
  judges.embedding->eval();
  judges.probe->eval();
  const SuiteOptions options{.batch = 4, .samples = 6};
  const auto names = parse_metrics("identity,retrieval,view_light");
  const auto result = measure(names, network, nullptr, judges, options);
  for (const char* sweep : {"yaw", "light"}) {
    const double mean = result["identity"][sweep]["mean"];
    EXPECT_GE(mean, -1);
    EXPECT_LE(mean, 1 + 1e-6);
  }
  EXPECT_EQ(result["identity"]["yaw"].size(), 7u);
  EXPECT_EQ(result["identity"]["light"].size(), 21u);
  EXPECT_GT(result["identity"]["light"]["6"].get<double>(), result["identity"]["light"]["60"].get<double>() - 1e-3);
  EXPECT_EQ(result["retrieval"]["gallery"], 6);
  EXPECT_FALSE(result["retrieval"]["distance"].contains("data"));
  EXPECT_TRUE(looks_at_data(names));
  const test::TemporaryFolder folder;
  for (int i = 0; i < 3; ++i)
    formats::write_png(folder / fmt::format("{}.png", i), formats::image_from_tensor(torch::rand({3, 32, 32}) * 2 - 1));
  const data::Dataset pictures(folder.path());
  const auto with_data = measure(parse_metrics("retrieval"), network, &pictures, judges, options);
  EXPECT_GT(with_data["retrieval"]["distance"]["data"].get<double>(), 0);
  EXPECT_EQ(result["view_light"]["predicted"].size(), 7u);
  EXPECT_TRUE(result["view_light"]["requested"]["view"].contains("yaw"));
  // Any batch size, any order: the same numbers, up to rounding.
  const auto again = measure(names, network, nullptr, judges, {.batch = 6, .samples = 6});
  EXPECT_NEAR(result["identity"]["yaw"]["mean"].get<double>(), again["identity"]["yaw"]["mean"].get<double>(), 1e-5);
}

TEST(Suite, RemembersTheRealImagesByTheirContent) {
  torch::manual_seed(5);
  const test::TemporaryFolder folder;
  for (const char* set : {"a", "b", "copy"})
    for (int i = 0; i < 40; ++i) {
      torch::manual_seed(i + (std::string(set) == "b" ? 100 : 0));
      formats::write_png(folder / set / fmt::format("{:02d}.png", i),
                         formats::image_from_tensor(torch::rand({3, 32, 32}) * 2 - 1));
    }
  const auto network = test::small_lifted();
  const auto distance = [&](const char* set, bool cached, bool mirror = false) {
    const data::Dataset images(folder / set);
    SuiteOptions options{.mirror = mirror, .batch = 32};
    if (cached) options.cache = folder / "cache";
    return measure(parse_metrics("fd_random1k_full"), network, &images, {}, options)["fd_random1k_full"].get<double>();
  };
  const auto kept = [&] {
    const auto files = std::filesystem::directory_iterator(folder / "cache");
    return std::distance(begin(files), end(files));
  };
  const double fresh = distance("a", false);
  EXPECT_EQ(distance("a", true), fresh);
  EXPECT_EQ(distance("a", true), fresh);
  EXPECT_EQ(distance("copy", true), fresh);
  EXPECT_EQ(kept(), 1);
  EXPECT_NE(distance("b", true), fresh);
  EXPECT_EQ(kept(), 2);
  EXPECT_NE(distance("a", true, true), fresh);
  EXPECT_EQ(kept(), 3);
  // What is damaged is measured again.
  for (const auto& file : std::filesystem::directory_iterator(folder / "cache"))
    std::filesystem::resize_file(file.path(), 100);
  EXPECT_EQ(distance("a", true), fresh);
}

TEST(Suite, SaysWhatIsMissing) {
  torch::manual_seed(4);
  auto network = test::small_lifted();
  const auto problem = [&](const char* metric) {
    return error_of([&] { measure(parse_metrics(metric), network, nullptr, {}, {}); });
  };
  EXPECT_NE(problem("identity").find("--embedding"), std::string::npos);
  EXPECT_NE(problem("retrieval").find("--embedding"), std::string::npos);
  EXPECT_NE(problem("view_light").find("--probe"), std::string::npos);
  EXPECT_NE(problem("fd_embed1k_full").find("--embedding"), std::string::npos);
  EXPECT_NE(problem("fd_random1k_full").find("--data"), std::string::npos);
  network.lifted = nullptr;
  const nets::FaceEmbeddingConfig config{.size = 32, .dimensions = 8, .widths = {4, 4, 8, 8}, .blocks = {1, 1, 1, 1}};
  const Judges judges{nets::FaceEmbedding(config), nets::ViewLightProbe(config)};
  EXPECT_NE(error_of([&] { measure(parse_metrics("identity"), network, nullptr, judges, {}); }).find("2D"),
            std::string::npos);
}

}  // namespace
}  // namespace lifted::metrics
