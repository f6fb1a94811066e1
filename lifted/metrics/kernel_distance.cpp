#include "lifted/metrics/kernel_distance.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "lifted/base/error.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

/// Random distinct rows of a set, a new choice with every call.
class Subsets {
 public:
  Subsets(const Tensor& rows, uint64_t seed) : rows_(rows), engine_(seed), order_(static_cast<size_t>(rows.size(0))) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  Tensor next(int64_t count) {
    for (size_t i = 0; i < static_cast<size_t>(count); ++i)
      std::swap(order_[i], order_[i + engine_() % (order_.size() - i)]);
    return rows_.index_select(0, torch::tensor(std::vector<int64_t>(order_.begin(), order_.begin() + count)));
  }

 private:
  Tensor rows_;
  std::mt19937_64 engine_;
  std::vector<int64_t> order_;
};

Tensor kernel(const Tensor& x, const Tensor& y) {
  return (x.matmul(y.t()) / static_cast<double>(x.size(1)) + 1).pow(3);
}

double total_of(const Tensor& x) {
  return x.sum(torch::kFloat64).item<double>();
}

}  // namespace

double kernel_distance(const Tensor& a, const Tensor& b, const KernelDistanceOptions& options) {
  require(a.dim() == 2 && b.dim() == 2 && a.size(1) == b.size(1), "features of {} and of {} cannot be compared",
          fmt::format("{}×{}", a.size(0), a.size(-1)), fmt::format("{}×{}", b.size(0), b.size(-1)));
  const int64_t size = std::min({a.size(0), b.size(0), options.size});
  require(size >= 2, "a kernel distance needs at least two images of each kind, got {} and {}", a.size(0), b.size(0));
  require(a.isfinite().all().item<bool>() && b.isfinite().all().item<bool>(),
          "features hold NaN or infinite values; expected finite ones");
  Subsets subsets_a(a.to(torch::kFloat32), options.seed), subsets_b(b.to(torch::kFloat32), options.seed + 1);
  const auto m = static_cast<double>(size);
  double total = 0;
  for (int64_t i = 0; i < options.subsets; ++i) {
    const Tensor x = subsets_a.next(size), y = subsets_b.next(size);
    const Tensor xx = kernel(x, x), yy = kernel(y, y);
    total += (total_of(xx) - total_of(xx.diagonal()) + total_of(yy) - total_of(yy.diagonal())) / (m * (m - 1)) -
             2 * total_of(kernel(x, y)) / (m * m);
  }
  return total / static_cast<double>(options.subsets);
}

}  // namespace lifted::metrics
