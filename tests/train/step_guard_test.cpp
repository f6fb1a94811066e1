// What is not finite never reaches a weight, whether it is looked at where it arises (CPU) or later (GPU).
#include "lifted/train/step_guard.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lifted/nets/load.h"
#include "lifted/train/gan_trainer.h"

namespace lifted::train {
namespace {
using torch::Tensor;

struct Trained {
  explicit Trained(AdamOptions options = {.weight_decay = 1e-2}) : network(5, 3), optimizer(*network, options) {
    const torch::NoGradGuard no_grad;
    for (auto& p : network->parameters()) p.copy_(torch::cos(torch::arange(p.numel())).view(p.sizes()));
  }
  /// A step of a loss that is multiplied by `factor`.
  Tensor step(double factor = 1) {
    const Tensor loss = network->forward(torch::linspace(-1, 1, 10).view({2, 5})).square().mean() * factor;
    guard.watch("the loss", loss);
    loss.backward();
    const Tensor norm = guard.update(optimizer, "the loss");
    guard.end_step();
    return norm;
  }
  StateDict state() const {
    StateDict copy;
    for (const auto& [name, tensor] : nets::state_of(*network)) copy[name] = tensor.detach().clone();
    for (const auto& [name, tensor] : optimizer.state())
      if (!name.ends_with(".step")) copy[name] = tensor.clone();
    return copy;
  }

  torch::nn::Linear network;
  Adam optimizer;
  StepGuard guard;
};

void expect_same(const StateDict& actual, const StateDict& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, tensor] : expected) EXPECT_TRUE(tensor.equal(actual.at(name))) << name;
}

std::string fault_of(const std::function<void()>& work, int64_t steps_before = 0) {
  try {
    work();
  } catch (const NonFiniteError& error) {
    EXPECT_EQ(error.steps_before, steps_before);
    return error.what();
  }
  return "no error";
}

TEST(StepGuard, LookingLaterTrainsTheSame) {
  Trained now, later;
  later.guard.look_later();
  for (int i = 0; i < 5; ++i) {
    const double expected = now.step().item<double>();
    EXPECT_NEAR(later.step().item<double>(), expected, 1e-6 * expected);
  }
  later.guard.check();
  for (const auto& [name, tensor] : now.state())
    EXPECT_TRUE(later.state().at(name).allclose(tensor, 1e-5, 1e-7)) << name;
}

TEST(StepGuard, TheNormIsThatOfAllGradients) {
  Trained trained;
  for (auto& p : trained.network->parameters()) p.mutable_grad() = torch::full_like(p, 2);
  EXPECT_NEAR(trained.guard.update(trained.optimizer).item<double>(), 2 * std::sqrt(18.0), 1e-6);
  // A parameter without a gradient counts as zero.
  trained.network->bias.mutable_grad() = torch::full({3}, 2.f);
  EXPECT_NEAR(trained.guard.update(trained.optimizer).item<double>(), 2 * std::sqrt(3.0), 1e-6);
}

TEST(StepGuard, ACpuSaysAtOnce) {
  Trained trained;
  trained.step();
  const StateDict before = trained.state();
  EXPECT_EQ(fault_of([&] { trained.step(NAN); }), "the loss is nan");
  trained.network->bias.mutable_grad() = torch::tensor({0.f, INFINITY, 0.f});
  EXPECT_EQ(fault_of([&] { trained.guard.update(trained.optimizer, "the R1 penalty", "discriminator"); }),
            "the R1 penalty: the gradient of bias of the discriminator is not finite");
  EXPECT_EQ(fault_of([&] { trained.guard.update(trained.optimizer); }), "the gradient of bias is not finite");
  expect_same(trained.state(), before);
}

TEST(StepGuard, LaterAFlagHoldsOffThisUpdateAndAllThatFollow) {
  Trained trained;
  trained.guard.look_later();
  trained.step();
  trained.guard.check();
  trained.step();
  const StateDict before = trained.state();
  trained.step(INFINITY);
  expect_same(trained.state(), before);
  trained.step();
  trained.step();
  expect_same(trained.state(), before);
  EXPECT_EQ(fault_of([&] { trained.guard.check(); }, 2), "the loss is inf");
}

TEST(StepGuard, LaterAGradientIsNamedToo) {
  Trained trained;
  trained.guard.look_later();
  trained.step();
  const StateDict before = trained.state();
  for (auto& p : trained.network->parameters()) p.mutable_grad() = torch::zeros_like(p);
  trained.network->weight.mutable_grad()[1][2] = NAN;
  trained.guard.update(trained.optimizer, "the path length penalty", "generator");
  trained.guard.end_step();
  expect_same(trained.state(), before);
  EXPECT_EQ(fault_of([&] { trained.guard.check(); }),
            "the path length penalty: the gradient of weight of the generator is not finite");
}

TEST(StepGuard, WithoutMomentumAndSkippingMissingGradientsTheFlagHoldsToo) {
  Trained trained({.beta1 = 0, .skip_missing_gradients = true});
  trained.guard.look_later();
  trained.step();
  const StateDict before = trained.state();
  trained.step(NAN);
  expect_same(trained.state(), before);
}

TEST(StepGuard, NoStepOfAGanChangesAWeightAfterANan) {
  nets::Stylegan2Config generator;
  generator.size = 8;
  generator.z_dim = generator.w_dim = 16;
  generator.mapping_layers = 2;
  generator.channels = {8, 8};
  GanTrainer trainer(generator, {.size = 8, .channels = {8, 8}}, {});
  trainer.guard().look_later();
  const Latents latents{torch::randn({2, 16}), {}, 0};
  const auto step = [&](const Tensor& real) {
    trainer.discriminator_backward(real, {latents});
    trainer.update_discriminator("the discriminator's logistic loss");
    trainer.generator_backward({latents});
    trainer.update_generator("the generator's loss");
    trainer.guard().end_step();
  };
  const auto weights = [&] {
    StateDict copy;
    for (const auto& [name, tensor] : trainer.state())
      if (!name.ends_with(".step")) copy[name] = tensor.detach().clone();
    return copy;
  };
  step(torch::zeros({2, 3, 8, 8}));
  trainer.guard().check();
  const StateDict before = weights();
  step(torch::full({2, 3, 8, 8}, NAN));
  step(torch::zeros({2, 3, 8, 8}));
  expect_same(weights(), before);
  EXPECT_EQ(fault_of([&] { trainer.guard().check(); }, 1), "the discriminator's logistic loss is nan");
}

}  // namespace
}  // namespace lifted::train
