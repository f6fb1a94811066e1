#include "lifted/metrics/path_length.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/base/log.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

constexpr double kStep = 1e-4;

}  // namespace

double mean_without_tails(const Tensor& values) {
  const Tensor sorted = std::get<0>(values.to(torch::kFloat64).sort());
  const auto last = static_cast<double>(sorted.size(0) - 1);
  const auto low = static_cast<int64_t>(std::floor(0.01 * last)), high = static_cast<int64_t>(std::ceil(0.99 * last));
  // By value, as in the published code: whatever equals a bound is within it.
  const Tensor inside = sorted.masked_select((sorted >= sorted[low]).logical_and(sorted <= sorted[high]));
  return inside.mean().item<double>();
}

double path_length(const model::LoadedNetwork& network, const ImageDistance& distance, CodeOptions codes, bool proxy) {
  const int64_t pairs = codes.count;
  codes.count *= 2;
  codes.batch = std::max<int64_t>(2, codes.batch / 2 * 2);  // whole pairs
  std::vector<Tensor> lengths;
  Progress progress("path length", pairs, "pairs");
  for_each_code(network, codes, [&](const Tensor& w) {
    const Tensor from = w.slice(0, 0, {}, 2), to = w.slice(0, 1, {}, 2);
    const Tensor images = network_images(network, torch::cat({from, from.lerp(to, kStep)}), proxy);
    const auto ends = images.chunk(2);
    lengths.push_back(distance(ends[0], ends[1]).to(torch::kCPU, torch::kFloat64) / (kStep * kStep));
    progress.advance(from.size(0));
  });
  const Tensor all = torch::cat(lengths);
  require(all.isfinite().all().item<bool>(), "the path length is not finite: images hold NaN or infinite values");
  return mean_without_tails(all);
}

}  // namespace lifted::metrics
