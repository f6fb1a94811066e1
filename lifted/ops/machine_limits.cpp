#include "lifted/ops/machine_limits.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "lifted/base/tensor.h"
#include "lifted/ops/cpu/multiply_add_peak_kernel.h"

namespace lifted::ops {
namespace {

/// The shortest time of `repeats` runs in seconds, after one that is not counted.
template <typename Work>
double fastest_of(int repeats, const Work& work) {
  double fastest = 1e30;
  for (int i = -1; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (i >= 0) fastest = std::min(fastest, seconds);
  }
  return fastest;
}

}  // namespace

double measure_multiply_add_peak(int repeats) {
  constexpr int64_t kRounds = 400'000;
  std::atomic<int64_t> multiply_adds{0};
  const double seconds = fastest_of(repeats, [&] {
    multiply_adds = 0;
    at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        float sums[kMostSums] = {};
        MultiplyAddPeak params{kRounds, 0.5f, 1.0f, sums, 0};
        LIFTED_CALL_ISA(multiply_add_peak, params);
        multiply_adds += params.multiply_adds * kRounds;
      }
    });
  });
  return 2 * static_cast<double>(multiply_adds) / seconds;
}

double measure_conv_ceiling(int repeats) {
  const torch::NoGradGuard no_grad;
  constexpr int64_t kBatch = 8, kChannels = 64, kSide = 64;
  const auto x = at::ones({kBatch, kChannels, kSide, kSide}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto weight = at::full({kChannels, kChannels, 3, 3}, 0.01).contiguous(at::MemoryFormat::ChannelsLast);
  const double work = 2.0 * kBatch * kSide * kSide * kChannels * kChannels * 9;
  return work / fastest_of(repeats, [&] { at::conv2d(x, weight, {}, {1, 1}, {1, 1}); });
}

}  // namespace lifted::ops
