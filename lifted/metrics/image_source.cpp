#include "lifted/metrics/image_source.h"

#include <algorithm>
#include <vector>

#include "lifted/formats/image.h"
#include "lifted/metrics/samples.h"

namespace lifted::metrics {
using torch::Tensor;

void NetworkImages::for_each(int64_t count, uint32_t seed, const Use& use) const {
  const int rank = options_.world.rank(), ranks = options_.world.size();
  int64_t first = rank * options_.batch;
  for_each_code(network_, {count, options_.batch, options_.truncation_psi, seed, rank, ranks}, [&](const Tensor& w) {
    const Tensor images = network_images(network_, w, options_.proxy);
    use(first, options_.protocol == Protocol::published ? images.clamp(-1, 1) : as_stored(images));
    first += ranks * options_.batch;
  });
}

void DatasetImages::for_each(int64_t count, uint32_t, const Use& use) const {
  for (int64_t from = world_.rank() * batch_; from < count; from += world_.size() * batch_) {
    std::vector<Tensor> batch;
    for (int64_t i = from; i < std::min(count, from + batch_); ++i)
      batch.push_back(formats::tensor_from_image(images_.image(i)));
    use(from, torch::stack(batch).to(device_));
  }
}

}  // namespace lifted::metrics
