#include "lifted/train/gan_trainer.h"

#include "lifted/formats/checkpoint.h"
#include "lifted/formats/safetensors.h"
#include "lifted/nets/load.h"
#include "tests/support/golden.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr double kAverageDecay = 0.9977843871238888;  // 0.5^(32 / 10,000)

class GoldenIteration {
 public:
  GoldenIteration(const std::filesystem::path& tensors, const std::filesystem::path& g, const std::filesystem::path& d)
      : golden_(formats::read_safetensors(tensors)) {
    const StateDict generator = formats::tensors_of(formats::read_checkpoint(g).root.at("g_ema"));
    const StateDict discriminator = formats::tensors_of(formats::read_checkpoint(d).root.at("d"));
    trainer_ = std::make_unique<GanTrainer>(nets::infer_stylegan2_config(generator, "golden"),
                                            nets::infer_stylegan2_discriminator_config(discriminator, "golden"),
                                            GanTrainerOptions());
    nets::load_strict(*trainer_->generator, generator, "golden");
    nets::load_strict(*trainer_->average, generator, "golden");
    nets::load_strict(*trainer_->discriminator, discriminator, "golden");
  }

  Latents latents(const char* name, int64_t inject) const { return {golden_.at(name)[0], golden_.at(name)[1], inject}; }
  const Tensor& golden(const std::string& name) const { return golden_.at(name); }
  GanTrainer& trainer() { return *trainer_; }

  /// At least `share` of the values within `tolerance` of the largest golden one.
  void check(const std::string& name, const Tensor& actual, double tolerance, double share = 1) const {
    const double scale = std::max(1e-12, golden(name).abs().max().item<double>());
    test::expect_close(name, actual.reshape(golden(name).sizes()) / scale, golden(name) / scale, tolerance, share);
  }
  void check(const std::string& name, double actual, double tolerance) const {
    check(name, torch::tensor(actual, torch::kFloat64), tolerance);
  }

 private:
  StateDict golden_;
  std::unique_ptr<GanTrainer> trainer_;
};

/// Ten times what the published code differs from itself under another summation order, and at least 1e-3.
TEST(GanTrainer, OneIterationIsThePublishedOne) {
  LIFTED_GOLDEN_OR_SKIP(tensors, "stylegan2_train_iter.safetensors");
  LIFTED_GOLDEN_OR_SKIP(g, "stylegan2-256.pt");
  LIFTED_GOLDEN_OR_SKIP(d, "stylegan2-disc-256.pt");
  GoldenIteration iteration(tensors, g, d);
  GanTrainer& trainer = iteration.trainer();
  const auto real = test::enlarged(iteration.golden("real64"));

  const auto loss = trainer.discriminator_backward(real, {iteration.latents("z_d", 4)});
  iteration.check("d_loss", loss.loss, 1e-3);
  iteration.check("real_score", loss.real_logits.mean(), 1e-3);
  iteration.check("fake_score", loss.fake_logits.mean(), 1e-3);
  iteration.check("gradnorm_d", trainer.update_discriminator("logistic"), 1e-3);
  iteration.check("r1_loss", trainer.r1_backward(real), 1e-3);
  iteration.check("gradnorm_r1", trainer.update_discriminator("R1"), 1e-3);
  iteration.check("g_loss", trainer.generator_backward({iteration.latents("z_g", 9)}), 1e-3);
  iteration.check("gradnorm_g", trainer.update_generator("generator"), 2e-2);
  const auto path =
      trainer.path_backward({{iteration.latents("z_path", 6), iteration.golden("path_noise").to(torch::kFloat32)}});
  iteration.check("path_loss", path.penalty, 5e-2);
  iteration.check("path_lengths", path.lengths, 3e-2);
  iteration.check("mean_path_length", trainer.path_mean, 3e-2);
  iteration.check("gradnorm_path", trainer.update_generator("path length"), 1e-1);
  trainer.update_average(kAverageDecay);

  const auto generator = nets::state_of(*trainer.generator), average = nets::state_of(*trainer.average);
  for (const char* name : {"style.1.bias", "conv1.noise.weight", "conv1.activate.bias", "convs.3.conv.modulation.bias",
                           "to_rgbs.5.bias", "to_rgbs.5.conv.weight"}) {
    // Adam's first steps are about the sign of a gradient: an element whose gradient is near zero may go either way.
    iteration.check(std::string("G.") + name, generator.at(name), 1e-2, 0.995);
    iteration.check(std::string("ema.") + name, average.at(name), 1e-4);
  }
  const auto discriminator = nets::state_of(*trainer.discriminator);
  for (const char* name :
       {"convs.0.1.bias", "convs.0.0.weight", "final_linear.1.weight", "final_linear.1.bias", "final_conv.1.bias"}) {
    iteration.check(std::string("D.") + name, discriminator.at(name), 1e-3);
  }
}

