// The rasterizer and the stages around it: milliseconds per 256² image (real time divided by the batch). Arguments:
// batch, threads, yaw. Target: forward and backward ≤ 3 ms each on one core (PyTorch3D's own CPU rasterizer takes 54 s
// and 3 s for the same mesh, the published code over a triangle-major stand-in for it 12 ms and 9 ms).
#include "lifted/ops/rasterize.h"

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include "lifted/base/runtime.h"
#include "lifted/scene/renderer.h"

namespace {

using lifted::scene::LitScene;
using lifted::scene::Renderer;
using lifted::scene::RendererConfig;

constexpr int64_t kSize = 256;

/// Heads of a sort: a bump with ripples on a plane.
LitScene make_scene(int64_t batch, double yaw) {
  torch::manual_seed(0);
  const auto line = torch::linspace(-1, 1, kSize);
  const auto x = line.view({1, 1, kSize}), y = line.view({1, kSize, 1});
  const auto bump = (-(x.square() * 2.5 + y.square() * 1.6)).exp() * 0.12 + 0.003 * (30 * x).sin() * (25 * y).sin();
  auto view = lifted::scene::yaw_view(yaw).unsqueeze(0).expand({batch, 6}).contiguous();
  return {(1.05 - bump).expand({batch, kSize, kSize}).contiguous(), torch::rand({batch, 3, kSize, kSize}) * 2 - 1,
          torch::tensor({0.0, 0.4, 0.3, -0.2}).expand({batch, 4}).contiguous(), view,
          torch::ones({batch, 1, kSize, kSize})};
}

/// Repeats `work`, reporting the time of one image.
template <typename Work>
void repeat(benchmark::State& state, const Work& work) {
  at::set_num_threads(static_cast<int>(state.range(1)));
  work();
  for (auto _ : state) work();
  state.counters["ms_per_image"] =
      benchmark::Counter(static_cast<double>(state.range(0)) * 1e-3,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

lifted::ops::RasterizeOptions options() {
  lifted::ops::RasterizeOptions result;
  result.size = kSize;
  result.focal = lifted::scene::Camera{kSize}.image_focal();
  result.background_depth = 1.2;
  return result;
}

struct Mesh {
  torch::Tensor vertices, colours;
};
Mesh make_mesh(benchmark::State& state) {
  const auto scene = make_scene(state.range(0), static_cast<double>(state.range(2)));
  const Renderer renderer{RendererConfig{}};
  return {renderer.warp(scene.depth, RendererConfig{}.view_scale.apply(scene.view)),
          scene.albedo.permute({0, 2, 3, 1})};
}

void rasterize_forward(benchmark::State& state) {
  const auto mesh = make_mesh(state);
  torch::NoGradGuard no_grad;
  repeat(state, [&] { benchmark::DoNotOptimize(lifted::ops::rasterize(mesh.vertices, mesh.colours, options())); });
}

void rasterize_backward(benchmark::State& state) {
  const auto mesh = make_mesh(state);
  const auto vertices = mesh.vertices.clone().requires_grad_(), colours = mesh.colours.clone().requires_grad_();
  const auto drawn = lifted::ops::rasterize(vertices, colours, options());
  const auto grad_image = torch::randn_like(drawn.image), grad_depth = torch::randn_like(drawn.depth);
  repeat(state, [&] {
    benchmark::DoNotOptimize(
        torch::autograd::grad({drawn.image, drawn.depth}, {vertices, colours}, {grad_image, grad_depth}, true));
  });
}

/// Shading, warping and rasterizing, as a viewer does for every frame.
void render_without_gradients(benchmark::State& state) {
  const auto scene = make_scene(state.range(0), static_cast<double>(state.range(2)));
  const Renderer renderer{RendererConfig{}};
  torch::NoGradGuard no_grad;
  repeat(state, [&] { benchmark::DoNotOptimize(renderer.render_lit(scene)); });
}

void shade_and_warp(benchmark::State& state) {
  const auto scene = make_scene(state.range(0), static_cast<double>(state.range(2)));
  const Renderer renderer{RendererConfig{}};
  torch::NoGradGuard no_grad;
  repeat(state, [&] {
    benchmark::DoNotOptimize(renderer.normals(scene.depth));
    benchmark::DoNotOptimize(renderer.warp(scene.depth, scene.view, scene.transform_map));
  });
}

/// The differentiable path: composed tensor operations and the rasterizer, forward and backward.
void render_with_gradients(benchmark::State& state) {
  auto scene = make_scene(state.range(0), static_cast<double>(state.range(2)));
  for (auto* tensor : {&scene.depth, &scene.albedo, &scene.light, &scene.view, &scene.transform_map})
    tensor->requires_grad_();
  const Renderer renderer{RendererConfig{}};
  const auto weight = torch::randn({state.range(0), 3, kSize, kSize});
  repeat(state, [&] {
    const auto image = renderer.render_lit(scene).mesh.image;
    benchmark::DoNotOptimize(
        torch::autograd::grad({image}, {scene.depth, scene.albedo, scene.light, scene.view}, {weight}));
  });
}

void arguments(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"batch", "threads", "yaw"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const int64_t yaw : {0, 15, 45}) {
    for (const int64_t threads : {1, 2}) {
      for (const int64_t batch : {1, 8}) bench->Args({batch, threads, yaw});
    }
  }
}
BENCHMARK(rasterize_forward)->Apply(arguments);
BENCHMARK(rasterize_backward)->Apply(arguments);
BENCHMARK(shade_and_warp)
    ->ArgNames({"batch", "threads", "yaw"})
    ->Args({1, 1, 15})
    ->Args({8, 2, 15})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(render_without_gradients)->Apply(arguments);
BENCHMARK(render_with_gradients)
    ->ArgNames({"batch", "threads", "yaw"})
    ->Args({1, 1, 15})
    ->Args({8, 1, 15})
    ->Args({8, 2, 15})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  lifted::prepare_process(argv);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
