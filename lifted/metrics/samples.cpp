#include "lifted/metrics/samples.h"

#include <algorithm>

#include "lifted/base/random.h"

namespace lifted::metrics {
using torch::Tensor;

Tensor as_stored(const Tensor& images) {
  return (images.clamp(-1, 1) * 127.5 + 127.5).round() / 127.5 - 1;
}

void for_each_code(const model::LoadedNetwork& network, int64_t count, int64_t batch, double truncation_psi,
                   const std::function<void(const Tensor& w)>& use) {
  const auto& generator = network.generator;
  const auto& mean = network.statistics.mean;
  NumpyRandomState random(0);
  for (int64_t from = 0; from < count; from += batch) {
    auto z = torch::empty({std::min(batch, count - from), generator->config().z_dim});
    for (int64_t i = 0; i < z.numel(); ++i) z.data_ptr<float>()[i] = static_cast<float>(random.normal());
    use(model::truncate(generator->map(z.to(mean.device())), network.statistics, {.psi = truncation_psi, .cutoff = {}},
                        generator->layers()));
  }
}

}  // namespace lifted::metrics