GanTrainer small_trainer() {
  torch::manual_seed(5);
  nets::Stylegan2Config generator;
  generator.size = 8;
  generator.z_dim = generator.w_dim = 16;
  generator.mapping_layers = 2;
  generator.channels = {8, 8};
  GanTrainer trainer(generator, {.size = 8, .channels = {8, 8}}, {});
  return trainer;
}

TEST(GanTrainer, AMoveKeepsWhatTheOptimizersKnow) {
  auto trainer = small_trainer();
  const auto real = torch::randn({4, 3, 8, 8}).clamp(-1, 1);
  const Latents latents{torch::randn({4, 16}), {}, 0};
  const auto step = [&] {
    trainer.discriminator_backward(real, {latents});
    trainer.update_discriminator("logistic");
    trainer.generator_backward({latents});
    trainer.update_generator("generator");
  };
  step();
  StateDict before;
  for (const auto& [name, tensor] : trainer.state()) before[name] = tensor.detach().clone();
  EXPECT_GT(before.at("d_optim.final_linear.1.weight.exp_avg_sq").abs().max().item<float>(), 0);
  EXPECT_EQ(before.at("g_optim.input.input.step").item<int64_t>(), 1);
  trainer.to(torch::kCPU);
  for (const auto& [name, tensor] : trainer.state()) EXPECT_TRUE(tensor.equal(before.at(name))) << name;
}

TEST(GanTrainer, StateContinuesExactly) {
  auto a = small_trainer();
  const auto real = torch::randn({4, 3, 8, 8}).clamp(-1, 1);
  const auto step = [&](GanTrainer& t, uint64_t seed) {
    torch::manual_seed(seed);
    const Latents latents{torch::randn({4, 16}), torch::randn({4, 16}), 1};
    t.discriminator_backward(real, {latents});
    t.update_discriminator("logistic");
    t.r1_backward(real);
    t.update_discriminator("R1");
    t.generator_backward({latents});
    t.update_generator("generator");
    t.path_backward({{latents, torch::randn({4, 3, 8, 8})}});
    t.update_generator("path length");
    t.update_average(0.9);
  };
  step(a, 1);
  StateDict saved;
  for (const auto& [name, tensor] : a.state()) saved[name] = tensor.detach().clone();
  step(a, 2);

  auto b = small_trainer();
  step(b, 9);  // somewhere else
  b.load_state(saved, "saved");
  step(b, 2);
  const StateDict expected = a.state(), actual = b.state();
  ASSERT_EQ(expected.size(), actual.size());
  for (const auto& [name, tensor] : expected) EXPECT_TRUE(tensor.equal(actual.at(name))) << name;
}

TEST(GanTrainer, StopsBeforeNanReachesTheWeights) {
  auto trainer = small_trainer();
  const auto before = trainer.state().at("d.final_linear.1.weight").detach().clone();
  const Latents latents{torch::randn({2, 16}), {}, 0};
  EXPECT_THROW(trainer.discriminator_backward(torch::full({2, 3, 8, 8}, NAN), {latents}), NonFiniteError);
  trainer.discriminator_backward(torch::zeros({2, 3, 8, 8}), {latents});
  auto parameter = trainer.discriminator->named_parameters()["final_linear.1.weight"];
  parameter.mutable_grad()[0][0] = NAN;
  try {
    trainer.update_discriminator("logistic");
    FAIL() << "accepted a NaN";
  } catch (const NonFiniteError& error) {
    EXPECT_NE(std::string(error.what()).find("final_linear.1.weight"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(before.equal(trainer.state().at("d.final_linear.1.weight")));
}

}  // namespace
}  // namespace lifted::train
