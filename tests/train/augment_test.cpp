#include "lifted/train/augment.h"

#include <ATen/CPUGeneratorImpl.h>

#include "lifted/formats/safetensors.h"
#include "tests/support/golden.h"

namespace lifted::train {
namespace {
using torch::Tensor;

at::Generator seeded(uint64_t seed) {
  return at::detail::createCPUGenerator(seed);
}

TEST(Augment, AppliesColorsAsThePublishedCode) {
  const StateDict golden = formats::read_safetensors(test::data_file("upfirdn2d.safetensors"));
  test::expect_close("aug_color", apply_color(golden.at("aug_img"), golden.at("aug_C")), golden.at("aug_color"), 1e-6);
}

TEST(Augment, NothingHappensAtStrengthZero) {
  auto generator = seeded(1);
  const auto images = torch::randn({2, 3, 16, 16});
  EXPECT_TRUE(augment(images, 0, generator).is_same(images));
  EXPECT_TRUE(sample_affine(0, images.sizes(), generator).equal(torch::eye(3).repeat({2, 1, 1})));
  EXPECT_TRUE(sample_color(0, 2, generator).allclose(torch::eye(4).repeat({2, 1, 1}), 0, 1e-7));
}

TEST(Augment, StrengthIsAProbability) {
  // At p = 1/2 about half of the samples keep their colours' mean (brightness 0), never all or none.
  auto generator = seeded(3);
  const auto color = sample_color(0.5, 4000, generator);
  const double share = color.select(1, 0).select(1, 3).ne(0).to(torch::kFloat64).mean().item<double>();
  EXPECT_NEAR(share, 0.5, 0.05);
  // Affine maps keep orientation half as often as they flip: a flip is drawn half the time, and happens half the time
  // then.
  const auto affine = sample_affine(0.5, {4000, 3, 64, 64}, generator);
  EXPECT_NEAR(torch::linalg_det(affine).lt(0).to(torch::kFloat64).mean().item<double>(), 0.25, 0.04);
}

TEST(Augment, TheSameSeedGivesTheSamePictures) {
  const auto images = torch::randn({3, 3, 16, 16});
  auto a = seeded(5), b = seeded(5);
  const auto first = augment(images, 0.7, a);
  EXPECT_TRUE(first.equal(augment(images, 0.7, b)));
  EXPECT_FALSE(first.equal(augment(images, 0.7, b)));  // the generator has moved on
}

TEST(Augment, NearlyNothingHappensAtLittleStrength) {
  // At p = 0.001 most samples keep the identity and so the very same pixels.
  auto generator = seeded(11);
  const auto images = torch::randn({64, 3, 8, 8});
  const auto same = augment(images, 1e-3, generator).sub(images).abs().flatten(1).amax(1).lt(1e-5);
  EXPECT_GT(same.sum().item<int64_t>(), 58);
}

TEST(Augment, RejectsMisshapenMatrices) {
  const auto images = torch::zeros({2, 3, 8, 8});
  EXPECT_THROW(apply_color(images, torch::eye(4).expand({1, 4, 4})), c10::Error);
  EXPECT_THROW(apply_color(torch::zeros({2, 1, 8, 8}), torch::eye(4).expand({2, 4, 4})), c10::Error);
}

TEST(AugmentationController, MovesTowardsTheTarget) {
  AugmentationController controller({.target = 0.6, .images_to_full = 1000, .update_every = 8});
  const auto sure = torch::ones({4, 1}), unsure = torch::tensor({1.f, -1.f, 1.f, -1.f}).view({4, 1});
  controller.observe(sure);
  EXPECT_EQ(controller.p(), 0);  // not yet eight images
  controller.observe(sure);
  EXPECT_DOUBLE_EQ(controller.p(), 8.0 / 1000);
  EXPECT_DOUBLE_EQ(controller.r_t(), 1);
  controller.observe(unsure);
  AugmentationController copy({.target = 0.6, .images_to_full = 1000, .update_every = 8});
  copy.load_state(controller.state());
  for (auto* c : {&controller, &copy}) {
    c->observe(unsure);
    EXPECT_DOUBLE_EQ(c->p(), 0);
    EXPECT_DOUBLE_EQ(c->r_t(), 0);
    for (int i = 0; i < 10; ++i) c->observe(unsure);
    EXPECT_EQ(c->p(), 0);  // never below
  }
}

}  // namespace
}  // namespace lifted::train
