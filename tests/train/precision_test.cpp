// Training with half blocks: the main losses round, the regularizations do not.
#include <gtest/gtest.h>

#include <cmath>

#include "lifted/nets/load.h"
#include "lifted/train/gan_trainer.h"

namespace lifted::train {
namespace {
using torch::Tensor;

GanTrainer trainer_of(Precision precision) {
  torch::manual_seed(5);
  nets::Stylegan2Config generator;
  generator.size = 16;
  generator.z_dim = generator.w_dim = 16;
  generator.mapping_layers = 2;
  generator.channels = {16, 16, 16};
  return {
      generator, nets::Stylegan2DiscriminatorConfig{.size = 16, .channels = {16, 16, 16}}, {.precision = precision}};
}

struct Losses {
  Tensor d, g, r1, path;
};

Losses losses_of(GanTrainer& trainer) {
  torch::manual_seed(6);
  const Tensor real = torch::rand({4, 3, 16, 16}) * 2 - 1, noise = torch::randn({4, 3, 16, 16});
  const Latents latents{torch::randn({4, 16}), {}, 0};
  Losses losses;
  losses.d = trainer.discriminator_backward(real, {latents}).loss;
  losses.g = trainer.generator_backward({latents});
  losses.r1 = trainer.r1_backward(real);
  losses.path = trainer.path_backward({{latents, noise}}).penalty;
  return losses;
}

TEST(Precision, OnlyTheMainLossesAreRounded) {
  auto exact = trainer_of(Precision::fp32), tf32 = trainer_of(Precision::tf32), half = trainer_of(Precision::bf16);
  const Losses expected = losses_of(exact), same = losses_of(tf32), rounded = losses_of(half);
  EXPECT_TRUE(same.d.equal(expected.d)) << "TF32 is nothing on a CPU";
  for (const auto& [a, b] : {std::pair(rounded.d, expected.d), {rounded.g, expected.g}}) {
    EXPECT_FALSE(a.equal(b));
    EXPECT_NEAR(a.item<double>(), b.item<double>(), 0.02 * std::abs(b.item<double>()));
  }
  EXPECT_TRUE(rounded.r1.equal(expected.r1));
  EXPECT_TRUE(rounded.path.equal(expected.path));
  EXPECT_FALSE(half.generator->half().has_value()) << "outside the losses networks are float32's";
}

TEST(Precision, TrainingInHalfGoesWhereFloat32Goes) {
  const auto trained = [](Precision precision) {
    auto trainer = trainer_of(precision);
    for (int step = 0; step < 5; ++step) {
      losses_of(trainer);
      trainer.update_discriminator("D");
      trainer.update_generator("G");
    }
    return nets::state_of(*trainer.generator);
  };
  const StateDict start = nets::state_of(*trainer_of(Precision::fp32).generator), exact = trained(Precision::fp32);
  for (const Precision precision : {Precision::bf16, Precision::fp16}) {
    const StateDict half = trained(precision);
    double moved = 0, apart = 0;
    for (const auto& [name, tensor] : exact) {
      EXPECT_EQ(half.at(name).scalar_type(), torch::kFloat32) << name;
      moved += (tensor - start.at(name)).square().sum().item<double>();
      apart += (tensor - half.at(name)).square().sum().item<double>();
    }
    EXPECT_GT(apart, 0);
    EXPECT_LT(std::sqrt(apart / moved), 0.5) << name_of(precision);
  }
}

TEST(Precision, AnOverflowOfFloat16IsNoReasonToStop) {
  auto half = trainer_of(Precision::fp16), full = trainer_of(Precision::fp32);
  for (auto* trainer : {&half, &full}) {
    losses_of(*trainer);
    auto parameter = trainer->discriminator->named_parameters()["final_linear.1.weight"];
    parameter.mutable_grad()[0][0] = INFINITY;
  }
  EXPECT_TRUE(half.update_discriminator("D").isfinite().item<bool>());
  EXPECT_THROW(full.update_discriminator("D"), NonFiniteError);
}

}  // namespace
}  // namespace lifted::train
