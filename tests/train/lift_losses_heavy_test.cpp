// Every loss of lifting against the authors' code (golden/README.md: losses.safetensors), and what they promise.
#include "lifted/train/lift_losses.h"

#include <gtest/gtest.h>

#include "lifted/base/error.h"
#include "lifted/formats/safetensors.h"
#include "lifted/model/critics.h"
#include "lifted/nets/load.h"
#include "lifted/ops/reflect_blur.h"
#include "lifted/scene/light.h"
#include "lifted/train/lift_options.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"

namespace lifted::train {
namespace {

using test::expect_close;
using torch::Tensor;

/// Within `relative` of the largest golden value.
void expect_relative(const std::string& name, const Tensor& actual, const Tensor& expected, double relative) {
  expect_close(name, actual, expected, relative * expected.abs().max().item<double>());
}

class GoldenLosses : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto vgg_file = test::golden_file("vgg16-features.pth"), face = test::golden_file("lresnet.pth.tar");
    if (!vgg_file.empty()) vgg_ = model::load_vgg16(vgg_file);
    if (!face.empty()) embedding_ = model::load_face_embedding(face);
  }
  static void TearDownTestSuite() {
    vgg_ = nullptr;
    embedding_ = nullptr;
  }
  void SetUp() override {
    LIFTED_GOLDEN_OR_SKIP(file, "losses.safetensors");
    golden = formats::read_safetensors(file);
    im1 = leaf("im1"), im2 = golden.at("im2"), im3 = golden.at("im3"), mask = golden.at("mask");
    ASSERT_FALSE(vgg_.is_empty() || embedding_.is_empty());
  }
  Tensor leaf(const std::string& name) { return golden.at(name).clone().requires_grad_(true); }
  PerceptualLoss perceptual() const { return PerceptualLoss(perceptual_maps(vgg_)); }

  /// A scalar and its gradient with respect to im1.
  void check(const std::string& name, const Tensor& loss, double gradient_tolerance) {
    expect_relative(name, loss, golden.at(name), 1e-5);
    if (!golden.count(name + "_grad")) return;
    expect_relative(name + "_grad", torch::autograd::grad({loss}, {im1})[0], golden.at(name + "_grad"),
                    gradient_tolerance);
  }

  static nets::Vgg16 vgg_;
  static nets::FaceEmbedding embedding_;
  StateDict golden;
  Tensor im1, im2, im3, mask;
};
nets::Vgg16 GoldenLosses::vgg_{nullptr};
nets::FaceEmbedding GoldenLosses::embedding_{nullptr};

TEST_F(GoldenLosses, Photometric) {
  check("photometric", photometric_loss(im1, im2), 0);
  check("photometric_mask", photometric_loss(im1, im2, mask), 1e-5);
}

TEST_F(GoldenLosses, VggFeatures) {
  const auto maps = vgg_->forward(im1);
  for (size_t i = 0; i < maps.size(); ++i) {
    const auto name = fmt::format("vgg_slice{}_mean", i + 1);
    expect_relative(name, maps[i].mean(at::IntArrayRef{2, 3}), golden.at(name), 1e-5);
  }
}

// The published code's own gradients differ by 2.8e-3 of their largest value from run to run.
constexpr double kPerceptualGradient = 1e-2;

TEST_F(GoldenLosses, Perceptual) {
  const PerceptualLoss loss = perceptual();
  check("perceptual", loss(im1, im2), kPerceptualGradient);
  check("perceptual_mask", loss(im1, im2, mask), kPerceptualGradient);
  check("image_loss", image_loss(&loss, im1, im2, {}), 0);
}

TEST_F(GoldenLosses, Symmetric) {
  PerceptualLoss loss = perceptual();
  const auto symmetric = [&] {
    return symmetric_image_loss(&loss, {.image = im1, .flipped = im3, .target = im2, .mask = mask}, {});
  };
  check("symmetric", symmetric(), kPerceptualGradient);
  loss.pixels_at_once = 1;  // one sample at a time
  check("symmetric", symmetric(), kPerceptualGradient);
}

