// device_timings DEVICE [quick]: how long each operation of a training step takes there, beside its floor: the bytes it
// must move over the bandwidth of a copy, or its multiply-adds over the rate of a matrix product, both measured on the
// same device a moment before. A JSON object a line: {"op", "precision", "seconds", "floor"}, with "images_per_second"
// where pictures come out, or {"op", "precision", "error"} where an operation refuses a precision. Sizes are those of
// 256 pixels and batches of 8, pictures' of 64; `quick` takes a sixteenth of the pixels and one sample (two in a
// training's step).
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <ATen/Context.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include "lifted/base/runtime.h"
#include "lifted/base/torch_nn.h"
#include "lifted/model/lifted_gan.h"
#include "lifted/ops/affine_warp.h"
#include "lifted/ops/bias_act.h"
#include "lifted/ops/direction_distance.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/ops/group_norm_relu.h"
#include "lifted/ops/rasterize.h"
#include "lifted/ops/surface.h"
#include "lifted/train/adam.h"
#include "lifted/train/gan_task.h"
#include "lifted/train/lift_trainer.h"

namespace lifted {
namespace {
using torch::Tensor;

struct Arithmetic {
  std::string name;
  torch::ScalarType type;
  bool tf32;
};

struct Case {
  std::string name;
  std::function<void()> run;
  double bytes = 0, operations = 0;
  int64_t images = 0;  // that come out of one run
};

/// Where and how large.
struct Setting {
  torch::Device device;
  int64_t batch, side;
  torch::TensorOptions options;

