#include "lifted/train/gan_losses.h"

#include "lifted/formats/checkpoint.h"
#include "lifted/formats/safetensors.h"
#include "lifted/nets/load.h"
#include "lifted/nets/stylegan2.h"
#include "lifted/nets/stylegan2_discriminator.h"
#include "tests/support/golden.h"

namespace lifted::train {
namespace {
using torch::Tensor;

void expect_scaled(const std::string& name, const Tensor& actual, const Tensor& expected, double tolerance = 1e-3) {
  const double scale = expected.abs().max().item<double>();
  test::expect_close(name, actual / scale, expected / scale, tolerance);
}

/// The norm of each parameter's gradient, in the network's order; 0 where there is none.
Tensor gradient_norms(const torch::nn::Module& network) {
  std::vector<Tensor> norms;
  for (const auto& p : network.parameters()) norms.push_back(p.grad().defined() ? p.grad().norm() : torch::zeros({}));
  return torch::stack(norms);
}

nets::Stylegan2Discriminator published_discriminator(const std::filesystem::path& path) {
  const StateDict state = formats::tensors_of(formats::read_checkpoint(path).root.at("d"));
  nets::Stylegan2Discriminator network(nets::infer_stylegan2_discriminator_config(state, "golden"));
  nets::load_strict(*network, state, "golden");
  return network;
}

/// The published 256-pixel generator cut down to its first resolutions.
nets::Stylegan2Generator published_generator(const std::filesystem::path& path, int size) {
  const StateDict state = formats::tensors_of(formats::read_checkpoint(path).root.at("g_ema"));
  auto config = nets::infer_stylegan2_config(state, "golden");
  config.channels.resize(static_cast<size_t>(std::log2(size)) - 1);
  config.size = size;
  nets::Stylegan2Generator network(config);
  StateDict subset;
  for (const auto& item : network->named_parameters()) subset[item.key()] = state.at(item.key());
  for (const auto& item : network->named_buffers()) subset[item.key()] = state.at(item.key());
  nets::load_strict(*network, subset, "golden");
  return network;
}

/// One code per layer: the first from z1 below `inject`, from z2 from there on.
Tensor mixed_codes(const nets::Stylegan2Generator& generator, const Tensor& z1, const Tensor& z2, int inject) {
  const int layers = generator->layers();
  const auto spread = [&](const Tensor& z, int count) { return generator->map(z).unsqueeze(1).repeat({1, count, 1}); };
  return torch::cat({spread(z1, inject), spread(z2, layers - inject)}, 1);
}

TEST(GanLosses, DiscriminatorLossesAndGradientsArePublishedOnes) {
  LIFTED_GOLDEN_OR_SKIP(weights, "stylegan2-disc-256.pt");
  LIFTED_GOLDEN_OR_SKIP(tensors, "stylegan2.safetensors");
  const StateDict golden = formats::read_safetensors(tensors);
  auto network = published_discriminator(weights);
  const auto real = test::enlarged(golden.at("real64")), fake = test::enlarged(golden.at("fake64"));

  const auto loss = logistic_discriminator_loss(network->forward(real), network->forward(fake));
  expect_scaled("d_logistic_loss", loss, golden.at("d_logistic_loss"), 1e-5);
  loss.backward();
  const auto norms = gradient_norms(*network);
  expect_scaled("d_logistic_gradnorm", norms.norm(), golden.at("d_logistic_gradnorm"));
  expect_scaled("d_param_gradnorms", norms, golden.at("d_param_gradnorms"));

  expect_scaled("g_nonsaturating_loss", nonsaturating_generator_loss(network->forward(fake)),
                golden.at("g_nonsaturating_loss"), 1e-5);

  network->zero_grad();
  const auto images = real.clone().requires_grad_(true);
  const auto r1 = r1_penalty(network->forward(images), images);
  expect_scaled("d_r1_loss", r1, golden.at("d_r1_loss"));
  (10.0 / 2 * 16 * r1).backward();
  expect_scaled("d_r1_gradnorms", gradient_norms(*network), golden.at("d_r1_gradnorms"));
}

void check_path_length(int size, const std::string& prefix) {
  LIFTED_GOLDEN_OR_SKIP(weights, "stylegan2-256.pt");
  LIFTED_GOLDEN_OR_SKIP(tensors, "stylegan2.safetensors");
  const StateDict golden = formats::read_safetensors(tensors);
  const auto value = [&](const char* name) { return golden.at(prefix + name); };
  const auto generator = published_generator(weights, size);
  const auto codes = mixed_codes(generator, value("z1"), value("z2"), 3);
  const auto images = generator->synthesize(codes).image;
  const auto path = path_length_penalty(images, codes, value("noise").to(torch::kFloat32), torch::tensor(0.05f));
  expect_scaled(prefix + "lengths", path.lengths, value("lengths"));
  expect_scaled(prefix + "mean", path.mean, value("mean"));
  expect_scaled(prefix + "penalty", path.penalty, value("penalty"));
  path.penalty.backward();
  expect_scaled(prefix + "gradnorms", gradient_norms(*generator), value("gradnorms"));
}

TEST(GanLosses, PathLengthOf64PixelsIsThePublishedOne) {
  check_path_length(64, "path64_");
}
TEST(GanLosses, PathLengthOf256PixelsIsThePublishedOne) {
  check_path_length(256, "path256_");
}

TEST(GanLosses, RegularizersAreKnownForLinearMaps) {
  // D(x) = <a, x>: the penalty is |a|², its gradient 2a.
  const auto a = torch::randn({1, 3, 4, 4}, torch::kFloat64).requires_grad_(true);
  const auto x = torch::randn({5, 3, 4, 4}, torch::kFloat64).requires_grad_(true);
  const auto r1 = r1_penalty((a * x).sum(at::IntArrayRef{1, 2, 3}).unsqueeze(1), x);
  EXPECT_NEAR(r1.item<double>(), a.square().sum().item<double>(), 1e-12);
  r1.backward();
  EXPECT_TRUE(a.grad().allclose(2 * a));

  // G(w) = s·w as pixels: d<G, n/√P>/dw = s·n/√P.
  const auto s = torch::tensor(3.0, torch::kFloat64).requires_grad_(true);
  const auto w = torch::randn({2, 1, 48}, torch::kFloat64).requires_grad_(true);
  const auto noise = torch::randn({2, 3, 4, 4}, torch::kFloat64);
  const auto path =
      path_length_penalty((s * w).view({2, 3, 4, 4}), w, noise, torch::tensor(1.0, torch::kFloat64), 0.25);
  const auto expected = 3 * (noise.square().sum(at::IntArrayRef{1, 2, 3}) / 16).sqrt();
  EXPECT_TRUE(path.lengths.allclose(expected));
  EXPECT_TRUE(path.mean.allclose(0.75 + 0.25 * expected.mean()));
  EXPECT_TRUE(path.penalty.allclose((expected - path.mean).square().mean()));
}

}  // namespace
}  // namespace lifted::train