/// What `distances` computes piece by piece is the distance and its gradient.
TEST_F(GoldenLosses, DistancesInPiecesAreTheDistances) {
  PerceptualLoss loss = perceptual();
  loss.pixels_at_once = 1;
  const Tensor a = im1, b = leaf("im2");
  const auto fast = loss.distances({im3, b, a}, {{1, 0, mask}, {2, 1, {}}});
  const auto of_b = loss(b, im3, mask), of_a = loss(a, b.detach());
  expect_relative("distance of b", fast[0], of_b, 1e-5);
  expect_relative("distance of a", fast[1], of_a, 1e-5);
  const auto gradients = [&](const Tensor& x, const Tensor& y) {
    return torch::autograd::grad({2 * x + 3 * y}, {b, a});
  };
  const auto expected = gradients(of_b, of_a), actual = gradients(fast[0], fast[1]);
  expect_relative("gradient of b", actual[0], expected[0], kPerceptualGradient);
  expect_relative("gradient of a", actual[1], expected[1], kPerceptualGradient);
  EXPECT_FALSE(loss.distances({a, im3}, {{1, 0, {}}})[0].requires_grad());
  EXPECT_THROW(loss.distances({a, b}, {{0, 1, {}}}), c10::Error);
}

TEST_F(GoldenLosses, AlbedoRank) {
  const Tensor albedo = leaf("albedo"), depth = golden.at("albedo_depth").unsqueeze(1);
  const Tensor loss = albedo_rank_loss(albedo, (depth <= 1.05 - 0.01).to(torch::kFloat32));
  expect_relative("albedo_rank", loss, golden.at("albedo_rank"), 1e-5);
  expect_relative("albedo_rank_grad", torch::autograd::grad({loss}, {albedo})[0], golden.at("albedo_rank_grad"), 1e-4);
  expect_relative("blur64", ops::reflect_blur(albedo.detach().mean(1, true), 10, 4), golden.at("blur64"), 1e-5);
  const auto taps = ops::blur_taps(10, 4);
  const auto row = torch::tensor(std::vector<float>(taps));
  expect_relative("blur_kernel", torch::outer(row, row), golden.at("blur_kernel").view({21, 21}), 1e-5);
}

TEST_F(GoldenLosses, FaceEmbedding) {
  const Tensor embedding = embedding_->forward(im1);
  expect_relative("embed_128", embedding, golden.at("embed_128"), 1e-4);
  expect_close("… length", embedding.norm(2, 1), torch::ones({2}), 1e-5);
  const Tensor gradient = torch::autograd::grad({(embedding * golden.at("embed_grad_weight")).sum()}, {im1})[0];
  expect_relative("embed_128_grad", gradient, golden.at("embed_128_grad"), 2e-3);
  LIFTED_GOLDEN_OR_SKIP(file, "estimate.safetensors");
  const torch::NoGradGuard no_grad;
  expect_relative("embed_256", embedding_->forward(formats::read_safetensors(file).at("canon_im_raw")),
                  golden.at("embed_256"), 1e-4);
}

TEST_F(GoldenLosses, Light) {
  for (const bool frontal : {false, true}) {
    const std::string name = frontal ? "parse_light_front_" : "parse_light_";
    const auto light = scene::parse_light(golden.at("light"), frontal);
    expect_relative(name + "a", light.ambient.unsqueeze(1), golden.at(name + "a"), 1e-6);
    expect_relative(name + "b", light.diffuse.unsqueeze(1), golden.at(name + "b"), 1e-6);
    expect_relative(name + "d", light.direction, golden.at(name + "d"), 1e-6);
  }
}

// ---- What holds for any weights ----

/// A stand-in for VGG-16: one convolution at full size and one at half.
PerceptualLoss small_perceptual(torch::ScalarType dtype = torch::kFloat64) {
  torch::manual_seed(1);
  const auto first = torch::randn({6, 3, 3, 3}, dtype), second = torch::randn({8, 6, 3, 3}, dtype);
  return PerceptualLoss(
      [=](const Tensor& images) {
        const Tensor x = torch::tanh(torch::conv2d(images, first, {}, 1, 1));
        return std::vector{x, torch::tanh(torch::conv2d(torch::avg_pool2d(x, 2), second, {}, 1, 1))};
      },
      2);
}

