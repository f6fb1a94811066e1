// Every algorithm for the three maps of a convolution, shape by shape: multiply-adds of the direct sum a second, and
// the largest error against double precision by the standard deviation of the result. Processor time of one thread,
// medians.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "lifted/base/runtime.h"
#include "lifted/ops/cpu/direct_conv.h"
#include "lifted/ops/cpu/winograd.h"
#include "lifted/ops/machine_limits.h"
#include "lifted/ops/packed_convolution.h"

namespace {
using namespace lifted;
using torch::Tensor;

struct Shape {
  const char* where;
  int64_t batch, in, out, side, kernel_y, kernel_x, stride;
  int64_t pad(int64_t kernel) const { return stride == 1 ? kernel / 2 : 0; }
  ops::ConvolutionOptions options() const { return {stride, {pad(kernel_y), pad(kernel_x)}}; }
};

constexpr Shape kShapes[] = {{"VGG", 4, 64, 64, 256, 3, 3, 1},          {"VGG", 4, 128, 128, 128, 3, 3, 1},
                             {"VGG", 4, 256, 256, 64, 3, 3, 1},         {"VGG", 4, 512, 512, 32, 3, 3, 1},
                             {"GAN", 16, 32, 32, 64, 3, 3, 1},          {"GAN", 16, 256, 256, 8, 3, 3, 1},
                             {"GAN, halving", 16, 32, 64, 65, 3, 3, 2}, {"GAN, halving", 16, 256, 256, 9, 3, 3, 2},
                             {"GAN, last", 16, 257, 256, 4, 3, 3, 1},   {"Inception", 8, 48, 64, 35, 5, 5, 1},
                             {"Inception", 8, 160, 160, 17, 1, 7, 1},   {"Inception", 8, 192, 192, 17, 7, 1, 1},
                             {"Inception", 8, 384, 384, 8, 1, 3, 1},    {"Inception", 8, 768, 704, 17, 1, 1, 1}};

double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double median_seconds(const std::function<void()>& work) {
  work();
  std::vector<double> all;
  for (double total = 0; all.size() < 5 || (total < 0.2 && all.size() < 50); total += all.back()) {
    const double start = processor_seconds();
    work();
    all.push_back(processor_seconds() - start);
  }
  std::ranges::nth_element(all, all.begin() + static_cast<int64_t>(all.size() / 2));
  return all[all.size() / 2];
}

struct Problem {
  Shape shape;
  Tensor x, weight, bias, y;
  std::array<Tensor, 3> exact;  // result, input's and weights' gradient

  explicit Problem(const Shape& s) : shape(s) {
    const auto o = s.options();
    x = at::randn({s.batch, s.in, s.side, s.side}).contiguous(at::MemoryFormat::ChannelsLast);
    weight = at::randn({s.out, s.in, s.kernel_y, s.kernel_x}) /
             std::sqrt(static_cast<double>(s.in * s.kernel_y * s.kernel_x));
    bias = at::zeros({s.out});
    exact[0] = at::conv2d(x.to(at::kDouble), weight.to(at::kDouble), {}, o.stride, {o.padding.y, o.padding.x});
    y = at::randn(exact[0].sizes()).contiguous(at::MemoryFormat::ChannelsLast);
    std::tie(exact[1], exact[2], std::ignore) =
        torchs(y.to(at::kDouble), x.to(at::kDouble), weight.to(at::kDouble), {true, true, false});
  }
  std::tuple<Tensor, Tensor, Tensor> torchs(const Tensor& outer, const Tensor& inner, const Tensor& w,
                                            std::array<bool, 3> which) const {
    const auto o = shape.options();
    return at::convolution_backward(outer, inner, w, c10::nullopt, {o.stride, o.stride}, {o.padding.y, o.padding.x},
                                    {1, 1}, false, {0, 0}, 1, which);
  }
  void report(const char* algorithm, const std::array<std::function<Tensor()>, 3>& maps) const {
    const auto& s = shape;
    const double work = 2e-9 * static_cast<double>(y.numel() * s.in * s.kernel_y * s.kernel_x);
    fmt::print("| {} | {} → {}, {}×{}/{}, {}² × {} | {} |", s.where, s.in, s.out, s.kernel_y, s.kernel_x, s.stride,
               s.side, s.batch, algorithm);
    for (size_t i = 0; i < 3; ++i) {
      if (!maps[i]) {
        fmt::print(" |");
        continue;
      }
      const double error = ((maps[i]().to(at::kDouble) - exact[i]).abs().max() / exact[i].std()).item<double>();
      fmt::print(" {:.0f}, {:.1e} |", work / median_seconds([&] { maps[i](); }), error);
    }
    fmt::print("\n");
  }
};

void compare(const Shape& s) {
  const Problem p(s);
  const auto o = s.options();
  p.report("libtorch", {[&] {
                          return at::conv2d(p.x, p.weight, {}, o.stride, {o.padding.y, o.padding.x});
                        },
                        [&] {
                          return std::get<0>(p.torchs(p.y, p.x, p.weight, {true, false, false}));
                        },
                        [&] {
                          return std::get<1>(p.torchs(p.y, p.x, p.weight, {false, true, false}));
                        }});
  p.report("direct", {[&] { return ops::direct_conv2d(p.x, p.weight, {}, o); },
                      [&] { return ops::direct_input_gradient(p.y, p.weight, p.x.sizes(), o); },
                      [&] { return ops::direct_weight_gradient(p.y, p.x, p.weight.sizes(), o); }});
  if (s.stride != 1 || !ops::winograd_form(s.in, s.out, s.kernel_y, s.kernel_x)) return;
  if (s.kernel_y == 3 && s.kernel_x == 3) {
    p.report("Winograd", {[&] { return ops::winograd_conv2d(p.x, p.weight, {}, o.padding.x); },
                          [&] { return ops::winograd_input_gradient(p.y, p.weight, o.padding.x); },
                          [&] { return ops::winograd_weight_gradient(p.y, p.x, o.padding.x); }});
  } else {
    const ops::PackedConvolution packed(p.weight, p.bias, o);
    p.report("Winograd", {[&] { return packed(p.x, 0); }, nullptr, nullptr});
  }
}

}  // namespace

int main(int, char** argv) {
  lifted::prepare_process(argv);
  at::set_num_threads(1);
  const torch::NoGradGuard guard;
  fmt::print("multiply-add peak {:.0f} GFLOP/s, libtorch's convolution {:.0f}\n",
             lifted::ops::measure_multiply_add_peak() * 1e-9, lifted::ops::measure_conv_ceiling() * 1e-9);
  fmt::print("| where | shape | algorithm | forward: GFLOP/s, error | input's gradient | weights' gradient |\n");
  for (const Shape& shape : kShapes) compare(shape);
}
