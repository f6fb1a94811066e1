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

struct Sheet {
  torch::Tensor depth;  ///< 1×S×S
  torch::Tensor moves;  ///< 1×1×S×S transform map
};

/// Means over squares, of the places where `weight` is 1 only.
torch::Tensor masked_blur(const torch::Tensor& values, const torch::Tensor& weight, int radius) {
  const auto mean = [radius](const torch::Tensor& map) {
    return torch::avg_pool2d(map, 2 * radius + 1, 1, radius, false, /*count_include_pad=*/false);
  };
  return mean(values * weight) / mean(weight).clamp_min(1e-6);
}

/// The head's depth with its wells filled: behind the middle of the head, nowhere steeper than two to one behind what
/// stands before it. Hair seen between cheek and locks lies so far back that it would come out of the background beside
/// the turned head.
torch::Tensor without_wells(const torch::Tensor& depth, const torch::Tensor& head, int size) {
  const double step = 2 * (2 * tan_half_fov / size);
  const torch::Tensor inside = depth.clamp(lifted_min_depth, lifted_max_depth);
  torch::Tensor limit = torch::where(head > 0, inside, torch::full_like(inside, lifted_max_depth));
  for (int pass = 0; pass < size / 8; ++pass) {
    limit = torch::minimum(limit, step - torch::max_pool2d(-limit, 3, 1, 1));
  }
  return torch::minimum(inside, limit.clamp_min(1)) * head;
}

/// The head's depth, continued outward over the background and smoothed there, together with how far each place follows
/// the head. A step at the outline would instead tear the background when the head turns, and shade a dark rim.
Sheet continue_outward(const torch::Tensor& depth, const torch::Tensor& mask, int size) {
  const torch::Tensor head = (mask > 0.5).to(torch::kFloat), around = 1 - head;
  const int rings = std::max(2, size / 8);
  torch::Tensor known = head.clone(), follows = head.clone();
  torch::Tensor filled = without_wells(depth, head, size);
  for (int ring = 1; ring < 2 * size && known.min().item<float>() == 0; ++ring) {
    const torch::Tensor reached = torch::max_pool2d(known, 3, 1, 1), fresh = reached - known;
    filled = filled + fresh * masked_blur(filled, known, 1);
    follows = follows + fresh * smoothstep(1, 0.1f, static_cast<float>(ring) / static_cast<float>(rings));
    known = reached;
  }
  torch::Tensor outside = filled;
  for (int pass = 0; pass < 3; ++pass) outside = masked_blur(outside, around, std::max(1, size / 20));
  return {torch::where(head > 0, filled, outside).squeeze(1), follows};
}

/// LiftedGAN's frame: two columns at the border depth, and an outline that never moves.
void set_frame(Sheet& sheet, int size) {
  sheet.depth.slice(2, 0, 2).fill_(lifted_border_depth);
  sheet.depth.slice(2, size - 2).fill_(lifted_border_depth);
  sheet.moves.slice(2, 0, 1).zero_(), sheet.moves.slice(2, size - 1).zero_();
  sheet.moves.slice(3, 0, 2).zero_(), sheet.moves.slice(3, size - 2).zero_();
}

}  // namespace

CanonicalHead canonical_head(const FaceModel& model, const HeadParameters& parameters, int size) {
  RenderOptions options;
  options.pixel_grid = PixelGrid::nodes;
  CanonicalHead head;
  head.sample = render_head(model, canonical_parameters(parameters), size, options);
  head.mask = to_tensor(head.sample.mask, size);
  Sheet sheet = continue_outward(to_tensor(head.sample.depth, size), head.mask, size);
  set_frame(sheet, size);
  head.depth = sheet.depth;
  head.albedo = to_tensor(head.sample.albedo, size) * 2 - 1;
  head.transform_map = sheet.moves;
  const auto light = to_raw_light(parameters.image.light);
  head.light = torch::tensor(std::vector<float>(light.begin(), light.end())).unsqueeze(0);
  head.view = torch::zeros({1, 6});
  return head;
}

CanonicalHead canonical_head(int size, uint64_t identity) {
  static const FaceModel model = analytic_face_model();  // takes longer to build than to draw
  HeadRecipe recipe;
  recipe.expressions = false;
  HeadParameters parameters = sample_parameters(recipe, 2024, identity);
  parameters.image.light = {0.45, 0.6, normalized({-0.3f, -0.3f, -1})};
  parameters.image.zoom = 0.87;  // leaves room above the hair, which a frame would tear when the head nods
  return canonical_head(model, parameters, size);
}

}  // namespace lifted::data::heads
