#include "lifted/metrics/samples.h"

#include <algorithm>

#include "lifted/base/random.h"

namespace lifted::metrics {
using torch::Tensor;

Tensor as_stored(const Tensor& images) {
  return (images.clamp(-1, 1) * 127.5 + 127.5).round() / 127.5 - 1;
}

Tensor for_every_sample(const Tensor& row, const Tensor& like) {
  return row.to(like.options()).view({1, -1}).expand({like.size(0), row.numel()});
}

void for_each_code(const model::LoadedNetwork& network, const CodeOptions& codes,
                   const std::function<void(const Tensor& w)>& use) {
  const auto& generator = network.generator;
  const auto& mean = network.statistics.mean;
  NumpyRandomState random(codes.seed);
  for (int64_t from = 0; from < codes.count; from += codes.batch) {
    auto z = torch::empty({std::min(codes.batch, codes.count - from), generator->config().z_dim});
    for (int64_t i = 0; i < z.numel(); ++i) z.data_ptr<float>()[i] = static_cast<float>(random.normal());
    if (from / codes.batch % codes.ranks != codes.rank) continue;
    use(model::truncate(generator->map(z.to(mean.device())), network.statistics,
                        {.psi = codes.truncation_psi, .cutoff = {}}, generator->layers()));
  }
}

Tensor network_images(const model::LoadedNetwork& network, const Tensor& w, bool proxy) {
  if (!network.lifted || proxy) return network.generator->synthesize(w).image;
  return network.lifted->render(network.lifted->estimate(w)).recon_im;
}

}  // namespace lifted::metrics
