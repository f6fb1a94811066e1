#include "lifted/data/heads/canonical.h"

#include <algorithm>
#include <cmath>

#include "lifted/data/heads/conventions.h"

namespace lifted::data::heads {
namespace {

/// size×size or size×size×C floats as a tensor of its own.
torch::Tensor to_tensor(const std::vector<float>& values, int size) {
  const int64_t channels = static_cast<int64_t>(values.size()) / size / size;
  return torch::tensor(values).view({size, size, channels}).permute({2, 0, 1}).unsqueeze(0).contiguous();
}

torch::Tensor canonical_depth(const HeadSample& sample) {
  const torch::Tensor mask = to_tensor(sample.mask, sample.size), depth = to_tensor(sample.depth, sample.size);
  torch::Tensor result = torch::where(mask > 0.5, depth.clamp(lifted_min_depth, lifted_max_depth),
                                      torch::full_like(depth, lifted_border_depth))
                             .squeeze(1);
  result.slice(2, 0, 2).fill_(lifted_border_depth);
  result.slice(2, sample.size - 2).fill_(lifted_border_depth);
  return result;
}

/// 1 on the head and one pixel around it, then down to 0 within a few pixels: background that moves along with the head
/// would be dragged far, lying behind the center of rotation.
torch::Tensor transform_map(const torch::Tensor& mask, int size) {
  const int radius = std::max(1, size / 128);
  const torch::Tensor head = torch::max_pool2d((mask > 0.02).to(torch::kFloat), 3, 1, 1);
  const torch::Tensor wide = torch::replication_pad2d(head, {radius, radius, radius, radius});
  torch::Tensor map = torch::max(torch::avg_pool2d(wide, 2 * radius + 1, 1), head);
  map.slice(2, 0, 1).zero_(), map.slice(2, size - 1).zero_();
  map.slice(3, 0, 2).zero_(), map.slice(3, size - 2).zero_();
  return map;
}

}  // namespace

CanonicalHead canonical_head(const FaceModel& model, const HeadParameters& parameters, int size) {
  RenderOptions options;
  options.pixel_grid = PixelGrid::nodes;
  CanonicalHead head;
  head.sample = render_head(model, canonical_parameters(parameters), size, options);
  head.mask = to_tensor(head.sample.mask, size);
  head.depth = canonical_depth(head.sample);
  head.albedo = to_tensor(head.sample.albedo, size) * 2 - 1;
  head.transform_map = transform_map(head.mask, size);
  const auto light = to_raw_light(parameters.image.light);
  head.light = torch::tensor(std::vector<float>(light.begin(), light.end())).unsqueeze(0);
  head.view = torch::zeros({1, 6});
  return head;
}

CanonicalHead canonical_head(int size, uint64_t identity) {
  HeadRecipe recipe;
  recipe.expressions = false;
  HeadParameters parameters = sample_parameters(recipe, 2024, identity);
  parameters.image.light = {0.45, 0.6, normalized({-0.3f, -0.3f, -1})};
  parameters.image.zoom = 0.95;
  return canonical_head(analytic_face_model(), parameters, size);
}

}  // namespace lifted::data::heads