Tensor image(int64_t batch = 2, int64_t size = 8) {
  return torch::rand({batch, 3, size, size}, torch::kFloat64) * 2 - 1;
}

TEST(PerceptualLoss, IsADistanceOfDirections) {
  const auto loss = small_perceptual();
  const Tensor a = image(), b = image();
  EXPECT_EQ(loss(a, a).item<double>(), 0);
  EXPECT_NEAR(loss(a, b).item<double>(), loss(b, a).item<double>(), 1e-12);
  EXPECT_GT(loss(a, b).item<double>(), 0);
  EXPECT_LE(loss(a, b).item<double>(), 4);
}

TEST(PerceptualLoss, AMaskLeavesOutWhatItCovers) {
  const auto loss = small_perceptual();
  const Tensor a = image(), b = image();
  Tensor left = torch::zeros({2, 1, 8, 8}, torch::kFloat64);
  left.slice(3, 0, 4).fill_(1);
  Tensor changed = b.clone();
  changed.slice(3, 7).fill_(0);  // beyond the reach of the convolutions at the finest scale
  EXPECT_NEAR(loss(a, b, torch::ones({2, 1, 8, 8}, torch::kFloat64)).item<double>(), loss(a, b).item<double>(), 1e-12);
  EXPECT_NE(loss(a, b, left).item<double>(), loss(a, b).item<double>());
  const auto nothing = torch::zeros_like(left);
  EXPECT_EQ(loss(a, b, nothing).item<double>(), 0);
  EXPECT_EQ(loss.distances({a, b}, {{1, 0, nothing}})[0].item<double>(), 0);
  EXPECT_EQ(photometric_loss(a, b, nothing).item<double>(), 0);
}

TEST(PerceptualLoss, GradientsAreDerivatives) {
  const Tensor b = image(1), mask = torch::rand({1, 1, 8, 8}, torch::kFloat64);
  const auto loss = small_perceptual();
  test::expect_gradients([&](const std::vector<Tensor>& x) { return loss(x[0], b, mask); },
                         {image(1).requires_grad_(true)});
  test::expect_gradients(
      [&](const std::vector<Tensor>& x) {
        return loss.distances({b, x[0]}, {{1, 0, mask}})[0];
      },
      {image(1).requires_grad_(true)});
}

TEST(LiftLosses, IdentityWithoutQualifyingSamplesIsZero) {
  nets::FaceEmbedding embedding(
      nets::FaceEmbeddingConfig{.size = 16, .dimensions = 8, .widths = {4, 4, 8, 8}, .blocks = {1, 1, 1, 1}});
  embedding->eval();
  const Tensor a = torch::rand({3, 3, 32, 32}).requires_grad_(true), b = torch::rand({3, 3, 32, 32});
  const auto none = identity_loss(embedding, a, b, torch::tensor({-30.f, 25.f, 44.f}));
  EXPECT_EQ(none.item<double>(), 0);
  const auto one = identity_loss(embedding, a, b, torch::tensor({-30.f, 24.f, 44.f}));
  const auto alone = identity_loss(embedding, a.slice(0, 1, 2), b.slice(0, 1, 2), torch::zeros({1}));
  EXPECT_GT(one.item<double>(), 0);
  EXPECT_NEAR(one.item<double>(), alone.item<double>(), 1e-6);
  const auto gradient = torch::autograd::grad({one}, {a})[0];
  EXPECT_EQ(gradient[0].abs().max().item<float>(), 0);
  EXPECT_GT(gradient[1].abs().max().item<float>(), 0);
}

