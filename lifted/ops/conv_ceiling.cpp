#include "lifted/ops/conv_ceiling.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>

namespace lifted::ops {

double measure_conv_ceiling(int repeats) {
  torch::NoGradGuard no_grad;
  constexpr int64_t kBatch = 8, kChannels = 64, kSide = 64;
  const auto x = at::ones({kBatch, kChannels, kSide, kSide}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto weight = at::full({kChannels, kChannels, 3, 3}, 0.01).contiguous(at::MemoryFormat::ChannelsLast);
  const double work = 2.0 * kBatch * kSide * kSide * kChannels * kChannels * 9;
  double fastest = 1e30;
  for (int i = -1; i < repeats; ++i) {  // the first run builds and caches oneDNN's code and is not counted
    const auto start = std::chrono::steady_clock::now();
    at::conv2d(x, weight, {}, {1, 1}, {1, 1});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (i >= 0) fastest = std::min(fastest, seconds);
  }
  return work / fastest;
}

}  // namespace lifted::ops
