#include "lifted/metrics/frechet.h"

#include "lifted/base/error.h"
#include "lifted/formats/safetensors.h"
#include "lifted/metrics/random_features.h"
#include "tests/support/golden.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

Moments moments_of(const Tensor& features) {
  Moments moments;
  moments.add(features);
  return moments;
}

TEST(Frechet, IsThePublishedDistance) {
  LIFTED_GOLDEN_OR_SKIP(tensors, "fid.safetensors");
  const StateDict golden = formats::read_safetensors(tensors);
  const Moments a = moments_of(golden.at("features_a")), b = moments_of(golden.at("features_b"));
  test::expect_close("mean_a", a.mean(), golden.at("mean_a"), 1e-5);
  test::expect_close("cov_a", a.covariance(), golden.at("cov_a"), 1e-9);
  const auto relative = [](const char* name, double actual, const Tensor& expected) {
    const double scale = expected.item<double>();
    test::expect_close(name, torch::tensor(actual / scale, torch::kFloat64), torch::ones({}, torch::kFloat64), 1e-3);
  };
  relative("fid", frechet_distance(a, b), golden.at("fid"));
  relative("fid_singular",
           frechet_distance(moments_of(golden.at("features_a").slice(0, 0, 40)),
                            moments_of(golden.at("features_b").slice(0, 0, 40))),
           golden.at("fid_singular"));
}

TEST(Frechet, IsKnownForDiagonalGaussians) {
  const auto options = torch::kFloat64;
  const auto mean_a = torch::tensor({0.0, 1.0}, options), mean_b = torch::tensor({3.0, 1.0}, options);
  const auto c_a = torch::diag(torch::tensor({4.0, 1.0}, options)),
             c_b = torch::diag(torch::tensor({1.0, 9.0}, options));
  // |m|² = 9; (2 − 1)² + (1 − 3)² = 5.
  EXPECT_NEAR(frechet_distance(mean_a, c_a, mean_b, c_b), 14, 1e-12);
  EXPECT_NEAR(frechet_distance(mean_b, c_b, mean_a, c_a), 14, 1e-12);
}

TEST(Frechet, IsZeroToItselfHoweverItWasSharded) {
  torch::manual_seed(1);
  const auto features = torch::randn({300, 40}) * 3 + 100;
  const Moments whole = moments_of(features);
  Moments shards, first, second;
  first.add(features.slice(0, 0, 17));
  second.add(features.slice(0, 17, 200));
  second.add(features.slice(0, 200, 300));
  shards.merge(second);
  shards.merge(first);
  EXPECT_EQ(shards.count(), 300);
  EXPECT_LT(frechet_distance(whole, whole), 1e-6);
  EXPECT_LT(frechet_distance(whole, shards), 1e-6);
  test::expect_close("covariance", shards.covariance(), whole.covariance(), 1e-10);
  // Fewer samples than dimensions: the covariance is singular.
  const Moments few = moments_of(features.slice(0, 0, 12));
  EXPECT_LT(frechet_distance(few, few), 1e-6);
}

TEST(Frechet, IsZeroToItselfWhereMostDimensionsAreEmpty) {
  torch::manual_seed(3);
  // 20 samples span 19 of 128 dimensions; a root of what rounding leaves of the rest would count.
  const auto features = torch::randn({20, 128}) * 3 + 1;
  const Moments few = moments_of(features), again = moments_of(features.flip(0));
  EXPECT_LT(frechet_distance(few, few), 1e-6);
  EXPECT_LT(frechet_distance(few, again), 1e-6);
}

TEST(Frechet, RefusesWhatMakesNoSense) {
  Moments moments;
  EXPECT_THROW(moments.mean(), Error);
  moments.add(torch::ones({1, 3}));
  EXPECT_THROW(moments.covariance(), Error);
  EXPECT_THROW(moments.add(torch::ones({1, 4})), Error);
  EXPECT_THROW(moments.add(torch::full({1, 3}, NAN)), Error);
  EXPECT_EQ(moments.count(), 1);
  EXPECT_THROW(frechet_distance(moments_of(torch::randn({5, 3})), moments_of(torch::randn({5, 4}))), Error);
  const auto one = torch::ones({2}, torch::kFloat64), broken = torch::full({2, 2}, NAN, torch::kFloat64);
  EXPECT_THROW(frechet_distance(one, broken, one, broken), Error);
}

TEST(RandomFeatures, AreFixedAndTellImagesApart) {
  torch::manual_seed(2);
  const auto smooth = at::upsample_bilinear2d(torch::rand({1024, 3, 4, 4}) * 2 - 1, {32, 32}, false),
             noise = torch::rand({1024, 3, 32, 32}) * 2 - 1;
  const RandomFeatures one(32), other(32);
  const auto half = [](const Tensor& x, int64_t i) { return x.slice(0, 512 * i, 512 * (i + 1)); };
  EXPECT_EQ(one(half(smooth, 0)).sizes(), at::IntArrayRef({512, 256}));
  EXPECT_TRUE(one(half(smooth, 0)).equal(other(half(smooth, 0))));
  const double same = frechet_distance(moments_of(one(half(smooth, 0))), moments_of(one(half(smooth, 1))));
  const double different = frechet_distance(moments_of(one(half(smooth, 0))), moments_of(one(half(noise, 0))));
  EXPECT_LT(4 * same, different);
}

}  // namespace
}  // namespace lifted::metrics
