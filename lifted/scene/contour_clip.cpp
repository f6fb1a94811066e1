#include "lifted/scene/contour_clip.h"

#include "lifted/base/error.h"

namespace lifted::scene {
namespace {

class ContourGradientClip : public torch::autograd::Function<ContourGradientClip> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext*, const torch::Tensor& depth) {
    return depth.view_as(depth);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::variable_list& grads) {
    return {without_contour(grads[0])};
  }
};

}  // namespace

torch::Tensor without_contour(const torch::Tensor& gradient) {
  const auto rows = gradient.size(1), columns = gradient.size(2);
  auto touched = gradient.ne(0).to(torch::kChar);
  touched = torch::cat({touched.slice(1, 1, 2), touched, touched.slice(1, rows - 2, rows - 1)}, 1);
  touched = torch::cat({touched.slice(2, 1, 2), touched, touched.slice(2, columns - 2, columns - 1)}, 2);
  const auto at = [&](int64_t down, int64_t right) {
    return touched.slice(1, 1 + down, 1 + down + rows).slice(2, 1 + right, 1 + right + columns);
  };
  const auto laplacian = at(-1, 0) + at(1, 0) + at(0, -1) + at(0, 1) - 4 * at(0, 0);
  return gradient.masked_fill(laplacian.ne(0), 0);
}

torch::Tensor clip_contour_gradient(const torch::Tensor& depth) {
  require(depth.dim() == 3 && depth.size(1) >= 2 && depth.size(2) >= 2, "a depth map must have shape B×H×W, got {}",
          fmt::join(depth.sizes(), "×"));
  return ContourGradientClip::apply(depth);
}

}  // namespace lifted::scene
