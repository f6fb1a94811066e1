#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/direction_distance_kernel.h"

namespace lifted::ops {
namespace {

constexpr int64_t kPlaces = 512;  // places: sums are formed chunk by chunk, whatever the number of threads

struct DirectionMaps {
  DirectionMaps(const Tensor& x_any, const Tensor& target_any, const OptionalTensor& weight_any)
      : x(x_any.contiguous(at::MemoryFormat::ChannelsLast)),
        target(target_any.contiguous(at::MemoryFormat::ChannelsLast)),
        weight(weight_any ? weight_any->contiguous() : Tensor()),
        places(x.size(0) * x.size(2) * x.size(3)),
        chunks((places + kPlaces - 1) / kPlaces) {}

  /// Calls f(chunk number, parameters with their range of places) for all places.
  template <typename Function>
  void for_chunks(const Function& f) const {
    DirectionDistanceParams params;
    params.x = x.data_ptr<float>(), params.target = target.data_ptr<float>();
    params.weight = weight.defined() ? weight.data_ptr<float>() : nullptr;
    params.channels = x.size(1);
    at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; ++chunk) {
        DirectionDistanceParams part = params;
        part.begin = chunk * kPlaces;
        part.end = std::min(places, part.begin + kPlaces);
        f(chunk, part);
      }
    });
  }

  Tensor x, target, weight;
  int64_t places, chunks;
};

}  // namespace

Tensor cpu::direction_distance(const Tensor& x, const Tensor& target, const OptionalTensor& weight) {
  const DirectionMaps maps(x, target, weight);
  std::vector<double> sums(static_cast<size_t>(maps.chunks));
  maps.for_chunks([&](int64_t chunk, DirectionDistanceParams& part) {
    part.sum = &sums[static_cast<size_t>(chunk)];
    LIFTED_CALL_ISA(direction_distance, part);
  });
  return at::full({}, std::accumulate(sums.begin(), sums.end(), 0.0), x.options());
}

Tensor cpu::direction_distance_gradient(const Tensor& x, const Tensor& target, const OptionalTensor& weight,
                                        const Tensor& scale) {
  const DirectionMaps maps(x, target, weight);
  Tensor gradient = at::empty_like(maps.x);
  const float factor = scale.item<float>();
  maps.for_chunks([&](int64_t, DirectionDistanceParams& part) {
    part.scale = factor;
    part.gradient = gradient.data_ptr<float>();
    LIFTED_CALL_ISA(direction_distance_gradient, part);
  });
  return gradient;
}

}  // namespace lifted::ops
