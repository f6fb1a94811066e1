#include "lifted/metrics/precision_recall.h"

#include <algorithm>
#include <vector>

#include "lifted/base/error.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

constexpr int64_t kBlockBytes = int64_t{64} << 20;

/// Squared distances of rows: N×D, M×D → N×M.
Tensor squared_distances(const Tensor& x, const Tensor& y) {
  return torch::addmm(y.square().sum(1).unsqueeze(0), x, y.t(), 1, -2).add_(x.square().sum(1, true)).clamp_min_(0);
}

/// Calls use(rows, their squared distances to every row of y) for a few rows of x at a time.
template <typename Use>
void for_each_block(const Tensor& x, const Tensor& y, const Use& use) {
  const int64_t rows = std::max<int64_t>(1, kBlockBytes / 4 / y.size(0));
  for (const Tensor& block : x.split(rows)) use(squared_distances(block, y));
}

/// Of every row, the squared distance to its k-th nearest other row.
Tensor squared_radii(const Tensor& x, int64_t k) {
  std::vector<Tensor> radii;
  // Each row is its own nearest.
  for_each_block(x, x, [&](const Tensor& distances) { radii.push_back(std::get<0>(distances.kthvalue(k + 1, 1))); });
  return torch::cat(radii);
}

/// The share of the probes that lie in a ball around a center.
double share_within(const Tensor& probes, const Tensor& centers, const Tensor& radii) {
  int64_t inside = 0;
  for_each_block(probes, centers,
                 [&](const Tensor& distances) { inside += (distances <= radii).any(1).sum().item<int64_t>(); });
  return static_cast<double>(inside) / static_cast<double>(probes.size(0));
}

}  // namespace

PrecisionRecall precision_recall(const Tensor& real, const Tensor& made, int64_t neighbours) {
  require(real.dim() == 2 && made.dim() == 2 && real.size(1) == made.size(1),
          "features of {} and of {} dimensions cannot be compared", real.size(-1), made.size(-1));
  require(real.size(0) > neighbours && made.size(0) > neighbours,
          "precision and recall need more than {} images of each kind, got {} and {}", neighbours, real.size(0),
          made.size(0));
  require(real.isfinite().all().item<bool>() && made.isfinite().all().item<bool>(),
          "features hold NaN or infinite values; expected finite ones");
  // About their mean, products are as small as can be and distances lose the least to rounding.
  const Tensor mean = real.mean(0, true, torch::kFloat64).to(torch::kFloat32);
  const Tensor x = real.to(torch::kFloat32) - mean, y = made.to(torch::kFloat32) - mean;
  return {share_within(y, x, squared_radii(x, neighbours)), share_within(x, y, squared_radii(y, neighbours))};
}

}  // namespace lifted::metrics
