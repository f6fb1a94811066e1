#include "lifted/ops/rasterize.h"

#include <torch/library.h>

#include "lifted/base/error.h"
#include "lifted/ops/rasterize_backends.h"
#include "lifted/ops/rasterize_reference.h"

namespace lifted::ops {
namespace backend {

RasterizeOutputs rasterize_dispatched(const torch::Tensor& vertices, const torch::Tensor& attributes, int64_t size,
                                      double focal, const torch::Tensor& background, double background_depth,
                                      bool perspective_correct) {
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("lifted::rasterize", "").typed<decltype(rasterize_dispatched)>();
  return op.call(vertices, attributes, size, focal, background, background_depth, perspective_correct);
}

RasterizeGradients rasterize_backward_dispatched(const torch::Tensor& grad_image, const torch::Tensor& grad_depth,
                                                 const torch::Tensor& vertices, const torch::Tensor& attributes,
                                                 const torch::Tensor& faces, double focal, bool perspective_correct) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("lifted::rasterize_backward", "")
                             .typed<decltype(rasterize_backward_dispatched)>();
  return op.call(grad_image, grad_depth, vertices, attributes, faces, focal, perspective_correct);
}

}  // namespace backend

namespace {

std::string shape_of(const torch::Tensor& tensor) {
  return fmt::format("{}", fmt::join(tensor.sizes(), "×"));
}

void check_inputs(const torch::Tensor& vertices, const torch::Tensor& attributes, const RasterizeOptions& options) {
  require(vertices.dim() == 4 && vertices.size(3) == 3, "rasterize: vertices must have shape B×H×W×3, got {}",
          shape_of(vertices));
  require(vertices.size(1) >= 2 && vertices.size(2) >= 2, "rasterize: the vertex grid must be at least 2×2, got {}",
          shape_of(vertices));
  require(attributes.dim() == 4 && attributes.size(0) == vertices.size(0) && attributes.size(1) == vertices.size(1) &&
              attributes.size(2) == vertices.size(2),
          "rasterize: attributes must have shape B×H×W×C with the grid of vertices ({}), got {}", shape_of(vertices),
          shape_of(attributes));
  require(vertices.scalar_type() == attributes.scalar_type() &&
              (vertices.scalar_type() == torch::kFloat || vertices.scalar_type() == torch::kDouble),
          "rasterize: vertices and attributes must both be float or both double, got {} and {}",
          c10::toString(vertices.scalar_type()), c10::toString(attributes.scalar_type()));
  require(vertices.device() == attributes.device(),
          "rasterize: vertices and attributes must be on one device, got {} and {}", vertices.device().str(),
          attributes.device().str());
  require(2 * vertices.size(1) * vertices.size(2) < INT32_MAX && options.size * options.size < INT32_MAX,
          "rasterize: a grid of {} and an image of side {} are too large", shape_of(vertices), options.size);
  require(options.size >= 1, "rasterize: the image side must be positive, got {}", options.size);
  require(options.focal > 0, "rasterize: the focal length must be positive, got {}", options.focal);
  const auto given = static_cast<int64_t>(options.background.size());
  require(given == 1 || given == attributes.size(3), "rasterize: background must have 1 or {} values, got {}",
          attributes.size(3), given);
}

torch::Tensor background_values(const torch::Tensor& attributes, const RasterizeOptions& options) {
  const auto values = torch::tensor(options.background, torch::kDouble).to(attributes.scalar_type());
  return values.expand({attributes.size(3)}).contiguous();
}

}  // namespace

Rasterized rasterize(const torch::Tensor& vertices, const torch::Tensor& attributes, const RasterizeOptions& options) {
  check_inputs(vertices, attributes, options);
  if (options.reference) return rasterize_reference(vertices, attributes, options);
  auto [image, depth, faces] = backend::rasterize_dispatched(vertices, attributes, options.size, options.focal,
                                                             background_values(attributes, options),
                                                             options.background_depth, options.perspective_correct);
  return {image, depth, faces};
}

// Registered here and not beside each backend: a static library drops object files that nobody refers to.
TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def(
      "rasterize(Tensor vertices, Tensor attributes, int size, float focal, Tensor background, float background_depth, "
      "bool perspective_correct) -> (Tensor image, Tensor depth, Tensor faces)");
  m.def(
      "rasterize_backward(Tensor grad_image, Tensor grad_depth, Tensor vertices, Tensor attributes, Tensor faces, "
      "float focal, "
      "bool perspective_correct) -> (Tensor grad_vertices, Tensor grad_attributes)");
}
TORCH_LIBRARY_IMPL(lifted, CPU, m) {
  m.impl("rasterize", backend::rasterize_cpu);
  m.impl("rasterize_backward", backend::rasterize_backward_cpu);
}
TORCH_LIBRARY_IMPL(lifted, CUDA, m) {
  m.impl("rasterize", backend::rasterize_cuda);
  m.impl("rasterize_backward", backend::rasterize_backward_cuda);
}
TORCH_LIBRARY_IMPL(lifted, Autograd, m) {
  m.impl("rasterize", backend::rasterize_autograd);
  m.impl("rasterize_backward", backend::rasterize_backward_autograd);
}

}  // namespace lifted::ops
