#include "lifted/ops/self_test.h"

#include <fmt/format.h>

#include <ATen/Context.h>
#include <cmath>
#include <functional>

#include "lifted/base/file.h"
#include "lifted/base/runtime.h"
#include "lifted/ops/affine_warp.h"
#include "lifted/ops/bias_act.h"
#include "lifted/ops/cuda/device_name.h"
#include "lifted/ops/direction_distance.h"
#include "lifted/ops/fir_resample.h"
#include "lifted/ops/group_norm_relu.h"
#include "lifted/ops/modulated_conv.h"
#include "lifted/ops/project_upsample.h"
#include "lifted/ops/rasterize.h"
#include "lifted/ops/reflect_blur.h"
#include "lifted/ops/rowwise_linear.h"
#include "lifted/ops/styled_conv.h"
#include "lifted/ops/surface.h"
#include "lifted_version.h"

namespace lifted::ops {
namespace {
using torch::Tensor;
using Tensors = std::vector<Tensor>;

/// An op on inputs that are drawn alike for every device. Those with `differentiable` are leaves: the gradient of the
/// results' weighted sum with respect to them is compared as well.
struct Probe {
  const char* op;
  double bound;
  Tensors inputs;
  size_t differentiable;  // how many of the inputs, from the first
  std::function<Tensors(const Tensors&, Implementation)> run;
};

/// Fixed numbers that look random, without any generator.
Tensor spread(at::IntArrayRef sizes, double step) {
  const auto count = c10::multiply_integers(sizes);
  return at::arange(count, at::kDouble).add(1).mul(step).sin().mul(1.5).reshape(sizes).to(at::kFloat);
}

Tensor channels_last(const Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

/// A smooth grid in front of the camera, about a quad a pixel, turned so that no pixel centre lies on an edge.
Tensor smooth_grid(int64_t side) {
  const auto ramp = at::linspace(-0.97, 0.93, side);
  const auto depth = 1 + 0.1 * at::sin(3 * ramp + 0.2).view({1, side, 1}) * at::cos(2 * ramp).view({1, 1, side});
  const auto x = ramp.view({1, 1, side}) + 0.13 * ramp.view({1, side, 1}), y = ramp.view({1, side, 1}) * 1.07;
  return at::stack({x / 11.43 * depth, y / 11.43 * depth, depth}, 3).contiguous();
}

std::vector<Probe> resampling_probes() {
  const auto x = spread({2, 17, 9, 11}, 0.77), bias = spread({17}, 0.31), fir = fir_kernel({1, 3, 3, 1}, 4);
  return {{"bias_act",
           1e-5,
           {x, bias},
           2,
           [](const Tensors& in, Implementation i) { return Tensors{bias_act(in[0], in[1], {.clamp = 1.2}, i)}; }},
          {"bias_act, channels_last",
           1e-5,
           {channels_last(x), bias},
           2,
           [](const Tensors& in, Implementation i) { return Tensors{bias_act(in[0], in[1], {}, i)}; }},
          {"fir_resample up",
           1e-5,
           {x, fir},
           1,
           [](const Tensors& in, Implementation i) {
             return Tensors{fir_resample(in[0], in[1], FirResampleOptions::uniform(2, 1, 2, 1), i)};
           }},
          {"fir_resample down",
           1e-5,
           {channels_last(x), fir},
           1,
           [](const Tensors& in, Implementation i) {
             return Tensors{fir_resample(in[0], in[1], FirResampleOptions::uniform(1, 2, 1, 1), i)};
           }},
          {"affine_warp",
           5e-5,
           {x, at::tensor({1.1f, 0.8f, 1.3f, -0.9f, 1.2f, -0.7f, 0.0f, 0.0f, 1.0f}).view({1, 3, 3}).repeat({2, 1, 1})},
           1,
           [](const Tensors& in, Implementation i) { return Tensors{affine_warp(in[0], in[1].cpu(), i)}; }},
          {"reflect_blur", 1e-5, {x}, 1, [](const Tensors& in, Implementation i) {
             return Tensors{reflect_blur(in[0], 4, 2, i)};
           }}};
}

std::vector<Probe> network_probes() {
  const auto x = channels_last(spread({2, 16, 8, 8}, 0.77)), style = spread({2, 16}, 0.41) + 2,
             weight = spread({24, 16, 3, 3}, 0.13), fir = fir_kernel({1, 3, 3, 1}, 4);
  const auto norm_weight = spread({16}, 0.9), norm_bias = spread({16}, 1.1);
  return {
      {"modulated_conv",
       2e-4,
       {x, weight, style, fir},
       3,
       [](const Tensors& in, Implementation i) {
         return Tensors{modulated_conv(in[0], in[1], in[2], in[3], {.upsample = true}, i)};
       }},
      {"styled_conv",
       1e-4,
       {x, weight, style, spread({24}, 0.3), spread({1, 1, 16, 16}, 0.21)},
       0,
       [](const Tensors& in, Implementation i) {
         StyledConvInputs layer;
         layer.x = in[0], layer.in_scale = in[2], layer.bias = in[3], layer.noise = in[4];
         layer.noise_strength = 0.3f, layer.activation = {.slope = 0.2f, .gain = 1.4f};
         layer.upsample = true, layer.fir = {0.25f, 0.75f, 0.75f, 0.25f};
         return Tensors{styled_conv(pack_weights(in[1]), layer, i)};
       }},
      {"group_norm_relu",
       1e-4,
       {x, norm_weight, norm_bias},
       3,
       [](const Tensors& in, Implementation i) {
         return Tensors{group_norm_relu(in[0].clone(), {4, in[1], in[2]}, i)};
       }},
      {"group_norm_relu_conv",
       1e-4,
       {x, norm_weight, norm_bias, spread({1, 16, 5, 5}, 0.37)},
       4,
       [](const Tensors& in, Implementation i) {
         return Tensors{group_norm_relu_conv(in[0], {4, in[1], in[2]}, in[3], {}, i)};
       }},
      {"project_upsample",
       1e-4,
       {spread({2, 12, 16, 16}, 0.2), spread({16, 12, 1, 1}, 0.7), x},
       3,
       [](const Tensors& in, Implementation i) { return Tensors{project_and_add_upsampled(in[0], in[1], in[2], i)}; }},
      {"rowwise_linear",
       1e-4,
       {spread({3, 40}, 0.2), spread({18, 40}, 0.7), spread({18}, 0.5)},
       3,
       [](const Tensors& in, Implementation i) { return Tensors{rowwise_linear(in[0], in[1], in[2], i)}; }},
      {"direction_distance",
       1e-5,
       {spread({2, 24, 7, 9}, 0.37), spread({2, 24, 7, 9}, 0.53)},
       1,
       [](const Tensors& in, Implementation i) { return Tensors{direction_distance(in[0], in[1], {}, i)}; }}};
}

std::vector<Probe> geometry_probes() {
  const auto depth = 1 + 0.05 * spread({2, 12, 12}, 0.11), albedo = spread({2, 3, 12, 12}, 0.7);
  const auto half = at::full({2}, 0.5), direction = at::tensor({0.1f, 0.2f, 0.97f, 0.3f, 0.1f, 0.95f}).view({2, 3});
  const auto draw = [](bool perspective) {
    return [perspective](const Tensors& in, Implementation i) {
      const auto drawn = rasterize(
          in[0], in[1], {.size = 48, .focal = 11.43, .background_depth = 1.2, .perspective_correct = perspective}, i);
      return Tensors{drawn.image, drawn.depth};
    };
  };
  return {{"surface_vertices",
           1e-5,
           {depth, spread({2, 3, 3}, 0.9), spread({2, 3}, 0.8), at::full({2, 1, 12, 12}, 0.7)},
           4,
           [](const Tensors& in, Implementation i) {
             return Tensors{surface_vertices(in[0], {11.5, 5.5}, in[1], in[2], in[3], i)};
           }},
          {"shade_surface",
           1e-4,
           {depth, albedo, half, direction},
           4,
           [](const Tensors& in, Implementation i) {
             const auto shaded = shade_surface(in[0], {11.5, 5.5}, true, {in[2], in[2], in[3]}, in[1], i);
             return Tensors{shaded.normals, shaded.shading, shaded.image};
           }},
          {"rasterize", 1e-3, {smooth_grid(48), spread({1, 48, 48, 3}, 0.3)}, 2, draw(false)},
          {"rasterize, perspective", 1e-3, {smooth_grid(48), spread({1, 48, 48, 3}, 0.3)}, 2, draw(true)}};
}

std::vector<Probe> all_probes() {
  auto all = resampling_probes();
  for (auto& probe : network_probes()) all.push_back(std::move(probe));
  for (auto& probe : geometry_probes()) all.push_back(std::move(probe));
  return all;
}

struct Outcome {
  Tensors values, gradients;
};

Outcome run_probe(const Probe& probe, torch::Device device, Implementation implementation) {
  const at::AutoGradMode recording(true);
  Tensors inputs;
  for (size_t i = 0; i < probe.inputs.size(); ++i) {
    inputs.push_back(probe.inputs[i].to(device).detach().clone().requires_grad_(i < probe.differentiable));
  }
  Outcome outcome;
  {  // Without a gradient other forms run.
    const torch::NoGradGuard guard;
    for (const auto& value : probe.run(inputs, implementation)) outcome.values.push_back(value.cpu());
  }
  if (probe.differentiable == 0) return outcome;
  Tensor sum = at::zeros({}, at::TensorOptions(device));
  for (const auto& value : probe.run(inputs, implementation)) {
    sum = sum + (value * spread(value.sizes(), 0.7).to(device)).sum();
    outcome.values.push_back(value.detach().cpu());
  }
  const Tensors leaves(inputs.begin(), inputs.begin() + static_cast<ptrdiff_t>(probe.differentiable));
  for (const auto& gradient : torch::autograd::grad({sum}, leaves)) outcome.gradients.push_back(gradient.cpu());
  return outcome;
}

/// NaN counts as infinitely wrong.
double worst_difference(const Tensors& found, const Tensors& expected) {
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const auto& exact = expected[i];
    const double scale = std::max(1e-12, exact.abs().max().item<double>());
    const double difference = (found[i] - exact).abs().max().item<double>() / scale;
    worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
  }
  return worst;
}

void check(const Probe& probe, torch::Device device, std::vector<SelfTestResult>& results) {
  SelfTestResult forward{probe.op, 0, probe.bound, {}};
  SelfTestResult backward{std::string(probe.op) + " gradient", 0, 10 * probe.bound, {}};
  try {
    const Outcome found = run_probe(probe, device, Implementation::fused),
                  expected = run_probe(probe, at::kCPU, Implementation::reference);
    forward.worst = worst_difference(found.values, expected.values);
    backward.worst = worst_difference(found.gradients, expected.gradients);
  } catch (const std::exception& error) {
    forward.reason = error.what();
  }
  const bool has_gradient = probe.differentiable > 0 && forward.reason.empty();
  results.push_back(std::move(forward));
  if (has_gradient) results.push_back(std::move(backward));
}

class WithoutTf32 {
 public:
  WithoutTf32() { set(false, false); }
  ~WithoutTf32() { set(matmul_, convolution_); }
  WithoutTf32(const WithoutTf32&) = delete;
  WithoutTf32& operator=(const WithoutTf32&) = delete;

