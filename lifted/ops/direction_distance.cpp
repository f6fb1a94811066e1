#include "lifted/ops/direction_distance.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "lifted/base/torch_compat.h"
#include "lifted/ops/cpu/direction_distance_kernel.h"

namespace lifted::ops {
namespace {
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kPlaces = 512;  // places: sums are formed chunk by chunk, whatever the number of threads

Tensor reference(const Tensor& x, const Tensor& target, const Tensor& weight) {
  // A zero vector stays zero and has no gradient; the square is replaced before the root, whose derivative at 0 is
  // infinite.
  const auto unit = [](const Tensor& map) {
    const Tensor square = map.square().sum(1, true), none = square <= 1e-24;
    return map * torch::where(none, torch::zeros_like(square), square.masked_fill(none, 1).rsqrt());
  };
  const Tensor difference = (unit(x) - unit(target)).square();
  return weight.defined() ? (difference.sum(1, true) * weight).sum() : difference.sum();
}

/// Calls f(chunk number, parameters with their range of places) for all places of x.
template <typename Function>
void for_chunks(const Tensor& x, const Tensor& target, const Tensor& weight, const Function& f) {
  DirectionDistanceParams params;
  params.x = x.data_ptr<float>(), params.target = target.data_ptr<float>();
  params.weight = weight.defined() ? weight.data_ptr<float>() : nullptr;
  params.channels = x.size(1);
  const int64_t places = x.size(0) * x.size(2) * x.size(3);
  at::parallel_for(0, (places + kPlaces - 1) / kPlaces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      DirectionDistanceParams part = params;
      part.begin = chunk * kPlaces;
      part.end = std::min(places, part.begin + kPlaces);
      f(chunk, part);
    }
  });
}

struct DirectionDistance : torch::autograd::Function<DirectionDistance> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& target,
                        const OptionalTensor& optional_weight) {
    const Tensor weight = optional_weight.value_or(Tensor());
    ctx->save_for_backward({x, target, weight});
    std::vector<double> sums(static_cast<size_t>((x.size(0) * x.size(2) * x.size(3) + kPlaces - 1) / kPlaces));
    for_chunks(x, target, weight, [&](int64_t chunk, DirectionDistanceParams& part) {
      part.sum = &sums[static_cast<size_t>(chunk)];
      LIFTED_CALL_ISA(direction_distance, part);
    });
    return torch::full({}, std::accumulate(sums.begin(), sums.end(), 0.0), x.options().requires_grad(false));
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &target = saved[1], &weight = saved[2];
    Tensor gradient = torch::empty_like(x);
    const float scale = grads[0].item<float>();
    for_chunks(x, target, weight, [&](int64_t, DirectionDistanceParams& part) {
      part.scale = scale;
      part.gradient = gradient.data_ptr<float>();
      LIFTED_CALL_ISA(direction_distance_gradient, part);
    });
    return {gradient, {}, {}};
  }
};

}  // namespace

Tensor direction_distance(const Tensor& x, const Tensor& target, const Tensor& weight, Implementation implementation) {
  TORCH_CHECK(x.dim() == 4 && x.sizes() == target.sizes(), "direction_distance: x ", x.sizes(), " and target ",
              target.sizes(), " must be B×C×H×W and alike");
  TORCH_CHECK(!weight.defined() || (weight.dim() == 4 && weight.size(0) == x.size(0) && weight.size(1) == 1 &&
                                    weight.size(2) == x.size(2) && weight.size(3) == x.size(3)),
              "direction_distance: weight must be B×1×H×W to fit x ", x.sizes());
  const bool plain = x.is_cpu() && x.scalar_type() == torch::kFloat32 && target.scalar_type() == torch::kFloat32;
  if (implementation == Implementation::reference || !plain) return reference(x, target, weight);
  TORCH_CHECK(
      !torch::GradMode::is_enabled() || (!target.requires_grad() && !(weight.defined() && weight.requires_grad())),
      "direction_distance: only x may require a gradient in the fused form");
  const auto last = torch::MemoryFormat::ChannelsLast;
  OptionalTensor dense;
  if (weight.defined()) dense = weight.to(torch::kFloat32).contiguous();
  return DirectionDistance::apply(x.contiguous(last), target.contiguous(last), dense);
}

}  // namespace lifted::ops
