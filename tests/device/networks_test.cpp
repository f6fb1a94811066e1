// Every network, the renderer, losses and augmentation with --device: on the stand-in nothing of theirs may lie on the
// CPU, and what comes out is what the CPU computes.
#include <gtest/gtest.h>

#include "lifted/base/device.h"
#include "lifted/nets/image_depth_net.h"
#include "lifted/nets/inception_v3.h"
#include "lifted/nets/stylegan2_discriminator.h"
#include "lifted/nets/vgg16.h"
#include "lifted/nets/view_light_probe.h"
#include "lifted/train/augment.h"
#include "lifted/train/gan_losses.h"
#include "lifted/train/lift_losses.h"
#include "lifted/train/projector.h"
#include "tests/support/golden.h"
#include "tests/support/stand_in_device.h"
#include "tests/support/tiny_networks.h"

namespace lifted {
namespace {
using test::stand_in_device;
using torch::Tensor;

Tensor images(int64_t count, int64_t size) {
  torch::manual_seed(7);
  return torch::rand({count, 3, size, size}) * 2 - 1;
}

/// As close as two ways of summing are: of the largest value.
void expect_same(const std::string& what, const Tensor& on_device, const Tensor& on_cpu, double tolerance = 2e-5) {
  ASSERT_EQ(on_device.device(), stand_in_device()) << what;
  ASSERT_EQ(on_device.sizes(), on_cpu.sizes()) << what;
  const double scale = std::max(1e-6, on_cpu.detach().abs().max().item<double>());
  EXPECT_LT((on_device.detach().cpu() - on_cpu.detach()).abs().max().item<double>() / scale, tolerance) << what;
}

TEST(StandInDevice, RefusesWhatLiesOnTheCpuAndCountsWaits) {
  const Tensor there = to_device(torch::ones({3}), stand_in_device());
  EXPECT_THROW(there + torch::ones({3}), c10::Error);
  EXPECT_THROW(torch::where(there > 0, torch::ones({3}), there), c10::Error);
  EXPECT_THROW(torch::randn({2}, at::detail::createCPUGenerator(1), there.options()), c10::Error);
  test::take_waits();
  EXPECT_EQ((there + 1).sum().item<double>(), 6);
  there.nonzero();
  torch::ones({3}).to(stand_in_device());
  to_device(torch::ones({3}), stand_in_device());
  EXPECT_EQ(test::take_waits(), (std::map<std::string, int64_t>{{"aten::nonzero", 1}, {"read", 1}, {"write", 1}}));
}

/// Runs `work` of a module on the CPU and, the module moved, on the stand-in.
template <typename Module, typename Work>
void expect_moves(const std::string& what, Module& module, const std::vector<Tensor>& inputs, const Work& work,
                  double tolerance = 2e-5) {
  const Tensor expected = work(module, inputs);
  module->to(stand_in_device());
  std::vector<Tensor> moved;
  for (const Tensor& input : inputs)
    moved.push_back(input.detach().to(stand_in_device()).requires_grad_(input.requires_grad()));
  expect_same(what, work(module, moved), expected, tolerance);
}

TEST(OnADevice, TheGeneratorWithAllNoises) {
  const auto w = torch::randn({2, 32});
  for (const auto mode : {nets::NoiseMode::constant, nets::NoiseMode::none, nets::NoiseMode::random}) {
    auto network = test::tiny_generator();
    expect_moves("image", network.generator, {torch::randn({2, 32})}, [&](auto& g, const auto& in) {
      return g->synthesize(g->map(in[0]), mode, at::detail::createCPUGenerator(3)).image;
    });
  }
}

TEST(OnADevice, TheDiscriminatorAndR1) {
  nets::Stylegan2Discriminator network(nets::Stylegan2DiscriminatorConfig{.size = 16, .channels = {16, 16, 8}});
  expect_moves("logits", network, {images(4, 16)}, [](auto& d, const auto& in) { return d->forward(in[0]); });
  nets::Stylegan2Discriminator fresh(nets::Stylegan2DiscriminatorConfig{.size = 16, .channels = {16, 16, 8}});
  expect_moves(
      "R1", fresh, {images(4, 16).requires_grad_(true)},
      [](auto& d, const auto& in) { return train::r1_penalty(d->forward(in[0]), in[0]); }, 1e-4);
}

TEST(OnADevice, LiftingAndItsGradients) {
  for (const bool gradients : {false, true}) {
    const torch::AutoGradMode mode(gradients);
    const auto w = torch::randn({2, 32});
    const auto picture = [&](const model::LiftedGan& gan, const Tensor& code) {
      const auto estimate = gan.estimate(code);
      const auto rendering = gan.render(estimate);
      const Tensor flipped = gan.render(estimate, {.light = {}, .view = {}, .flip = true}).recon_im;
      return torch::cat({rendering.recon_im, flipped, estimate.canon_albedo, gan.proxy_image(code)});
    };
    const auto network = test::tiny_lifted();
    const Tensor expected = picture(*network.lifted, w);
    std::vector<Tensor> wanted;
    const auto parameters = network.lifted->networks().depth->parameters();
    if (gradients) wanted = torch::autograd::grad({expected.square().sum()}, parameters);
    network.lifted->to(stand_in_device());
    const Tensor actual = picture(*network.lifted, to_device(w, stand_in_device()));
    expect_same("pictures", actual, expected, 1e-3);
    if (!gradients) continue;
    const auto found = torch::autograd::grad({actual.square().sum()}, network.lifted->networks().depth->parameters());
    // Together: a bias before a mean that is taken out has a gradient of rounding alone.
    const auto together = [](const std::vector<Tensor>& parts) {
      std::vector<Tensor> all;
      for (const Tensor& gradient : parts) all.push_back(gradient.detach().cpu().flatten());
      return torch::cat(all);
    };
    const Tensor here = together(wanted), there = together(found);
    EXPECT_LT(((here - there).norm() / here.norm()).item<double>(), 3e-2);
  }
}

TEST(OnADevice, TheSweepsOfAnEstimate) {
  const torch::NoGradGuard no_grad;
  const auto network = test::tiny_lifted();
  network.lifted->to(stand_in_device());
  const auto& gan = *network.lifted;
  const auto estimate = gan.estimate(to_device(torch::randn({1, 32}), stand_in_device()));
  const Tensor views = torch::stack({scene::yaw_view(-30), scene::pitch_view(10)});
  const auto turned = gan.render(estimate, {.light = {}, .view = to_device(views, stand_in_device())});
  EXPECT_EQ(turned.recon_im.size(0), 2);
  const Tensor normals = gan.renderer().normals(estimate.canon_depth);
  EXPECT_EQ(gan.recon_normal(normals, estimate.canon_depth, estimate.view).device(), stand_in_device());
  EXPECT_EQ(gan.neutral_shading(normals).device(), stand_in_device());
  EXPECT_EQ(gan.mix(estimate, estimate).canon_depth.device(), stand_in_device());
  EXPECT_EQ(gan.transfer_style(estimate, gan.features(estimate.neutral_style)).canon_depth.device(), stand_in_device());
}

TEST(OnADevice, WhatJudgesImages) {
  nets::Vgg16 vgg;
  expect_moves(
      "VGG-16", vgg, {images(2, 32)}, [](auto& n, const auto& in) { return n->forward(in[0]).back(); }, 1e-4);
  nets::InceptionV3 tensorflow(nets::InceptionInput::tensorflow), pytorch;
  for (auto* inception : {&tensorflow, &pytorch}) {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : (*inception)->parameters()) parameter.normal_().mul_(0.05);
    expect_moves(
        "Inception", *inception, {images(1, 32)}, [](auto& n, const auto& in) { return n->forward(in[0]); }, 1e-3);
  }
  nets::FaceEmbedding face(nets::named_face_embedding("small"));
  face->eval();
  expect_moves(
      "face", face, {images(2, 64)}, [](auto& n, const auto& in) { return n->forward(in[0]); }, 1e-4);
  nets::ViewLightProbe probe(nets::named_face_embedding("small"));
  probe->eval();
  expect_moves(
      "probe", probe, {images(2, 64)}, [](auto& n, const auto& in) { return n->forward(in[0]); }, 1e-4);
  nets::ImageDepthNet depth(nets::ImageDepthConfig{.size = 64});
  depth->eval();
  expect_moves(
      "depth", depth, {images(2, 64)}, [](auto& n, const auto& in) { return n->forward(in[0]).depth; }, 1e-4);
}

TEST(OnADevice, PerceptualAndLiftingLosses) {
  nets::FaceEmbedding face(nets::named_face_embedding("small"));
  face->eval();
  const Tensor mask = (images(2, 64).mean(1, true) > 0).to(torch::kFloat32), yaw = torch::tensor({10.f, 40.f});
  expect_moves(
      "losses", face, {images(2, 64).requires_grad_(true), images(2, 64).flip(0), mask},
      [&](auto& network, const auto& in) {
        const train::PerceptualLoss loss(train::perceptual_maps(network));
        const auto distance = loss.distances({in[1], in[0]}, {{1, 0, in[2]}})[0];
        const auto rank = train::albedo_rank_loss(in[0], in[2]);
        const auto identity = train::identity_loss(network, in[0], in[1], yaw);
        const auto sum = distance + rank + identity + train::image_loss(&loss, in[0], in[1], {}, in[2]);
        return torch::cat({sum.view({1}), torch::autograd::grad({sum}, {in[0]})[0].flatten()});
      },
      1e-3);
}

TEST(OnADevice, AugmentationToSecondOrder) {
  auto generator = at::detail::createCPUGenerator(5);
  const auto draw = train::draw_augmentation(0.8, {4, 3, 16, 16}, generator);
  const auto work = [&](const Tensor& x) {
    const Tensor out = train::augment(x, draw);
    const Tensor first = torch::autograd::grad({out.pow(3).sum()}, {x}, {}, true, true)[0];
    return torch::cat({out, torch::autograd::grad({first.square().sum()}, {x})[0]});
  };
  const Tensor x = images(4, 16).requires_grad_(true);
  expect_same("augmented", work(x.detach().to(stand_in_device()).requires_grad_(true)), work(x), 1e-4);
}

TEST(OnADevice, TheProjector) {
  auto network = test::tiny_generator();
  const Tensor targets = images(1, 16);
  for (const bool noise : {false, true}) {
    const train::ProjectorOptions options{.steps = 3, .per_layer = true, .noise_maps = noise};
    network.generator->to(torch::kCPU);
    const auto expected = train::project(network.generator, network.statistics, nullptr, targets, options);
    network.generator->to(stand_in_device());
    const auto found =
        train::project(network.generator, network.statistics, nullptr, to_device(targets, stand_in_device()), options);
    expect_same("codes", found.codes, expected.codes, 1e-3);
  }
}

}  // namespace
}  // namespace lifted