 private:
  static void set(bool matmul, bool convolution) {
    at::globalContext().setAllowTF32CuBLAS(matmul);
    at::globalContext().setAllowTF32CuDNN(convolution);
  }
  bool matmul_ = at::globalContext().allowTF32CuBLAS(), convolution_ = at::globalContext().allowTF32CuDNN();
};

std::string key_of(torch::Device device) {
  return fmt::format("liftedgan {} ({}) | {} | {}\n", LIFTED_VERSION, LIFTED_COMPILER, libtorch_build(),
                     device_name(device));
}

bool is_remembered(const std::filesystem::path& file, const std::string& key) {
  try {
    return std::filesystem::exists(file) && read_text_file(file, 1 << 16).find(key) != std::string::npos;
  } catch (const std::exception&) {
    return false;
  }
}

void remember(const std::filesystem::path& file, const std::string& key) {
  try {
    const std::string before = std::filesystem::exists(file) ? read_text_file(file, 1 << 16) : "";
    write_file_atomically(file, before + key);
  } catch (const std::exception&) {  // The next program tests again.
  }
}

}  // namespace

std::vector<SelfTestResult> self_test(torch::Device device) {
  const WithoutTf32 exact;
  std::vector<SelfTestResult> results;
  for (const auto& probe : all_probes()) check(probe, device, results);
  return results;
}

SelfTestSummary self_test_once(torch::Device device, const std::filesystem::path& cache) {
  const auto file = cache / "self-test.txt";
  const std::string key = key_of(device);
  if (!cache.empty() && is_remembered(file, key)) return {true, {}, true};
  for (const auto& result : self_test(device)) {
    if (result.passed()) continue;
    const auto why = result.reason.empty()
                         ? fmt::format("differs by {:.1e} where {:.1e} is allowed", result.worst, result.bound)
                         : result.reason.substr(0, result.reason.find('\n'));
    return {false, fmt::format("{}: {}", result.op, why), false};
  }
  if (!cache.empty()) remember(file, key);
  return {true, {}, false};
}

std::string device_name(torch::Device device) {
#if defined(LIFTED_CUDA)
  const std::string card = device.is_cuda() ? cuda::card_name(device.index()) : "";
  if (!card.empty()) return card;
#endif
  return device.str();
}

}  // namespace lifted::ops
