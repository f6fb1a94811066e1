#include "lifted/base/error.h"
#include "lifted/ops/rasterize_backends.h"

namespace lifted::ops::backend {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class RasterizeFunction : public torch::autograd::Function<RasterizeFunction> {
 public:
  static variable_list forward(AutogradContext* context, const torch::Tensor& vertices, const torch::Tensor& attributes,
                               int64_t size, double focal, const torch::Tensor& background, double background_depth,
                               bool perspective_correct) {
    at::AutoDispatchBelowADInplaceOrView below;
    auto [image, depth, faces] =
        rasterize_dispatched(vertices, attributes, size, focal, background, background_depth, perspective_correct);
    context->save_for_backward({vertices, attributes, faces});
    context->mark_non_differentiable({faces});
    context->saved_data["focal"] = focal;
    context->saved_data["perspective_correct"] = perspective_correct;
    return {image, depth, faces};
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &vertices = saved[0], &attributes = saved[1], &faces = saved[2];
    const int64_t b = faces.size(0), size = faces.size(1);
    const auto grad_image =
        grads[0].defined() ? grads[0] : torch::zeros({b, attributes.size(3), size, size}, vertices.options());
    const auto grad_depth = grads[1].defined() ? grads[1] : torch::zeros({b, size, size}, vertices.options());
    const auto [grad_vertices, grad_attributes] = rasterize_backward_dispatched(
        grad_image, grad_depth, vertices, attributes, faces, context->saved_data["focal"].toDouble(),
        context->saved_data["perspective_correct"].toBool());
    return {grad_vertices, grad_attributes, {}, {}, {}, {}, {}};
  }
};

/// Exists to say no: the gradient of the rasterizer is not differentiable again.
class RasterizeBackwardFunction : public torch::autograd::Function<RasterizeBackwardFunction> {
 public:
  static variable_list forward(AutogradContext*, const torch::Tensor& grad_image, const torch::Tensor& grad_depth,
                               const torch::Tensor& vertices, const torch::Tensor& attributes,
                               const torch::Tensor& faces, double focal, bool perspective_correct) {
    at::AutoDispatchBelowADInplaceOrView below;
    const auto [grad_vertices, grad_attributes] =
        rasterize_backward_dispatched(grad_image, grad_depth, vertices, attributes, faces, focal, perspective_correct);
    return {grad_vertices, grad_attributes};
  }

  static variable_list backward(AutogradContext*, const variable_list&) {
    fail(
        "rasterize cannot be differentiated twice: use RasterizeOptions::reference, whose gradient is made of tensor "
        "operations");
  }
};

}  // namespace

RasterizeOutputs rasterize_autograd(const torch::Tensor& vertices, const torch::Tensor& attributes, int64_t size,
                                    double focal, const torch::Tensor& background, double background_depth,
                                    bool perspective_correct) {
  const auto outputs =
      RasterizeFunction::apply(vertices, attributes, size, focal, background, background_depth, perspective_correct);
  return {outputs[0], outputs[1], outputs[2]};
}

RasterizeGradients rasterize_backward_autograd(const torch::Tensor& grad_image, const torch::Tensor& grad_depth,
                                               const torch::Tensor& vertices, const torch::Tensor& attributes,
                                               const torch::Tensor& faces, double focal, bool perspective_correct) {
  const auto grads =
      RasterizeBackwardFunction::apply(grad_image, grad_depth, vertices, attributes, faces, focal, perspective_correct);
  return {grads[0], grads[1]};
}

}  // namespace lifted::ops::backend
