#include "lifted/metrics/image_source.h"

#include <algorithm>
#include <vector>

#include "lifted/formats/image.h"
#include "lifted/metrics/samples.h"

namespace lifted::metrics {
using torch::Tensor;

void NetworkImages::for_each(int64_t count, uint32_t seed, const std::function<void(const Tensor&)>& use) const {
  for_each_code(network_, {count, options_.batch, options_.truncation_psi, seed}, [&](const Tensor& w) {
    const Tensor images = network_images(network_, w, options_.proxy);
    use(options_.protocol == Protocol::published ? images.clamp(-1, 1) : as_stored(images));
  });
}

void DatasetImages::for_each(int64_t count, uint32_t, const std::function<void(const Tensor&)>& use) const {
  for (int64_t from = 0; from < count; from += batch_) {
    std::vector<Tensor> batch;
    for (int64_t i = from; i < std::min(count, from + batch_); ++i)
      batch.push_back(formats::tensor_from_image(images_.image(i)));
    use(torch::stack(batch).to(device_));
  }
}

}  // namespace lifted::metrics