TEST(LiftLosses, AlbedoRankIsSmallestForMultiplesOfOnePicture) {
  const auto inside = torch::ones({4, 1, 32, 32}, torch::kFloat64);
  const AlbedoRankOptions options{.blur_radius = 3, .blur_sigma = 1, .downsample = 2};
  const auto norm = [&](const Tensor& albedo) { return albedo_rank_loss(albedo, inside, options).item<double>(); };
  const Tensor one = image(1, 32),
               multiples = one * torch::tensor({1.0, 2.0, -1.0, 0.5}, torch::kFloat64).view({4, 1, 1, 1});
  const Tensor different = image(4, 32);
  const auto frobenius = [&](const Tensor& x) { return std::pow(norm(x), 2) / x.numel(); };
  // Among matrices of one size (Frobenius norm), rank one has the smallest nuclear norm.
  EXPECT_LT(frobenius(multiples / multiples.norm()), 0.6 * frobenius(different / different.norm()));
  EXPECT_EQ(norm(torch::zeros({4, 3, 32, 32}, torch::kFloat64)), 0);
  const auto half = torch::ones({3, 1, 8, 8}, torch::kFloat64).slice(3, 0, 4);
  const auto left = torch::constant_pad_nd(half, {0, 4});
  test::expect_gradients([&](const std::vector<Tensor>& x) { return albedo_rank_loss(x[0], left, options); },
                         {image(3, 8).requires_grad_(true)});
}

TEST(LiftOptions, SurviveJsonAndRejectNonsense) {
  LiftTrainerOptions options;
  options.weights.flip = 0.25;
  options.max_yaw = 30;
  options.rank_downsample = 2;
  options.mask_reconstruction = true;
  EXPECT_EQ(LiftTrainerOptions::from_json(options.to_json()), options);
  EXPECT_EQ(LiftTrainerOptions::from_json(nlohmann::json::object()), LiftTrainerOptions());
  EXPECT_EQ(LiftLossWeights::from_json({{"lam_rec", 1}}).reconstruction, 1);
  using nlohmann::json;
  for (const json& bad : {json{{"lam_recc", 1}}, json{{"lam_rec", "5"}}, json{{"lam_rec", -1}}, json::array({1})}) {
    EXPECT_THROW(LiftLossWeights::from_json(bad), Error) << bad;
  }
  EXPECT_THROW(LiftTrainerOptions::from_json({{"rank_downsample", 0}}), Error);
  EXPECT_THROW(LiftTrainerOptions::from_json({{"beta1", 1}}), Error);
  EXPECT_THROW(LiftTrainerOptions::from_json({{"mask_reconstruction", 1}}), Error);
}

TEST(FaceEmbedding, SizesAreReadOffTheWeights) {
  const nets::FaceEmbeddingConfig small{
      .size = 32, .dimensions = 16, .widths = {8, 16, 16, 24}, .blocks = {1, 2, 1, 1}};
  nets::FaceEmbedding network(small);
  const StateDict state = nets::state_of(*network);
  EXPECT_EQ(nets::infer_face_embedding_config(state, "a test"), small);
  EXPECT_EQ(nets::FaceEmbeddingConfig::from_json(small.to_json()), small);
  auto again = nets::load_face_embedding(state, "a test");
  network->eval();
  const auto x = torch::rand({2, 3, 64, 64});
  EXPECT_TRUE(again->forward(x).equal(network->forward(x)));
  EXPECT_EQ(network->forward(x).sizes(), (std::vector<int64_t>{2, 16}));
  EXPECT_THROW(network->forward(torch::rand({2, 3, 48, 48})), c10::Error);
  StateDict broken = state;
  broken.erase("layer2.1.bn2.bias");
  EXPECT_THROW(nets::load_face_embedding(broken, "a test"), Error);
  EXPECT_THROW(nets::infer_face_embedding_config({{"fc5.weight", torch::zeros({3, 3})}}, "a test"), Error);
}

TEST(Vgg16, TakesWhatItNeedsOfAStateDict) {
  nets::Vgg16 source;
  StateDict state = nets::state_of(*source);
  state["features.24.weight"] = state["classifier.0.bias"] = torch::zeros({3});
  auto loaded = nets::load_vgg16(state, "a test");
  const torch::NoGradGuard no_grad;
  const auto x = torch::rand({1, 3, 16, 16});
  EXPECT_TRUE(loaded->forward(x).back().equal(source->forward(x).back()));
  EXPECT_EQ(loaded->forward(x).back().sizes(), (std::vector<int64_t>{1, 512, 2, 2}));
  state.erase("features.21.bias");
  EXPECT_THROW(nets::load_vgg16(state, "a test"), Error);
}

}  // namespace
}  // namespace lifted::train
