#include "lifted/model/w_statistics.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/base/random.h"

namespace lifted::model {
namespace {

constexpr int64_t kCodes = 50'000, kBatch = 1'000;
constexpr uint32_t kSeed = 0;

}  // namespace

WStatistics WStatistics::of_codes(const nets::Stylegan2Generator& generator, const torch::Tensor& z) {
  require(z.dim() == 2 && z.size(0) > 1 && z.size(1) == generator->config().z_dim,
          "statistics of w need at least 2 codes of {} values", generator->config().z_dim);
  torch::NoGradGuard no_grad;
  // Two sums in float64, so that the order of batches does not matter.
  const auto doubles = torch::TensorOptions().dtype(torch::kFloat64);
  torch::Tensor sum = torch::zeros({generator->config().w_dim}, doubles), squares = sum.clone();
  for (int64_t first = 0; first < z.size(0); first += kBatch) {
    const auto w =
        generator->map(z.narrow(0, first, std::min(kBatch, z.size(0) - first))).to(torch::kCPU, torch::kFloat64);
    sum += w.sum(0);
    squares += w.square().sum(0);
  }
  const auto count = static_cast<double>(z.size(0));
  const torch::Tensor mean = sum / count;
  const torch::Tensor deviation = ((squares - count * mean.square()) / (count - 1)).clamp_min(0).sqrt();
  WStatistics statistics;
  statistics.mean = mean.to(torch::kFloat32);
  statistics.sigma_inv = 0.5 / std::pow(deviation.mean().item<double>(), 2);
  statistics.source = fmt::format("the mapping of {} given codes", z.size(0));
  return statistics;
}

WStatistics WStatistics::measure(const nets::Stylegan2Generator& generator) {
  const int64_t z_dim = generator->config().z_dim;
  const std::vector<float> numbers = numpy_randn(kSeed, kCodes * z_dim);
  const auto z = torch::from_blob(const_cast<float*>(numbers.data()), {kCodes, z_dim})
                     .to(generator->parameters().front().device());
  WStatistics statistics = of_codes(generator, z);
  statistics.source = fmt::format("the mapping of {} codes drawn with seed {}", kCodes, kSeed);
  return statistics;
}

double WStatistics::ensure_sigma_inv(const nets::Stylegan2Generator& generator) {
  if (!sigma_inv) sigma_inv = measure(generator).sigma_inv;
  return *sigma_inv;
}

torch::Tensor truncate(const torch::Tensor& w, const WStatistics& statistics, const Truncation& truncation,
                       int layers) {
  require((w.dim() == 2 || (w.dim() == 3 && w.size(1) == layers)) && w.size(-1) == statistics.mean.size(0),
          "truncation needs w codes of {} values", statistics.mean.size(0));
  const torch::Tensor mean = statistics.mean.to(w.device());
  const torch::Tensor truncated = truncation.psi == 1 ? w : mean + truncation.psi * (w - mean);
  if (!truncation.cutoff) return truncated;
  const int64_t cutoff = std::clamp(*truncation.cutoff, 0, layers);
  const auto per_layer = [&](const torch::Tensor& codes) {
    return codes.dim() == 3 ? codes : codes.unsqueeze(1).expand({-1, layers, -1});
  };
  return torch::cat({per_layer(truncated).slice(1, 0, cutoff), per_layer(w).slice(1, cutoff)}, 1);
}

}  // namespace lifted::model
