// Training with --device: on the stand-in the steps are the CPU's, nothing is waited for between ticks, a NaN stops
// before a weight has changed, and runs move between devices.
#include <gtest/gtest.h>

#include "lifted/train/gan_task.h"
#include "lifted/train/lift_task.h"
#include "lifted/train/probe_task.h"
#include "tests/support/golden.h"
#include "tests/support/stand_in_device.h"
#include "tests/support/tiny_networks.h"

namespace lifted::train {
namespace {
using test::stand_in_device;
using torch::Tensor;

constexpr const char* kLosses[] = {"Loss/D/loss",     "Loss/G/loss", "Loss/r1_penalty",
                                   "Loss/pl_penalty", "Gradient/D",  "Gradient/G"};

class OnADeviceGan : public testing::Test {
 protected:
  OnADeviceGan() {
    torch::manual_seed(2);
    for (int i = 0; i < 24; ++i) {
      const auto image = torch::rand({3, 1, 1}) * 2 - 1 + 0.3 * torch::randn({3, 16, 16});
      formats::write_png(folder_ / fmt::format("{:02d}.png", i), formats::image_from_tensor(image));
    }
    images_ = std::make_shared<const data::Dataset>(folder_.path());
  }
  GanTask task(torch::Device device, AugmentMode augment = AugmentMode::fixed) const {
    GanOptions options;
    set_channels(options, "micro", 16);
    options.batch = 8;
    options.batch_part = 4;
    options.augment = augment;
    options.augment_strength = 0.3;
    options.training.lr = 1e-5;  // a usual rate multiplies what rounding does beyond any bound within a few steps
    options.seed = 5;
    return {options, images_, device};
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const data::Dataset> images_;
};

StateDict copy_of(const TrainingTask& task) {
  StateDict copy;
  for (const auto& [name, tensor] : task.state()) copy[name] = tensor.detach().cpu().clone();
  return copy;
}

/// Weights may differ by what rounding does to a few of Adam's steps.
void expect_close(const StateDict& actual, const StateDict& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    if (!name.starts_with("g.") && !name.starts_with("d.") && !name.starts_with("net")) continue;
    const double scale = std::max(1.0, tensor.abs().max().item<double>());
    EXPECT_LT((actual.at(name) - tensor).abs().mean().item<double>() / scale, tolerance) << name;
  }
}

TEST_F(OnADeviceGan, StepsAreTheCpus) {
  auto cpu = task(torch::kCPU), device = task(stand_in_device());
  for (int step = 0; step < 5; ++step) {
    Statistics here, there;
    cpu.step(here);
    device.step(there);
    for (const char* name : kLosses)
      EXPECT_NEAR(there.mean(name), here.mean(name), 5e-3 * std::max(1.0, std::abs(here.mean(name)))) << name << step;
  }
  device.check();
  expect_close(copy_of(device), copy_of(cpu), 1e-3);
}

TEST_F(OnADeviceGan, NoStepWaits) {
  auto device = task(stand_in_device(), AugmentMode::adaptive);
  Statistics statistics;
  device.step(statistics);
  test::take_waits();
  for (int step = 0; step < 5; ++step) device.step(statistics);
  for (const auto& [what, times] : test::take_waits()) ADD_FAILURE() << what << " " << times << " times in 5 steps";
  device.check();
  statistics.to_json();
  EXPECT_EQ(test::take_waits(), (std::map<std::string, int64_t>{{"read", 2}})) << "one flag, one list of numbers";
}

TEST_F(OnADeviceGan, RunsMoveFromCpuToDeviceAndBack) {
  auto whole = task(torch::kCPU), first = task(torch::kCPU), middle = task(stand_in_device()), last = task(torch::kCPU);
  Statistics statistics;
  for (int i = 0; i < 6; ++i) whole.step(statistics);
  const auto hand_over = [&](GanTask& from, GanTask& to) {
    for (int i = 0; i < 2; ++i) from.step(statistics);
    from.check();
    to.load_state(copy_of(from), from.values());
  };
  hand_over(first, middle);
  hand_over(middle, last);
  for (int i = 0; i < 2; ++i) last.step(statistics);
  EXPECT_EQ(last.values(), whole.values());
  expect_close(copy_of(last), copy_of(whole), 1e-3);
}

TEST_F(OnADeviceGan, ANanChangesNoWeightAndIsNamed) {
  auto device = task(stand_in_device());
  Statistics statistics;
  device.step(statistics);
  device.check();
  device.trainer().discriminator->named_parameters()["final_linear.1.bias"].data().fill_(NAN);
  const StateDict before = copy_of(device);
  for (int i = 0; i < 3; ++i) device.step(statistics);
  for (const auto& [name, tensor] : copy_of(device)) {
    const bool trained = name.starts_with("g.") || name.starts_with("d.") || name.find(".exp_avg") != std::string::npos;
    if (!trained) continue;
    EXPECT_TRUE(tensor.allclose(before.at(name), 0, 0, true)) << name;
  }
  try {
    device.check();
    FAIL() << "a NaN went unseen";
  } catch (const NonFiniteError& error) {
    EXPECT_EQ(std::string(error.what()), "the discriminator's logistic loss is nan");
    EXPECT_EQ(error.steps_before, 2);
  }
}

LiftTask lift_task(torch::Device device) {
  auto network = test::small_lifted();
  torch::manual_seed(3);
  nets::FaceEmbedding face(
      nets::FaceEmbeddingConfig{.size = 32, .dimensions = 16, .widths = {8, 8, 8, 8}, .blocks = {1, 1, 1, 1}});
  face->eval();
  for (auto& parameter : face->parameters()) parameter.requires_grad_(false);
  network.lifted->statistics().sigma_inv = 1;
  face->to(device);
  return {{.training = {}, .batch = 4, .seed = 1},
          {*network.lifted, {PerceptualLoss(perceptual_maps(face), 1), face}, {}},
          device};
}

TEST(OnADeviceLift, StepsAreTheCpus) {
  torch::manual_seed(1);
  auto cpu = lift_task(torch::kCPU);
  torch::manual_seed(1);
  auto device = lift_task(stand_in_device());
  for (int step = 0; step < 3; ++step) {
    Statistics here, there;
    cpu.step(here);
    device.step(there);
    for (const char* term : {"loss_total", "loss_rec", "loss_perturb_im", "loss_ID_perturb", "loss_albedo_rank"}) {
      const std::string name = std::string("Loss/") + term;
      EXPECT_NEAR(there.mean(name, -1), here.mean(name, -2), (step == 0 ? 5e-3 : 5e-2) * std::abs(here.mean(name)))
          << name << step;
    }
  }
  device.check();
  expect_close(copy_of(device), copy_of(cpu), 1e-3);
}

TEST(OnADeviceLift, AStepWaitsForTheSingularValuesAlone) {
  torch::manual_seed(1);
  auto device = lift_task(stand_in_device());
  Statistics statistics;
  device.step(statistics);
  test::take_waits();
  for (int step = 0; step < 2; ++step) device.step(statistics);
  auto waits = test::take_waits();
  // The rasterizer has no kernel for the stand-in: its tensors travel both ways. Blurs bring their taps.
  EXPECT_LE(waits["write"], 48);
  EXPECT_LE(waits["read"], 60);
  waits.erase("write"), waits.erase("read");
  EXPECT_EQ(waits, (std::map<std::string, int64_t>{{"aten::_linalg_svd", 2}}));
}

}  // namespace
}  // namespace lifted::train
