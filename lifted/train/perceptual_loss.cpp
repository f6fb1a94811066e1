#include "lifted/train/perceptual_loss.h"

#include <algorithm>
#include <utility>

#include "lifted/base/error.h"
#include "lifted/ops/direction_distance.h"

namespace lifted::train {
namespace {
using torch::Tensor;

/// A value whose derivative with respect to x is known already.
class KnownGradient : public torch::autograd::Function<KnownGradient> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor&, const Tensor& value,
                        const Tensor& gradient) {
    context->save_for_backward({gradient});
    return value.clone();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    return {context->get_saved_variables()[0] * grads[0], {}, {}};
  }
};

/// The fused comparison where the target is a constant.
Tensor difference(const Tensor& x, const Tensor& target, const Tensor& mask) {
  const bool constant = !torch::GradMode::is_enabled() || !target.requires_grad();
  return ops::direction_distance(x, target, mask,
                                 constant ? ops::Implementation::fused : ops::Implementation::reference);
}

/// The mask at a feature map's size.
Tensor pool_to(const Tensor& mask, const Tensor& map) {
  return mask.defined() ? torch::avg_pool2d(mask, mask.size(2) / map.size(2)) : mask;
}

/// `share` of the mean of a map that `sum` adds up, weighted by the mask, over `batch` samples; 0 where it is 0
/// everywhere.
Tensor share_of_mean(const Tensor& sum, const Tensor& map, const Tensor& mask, int64_t batch, double share) {
  if (!mask.defined()) return sum * (share * (1 / static_cast<double>(batch * map.size(2) * map.size(3))));
  const Tensor weight = pool_to(mask.detach(), map).sum(torch::kFloat64);
  const Tensor inverse = torch::where(weight > 0, weight.reciprocal(), torch::zeros_like(weight));
  return sum * (share * inverse).to(sum.scalar_type());
}

}  // namespace

FeatureMaps perceptual_maps(nets::Vgg16 network) {
  return [network](const Tensor& images) {
    auto maps = network->forward(images);
    maps.erase(maps.begin());
    return maps;
  };
}

FeatureMaps perceptual_maps(nets::FaceEmbedding network) {
  return [network](const Tensor& images) mutable {
    auto maps = network->stages(images);
    maps.pop_back();
    return maps;
  };
}

int perceptual_scales(int size) {
  int scales = 1;
  while (scales < 3 && size >> scales >= 16) ++scales;
  return scales;
}

PerceptualLoss::PerceptualLoss(FeatureMaps maps, int scales) : maps_(std::move(maps)), scales_(scales) {
  require(scales >= 1 && scales <= 8, "the perceptual loss needs 1 to 8 scales, got {}", scales);
}

PerceptualLoss::Features PerceptualLoss::features_at(const Tensor& images, int scale) const {
  Tensor x = images;
  for (int i = 0; i < scale; ++i) x = torch::avg_pool2d(x, 2);
  return maps_(x);
}

PerceptualLoss::Features PerceptualLoss::features(const Tensor& images) const {
  Features all;
  for (int scale = 0; scale < scales_; ++scale) {
    for (auto& map : features_at(images, scale)) all.push_back(std::move(map));
  }
  return all;
}

Tensor PerceptualLoss::distance(const Features& x, const Features& target, const Tensor& mask) const {
  TORCH_CHECK(!x.empty() && x.size() == target.size(), "perceptual distance: ", x.size(), " and ", target.size(),
              " feature maps");
  Tensor sum = torch::zeros({}, x[0].options());
  for (size_t i = 0; i < x.size(); ++i) {
    sum = sum + share_of_mean(difference(x[i], target[i], pool_to(mask, x[i])), x[i], mask, x[i].size(0), 1);
  }
  return sum / static_cast<double>(x.size());
}

Tensor PerceptualLoss::distance_of_each(const Features& x, const Features& target) const {
  Tensor sum;
  for (size_t i = 0; i < x.size(); ++i) {
    std::vector<Tensor> each;
    const auto samples = x[i].split(1), targets = target[i].split(1);
    for (size_t k = 0; k < samples.size(); ++k)
      each.push_back(share_of_mean(difference(samples[k], targets[k], {}), samples[k], {}, 1, 1));
    const Tensor map = torch::stack(each);
    sum = sum.defined() ? sum + map : map;
  }
  return sum / static_cast<double>(x.size());
}