  Tensor random(torch::IntArrayRef shape) const { return torch::randn(shape, options); }
};

void wait_for(torch::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

/// Seconds of one call: the mean of as many as fit a tenth of a second, the best of three such rounds; the better of
/// two calls of over a quarter of a second.
double seconds_of(const std::function<void()>& work, torch::Device device) {
  using Clock = std::chrono::steady_clock;
  const auto measure = [&](int times) {
    wait_for(device);
    const auto start = Clock::now();
    for (int i = 0; i < times; ++i) work();
    wait_for(device);
    return std::chrono::duration<double>(Clock::now() - start).count() / times;
  };
  work();
  const double first = measure(1);
  const int times = std::clamp(static_cast<int>(0.1 / std::max(first, 1e-6)), 1, 200);
  double best = first;
  for (int round = 0; round < (first > 0.25 ? 1 : 3); ++round) best = std::min(best, measure(times));
  return best;
}

/// Bytes a second of a copy, read and written both counted.
double measure_bandwidth(torch::Device device) {
  const auto from = torch::ones({device.is_cuda() ? 1 << 28 : 1 << 24}, torch::TensorOptions().device(device));
  auto to = torch::empty_like(from);
  return 2.0 * static_cast<double>(from.nbytes()) / seconds_of([&] { to.copy_(from); }, device);
}

/// Operations a second (two to a multiply-add) of a square matrix product.
double measure_rate(const Setting& setting) {
  const int64_t n = setting.device.is_cuda() ? 8192 : 1024;
  const auto a = setting.random({n, n}), b = setting.random({n, n});
  return 2.0 * static_cast<double>(n * n * n) / seconds_of([&] { torch::mm(a, b); }, setting.device);
}

double bytes_of(std::initializer_list<Tensor> tensors) {
  double total = 0;
  for (const auto& tensor : tensors) total += static_cast<double>(tensor.nbytes());
  return total;
}

void backward(const Tensor& output) {
  output.backward(torch::ones_like(output));
}

void add_layers(const Setting& s, std::vector<Case>& cases) {
  const int64_t channels = 64, half = s.side / 2;
  const auto x = s.random({s.batch, channels, s.side, s.side}), bias = s.random({channels});
  cases.push_back({"bias_act", [=] { ops::bias_act(x, bias); }, 2 * bytes_of({x})});
  const auto leaf = x.detach().clone().set_requires_grad(true);
  cases.push_back({"bias_act and gradient", [=] { backward(ops::bias_act(leaf, bias)); }, 6 * bytes_of({x})});

  const auto small = s.random({s.batch, channels, half, half});
  const auto kernel = ops::fir_kernel({1, 3, 3, 1}, 4).to(s.device, x.scalar_type());
  const auto up = ops::FirResampleOptions::uniform(2, 1, 2, 1);
  cases.push_back(
      {"fir_resample to twice the size", [=] { ops::fir_resample(small, kernel, up); }, bytes_of({small, x})});
  const auto weight = s.random({channels, channels, 3, 3});
  cases.push_back({"convolution 3x3", [=] { torch::conv2d(x, weight, {}, 1, 1); }, 2 * bytes_of({x}),
                   2.0 * 9 * channels * static_cast<double>(x.numel())});
  const auto scale = torch::ones({channels}, s.options), shift = torch::zeros({channels}, s.options);
  cases.push_back({"group_norm_relu", [=] { ops::group_norm_relu(x.clone(), {16, scale, shift}); }, 4 * bytes_of({x})});
  const auto other = s.random(x.sizes());
  cases.push_back({"direction_distance", [=] { ops::direction_distance(x, other); }, bytes_of({x, other})});
}

void add_scene(const Setting& s, std::vector<Case>& cases) {
  const auto depth = 1 + 0.01 * s.random({s.batch, s.side, s.side});
  const ops::SurfaceCamera camera{10.0, 0.5 * static_cast<double>(s.side - 1)};
  cases.push_back({"normals", [=] { ops::shade_surface(depth, camera, true); }, 4 * bytes_of({depth})});

  const auto steps = torch::linspace(-0.09, 0.09, s.side, s.options);
  const auto x = steps.view({1, 1, -1, 1}).expand({s.batch, s.side, s.side, 1});
  const auto y = steps.view({1, -1, 1, 1}).expand({s.batch, s.side, s.side, 1});
  const auto vertices = torch::cat({x, y, depth.unsqueeze(-1)}, 3).contiguous().set_requires_grad(true);
  const auto colours = s.random({s.batch, s.side, s.side, 3}).set_requires_grad(true);
  ops::RasterizeOptions options;
  options.size = s.side;
  options.focal = 1 / 0.0875;
  const double bytes = bytes_of({vertices, colours, colours, depth, depth});
  cases.push_back({"rasterize",
                   [=] {
                     const torch::NoGradGuard guard;
                     ops::rasterize(vertices, colours, options);
                   },
                   bytes});
  cases.push_back({"rasterize and gradient",
                   [=] {
                     const auto seen = ops::rasterize(vertices, colours, options);
                     (seen.image.sum() + seen.depth.sum()).backward();
                   },
                   3 * bytes});
}

void add_training(const Setting& s, std::vector<Case>& cases) {
  const auto images = s.random({s.batch, 3, s.side, s.side});
  auto maps = torch::eye(3, s.options).repeat({s.batch, 1, 1});
  maps.select(1, 0).select(1, 1).fill_(0.2);
  cases.push_back({"affine warp", [=] { ops::affine_warp(images, maps); }, 2 * bytes_of({images})});

  auto linear = torch::nn::Linear(2048, 2048);
  linear->to(s.device, s.options.dtype().toScalarType());
  auto adam = std::make_shared<train::Adam>(*linear, train::AdamOptions());
  adam->to(s.device);
  backward(linear->forward(s.random({1, 2048})).sum());
  cases.push_back({"Adam of 4 million numbers", [=] { adam->step(); }, 7 * bytes_of({linear->weight})});
}

/// The published sizes with random weights: speed does not depend on what they say.
model::LiftedGan make_gan(const Setting& s, const Arithmetic& precision) {
  nets::Stylegan2Config config;
  config.size = static_cast<int>(s.side);
  config.channels = nets::lite_channels(config.size);
  nets::Stylegan2Generator generator(config);
  if (precision.type != torch::kFloat32) generator->use_half(precision.type);
  model::LiftingNetworks networks(nets::LiftingConfig::at(config.size, config.channels.back(), config.w_dim));
  model::WStatistics statistics;
  statistics.mean = torch::zeros({config.w_dim});
  model::LiftedGan gan(generator, networks, model::LiftConfig::at(config.size), statistics);
  gan.to(s.device);
  return gan;
}

/// From latents to pictures, StyleGAN2's wide blocks in `precision`.
void add_pipeline(const Setting& s, const Arithmetic& precision, std::vector<Case>& cases) {
  const auto gan = std::make_shared<model::LiftedGan>(make_gan(s, precision));
  const auto w = gan->generator()->map(s.random({s.batch, 512}));
  const auto without_gradient = [](auto work) {
    return [work] {
      const torch::NoGradGuard guard;
      work();
    };
  };
  cases.push_back({"synthesis", without_gradient([=] { gan->generator()->synthesize(w); }), 0, 0, s.batch});
  cases.push_back({"latent to picture", without_gradient([=] { gan->render(gan->estimate(w)); }), 0, 0, s.batch});
}

/// A step of lifting with every loss, VGG-16 and a face network among them.
void add_lifting(const Setting& s, const Arithmetic& precision, std::vector<Case>& cases) {
  train::LiftTrainerOptions options;
  options.precision = precision.type == torch::kBFloat16 ? Precision::bf16 : Precision::fp32;
  nets::Vgg16 vgg;
  nets::FaceEmbedding embedding(nets::FaceEmbeddingConfig{.size = std::min<int>(static_cast<int>(s.side), 128)});
  embedding->eval();
  for (torch::nn::Module* judge : std::initializer_list<torch::nn::Module*>{&*vgg, &*embedding}) {
    judge->to(s.device);
    for (auto& p : judge->parameters()) p.set_requires_grad(false);
  }
  auto gan = make_gan(s, {"fp32", torch::kFloat32, precision.tf32});
  gan.statistics().sigma_inv = 1;
  auto trainer = std::make_shared<train::LiftTrainer>(
      gan, train::LiftCritics{train::PerceptualLoss(train::perceptual_maps(vgg)), embedding}, options);
  trainer->to(s.device);
  auto random = at::detail::createCPUGenerator(1);
  cases.push_back({"lifting step",
                   [=] {
                     trainer->backward(train::LiftDraws::draw(s.batch, 512, random, random));
                     trainer->update();
                   },
                   0, 0, s.batch});
}

/// StyleGAN2 at the published code's widths: 16 steps of D and G, R1 in one of them and the path length in four.
void add_gan(const Setting& s, const Arithmetic& precision, std::vector<Case>& cases) {
  constexpr int kCycle = 16;
  train::GanOptions options;
  train::set_channels(options, "lite", static_cast<int>(s.side));
  if (precision.type == torch::kBFloat16) options.training.precision = Precision::bf16;
  auto trainer = std::make_shared<train::GanTrainer>(options.generator, options.discriminator, options.training);
  trainer->to(s.device);
  const auto real = s.random({s.batch, 3, s.side, s.side});
  const auto latents = [=](int64_t count) {
    const int64_t z = trainer->generator->config().z_dim;
    return train::Latents{s.random({count, z}), s.random({count, z}), 4};
  };
  const auto step = [=](int number) {
    trainer->discriminator_backward(real, {.latents = latents(s.batch)});
    trainer->update_discriminator("D");
    trainer->generator_backward({.latents = latents(s.batch)});
    trainer->update_generator("G");
    trainer->update_average(0.998);
    if (number % options.training.d_reg_every == 0) {
      trainer->r1_backward(real);
      trainer->update_discriminator("R1");
    }
    if (number % options.training.g_reg_every == 0) {
      const auto half = s.batch / 2;
      trainer->path_backward({{.latents = latents(half), .image_noise = torch::randn_like(real.narrow(0, 0, half))}});
      trainer->update_generator("path");
    }
  };
  cases.push_back({"StyleGAN2, 16 steps",
                   [=] {
                     for (int number = 0; number < kCycle; ++number) step(number);
                   },
                   0, 0, kCycle * s.batch});
}

void print(const Arithmetic& precision, const Case& c, const Setting& s, double bandwidth, double rate) {
  nlohmann::ordered_json line = {{"op", c.name}, {"precision", precision.name}};
  try {
    line["seconds"] = seconds_of(c.run, s.device);
    if (c.images > 0) {
      line["images_per_second"] = static_cast<double>(c.images) / line["seconds"].get<double>();
    } else {
      line["floor"] = std::max(c.bytes / bandwidth, c.operations / rate);
    }
  } catch (const std::exception& error) {
    const std::string text = error.what();
    line["error"] = text.substr(0, std::min<size_t>(text.find('\n'), 160));
  }
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

void measure(const Arithmetic& precision, const Setting& setting, double bandwidth) {
  at::globalContext().setAllowTF32CuDNN(precision.tf32);
  at::globalContext().setAllowTF32CuBLAS(precision.tf32);
  std::vector<Case> cases;
  add_layers(setting, cases);
  const double rate = measure_rate(setting);
  if (precision.type == torch::kFloat32) {  // geometry, optimizer and statistics are never computed in less
    add_scene(setting, cases);
    add_training(setting, cases);
  }
  Setting pictures = setting;
  pictures.options = setting.options.dtype(torch::kFloat32);
  if (pictures.batch > 1) pictures.batch = 64;
  add_pipeline(pictures, precision, cases);
  if (!setting.device.is_cuda() || precision.name != "fp32") {  // nobody trains in it there
    Setting training = pictures;
    training.batch = std::max<int64_t>(setting.batch, 2);  // half of them in the path length
    add_lifting(training, precision, cases);
    add_gan(training, precision, cases);
  }
  fmt::print("{}\n",
             nlohmann::ordered_json{{"op", "matrix product"}, {"precision", precision.name}, {"rate", rate}}.dump());
  for (const auto& c : cases) print(precision, c, setting, bandwidth, rate);
}

}  // namespace
}  // namespace lifted

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  using namespace lifted;
  try {
    const torch::Device device = parse_device(argv[1]);
    const bool quick = argc > 2;
    const double bandwidth = measure_bandwidth(device);
    fmt::print("{}\n", nlohmann::json{{"op", "copy"}, {"precision", "bytes"}, {"rate", bandwidth}}.dump());
    const std::vector<Arithmetic> precisions = {
        {"fp32", torch::kFloat32, false}, {"tf32", torch::kFloat32, true}, {"bf16", torch::kBFloat16, true}};
    for (const Arithmetic& precision : precisions) {
      if (precision.name == "tf32" && !device.is_cuda()) continue;
      const auto options = torch::TensorOptions().device(device).dtype(precision.type);
      measure(precision, {device, quick ? 1 : 8, quick ? 64 : 256, options}, bandwidth);
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