Tensor PerceptualLoss::operator()(const Tensor& x, const Tensor& target, const Tensor& mask) const {
  return distance(features(x), features(target), mask);
}

/// Samples [first, first + count) of all images, and where their results go.
struct PerceptualLoss::Chunk {
  const std::vector<Tensor>& images;
  const std::vector<PerceptualPair>& pairs;
  int64_t first, count, batch;
  std::vector<Tensor>& gradients;  // per pair, of images[image]; undefined where none is wanted
  std::vector<Tensor>& sums;       // per pair, float64

  Tensor part(const Tensor& whole) const { return whole.defined() ? whole.narrow(0, first, count) : whole; }
};

void PerceptualLoss::compare_chunk(const Chunk& chunk) const {
  for (int scale = 0; scale < scales_; ++scale) {
    std::vector<Features> constants(chunk.images.size());
    for (size_t i = 0; i < chunk.images.size(); ++i) {
      const auto pair = std::ranges::find(chunk.pairs, i, &PerceptualPair::image);
      const auto index = static_cast<size_t>(pair - chunk.pairs.begin());
      const bool compared = pair != chunk.pairs.end(), wanted = compared && chunk.gradients[index].defined();
      const Tensor x = chunk.part(chunk.images[i]).detach().requires_grad_(wanted);
      const torch::AutoGradMode mode(wanted);
      const Features maps = features_at(x, scale);
      if (compared) {
        const Features& targets = constants[pair->target];
        Tensor sum = torch::zeros({}, x.options().requires_grad(false));
        for (size_t m = 0; m < maps.size(); ++m) {
          const double share = 1.0 / static_cast<double>(maps.size() * static_cast<size_t>(scales_));
          const Tensor difference_sum = difference(maps[m], targets[m], chunk.part(pool_to(pair->mask, maps[m])));
          sum = sum + share_of_mean(difference_sum, maps[m], pair->mask, chunk.batch, share);
        }
        chunk.sums[index] += sum.detach();
        if (wanted) chunk.part(chunk.gradients[index]).add_(torch::autograd::grad({sum}, {x})[0]);
      }
      if (std::ranges::none_of(chunk.pairs, [&](const auto& other) { return other.target == i; })) continue;
      for (const auto& map : maps) constants[i].push_back(map.detach());
    }
  }
}

std::vector<Tensor> PerceptualLoss::distances(const std::vector<Tensor>& images,
                                              const std::vector<PerceptualPair>& pairs) const {
  TORCH_CHECK(!images.empty(), "perceptual distances of no images");
  const int64_t batch = images[0].size(0), pixels = images[0].size(2) * images[0].size(3);
  std::vector<Tensor> gradients(pairs.size());
  for (size_t p = 0; p < pairs.size(); ++p) {
    TORCH_CHECK(pairs[p].image < images.size() && pairs[p].target < pairs[p].image,
                "perceptual distances: the target of pair ", p, " must come before its image");
    const Tensor& x = images[pairs[p].image];
    if (torch::GradMode::is_enabled() && x.requires_grad()) gradients[p] = torch::zeros_like(x).detach();
  }
  std::vector<Tensor> sums;
  for (size_t p = 0; p < pairs.size(); ++p)
    sums.push_back(torch::zeros({}, images[0].options().dtype(torch::kFloat64)));
  const int64_t at_once = images[0].is_cpu() ? pixels_at_once : pixels_at_once_on_gpu;
  const int64_t step = std::max<int64_t>(1, at_once / std::max<int64_t>(1, pixels));
  for (int64_t first = 0; first < batch; first += step) {
    compare_chunk({images, pairs, first, std::min(step, batch - first), batch, gradients, sums});
  }
  std::vector<Tensor> results;
  for (size_t p = 0; p < pairs.size(); ++p) {
    const Tensor& x = images[pairs[p].image];
    const Tensor value = sums[p].to(x.scalar_type());
    results.push_back(gradients[p].defined() ? KnownGradient::apply(x, value, gradients[p]) : value);
  }
  return results;
}

}  // namespace lifted::train
