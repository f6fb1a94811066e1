#include "lifted/base/error.h"
#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

/// Takes the tensors apart from the rest: torch's Function differentiates with respect to its own arguments.
struct RasterizeFunction : torch::autograd::Function<RasterizeFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const Tensor& vertices,
                                                const Tensor& attributes, const RasterizeInputs& inputs) {
    at::AutoDispatchBelowADInplaceOrView below;
    const auto [image, depth, faces] = call::rasterize(inputs);
    context->save_for_backward({vertices, attributes, faces});
    context->mark_non_differentiable({faces});
    context->saved_data["focal"] = inputs.focal;
    context->saved_data["perspective_correct"] = inputs.perspective_correct;
    return {image, depth, faces};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &vertices = saved[0], &attributes = saved[1], &faces = saved[2];
    const int64_t b = faces.size(0), size = faces.size(1);
    const auto or_zero = [&](const Tensor& grad, at::IntArrayRef shape) {
      return grad.defined() ? grad : at::zeros(shape, vertices.options());
    };
    const auto [grad_vertices, grad_attributes] =
        call::rasterize_backward({.grad_image = or_zero(grads[0], {b, attributes.size(3), size, size}),
                                  .grad_depth = or_zero(grads[1], {b, size, size}),
                                  .vertices = vertices,
                                  .attributes = attributes,
                                  .faces = faces,
                                  .focal = context->saved_data["focal"].toDouble(),
                                  .perspective_correct = context->saved_data["perspective_correct"].toBool()});
    return {grad_vertices, grad_attributes, {}};
  }
};

/// Exists to say no: the gradient of the rasterizer is not differentiable again.
struct RasterizeBackwardFunction : torch::autograd::Function<RasterizeBackwardFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext*, const Tensor&, const Tensor&,
                                                const Tensor&, const Tensor&, const RasterizeGradientInputs& inputs) {
    at::AutoDispatchBelowADInplaceOrView below;
    const auto [grad_vertices, grad_attributes] = call::rasterize_backward(inputs);
    return {grad_vertices, grad_attributes};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::variable_list&) {
    fail(
        "rasterize cannot be differentiated twice: use Implementation::reference, whose gradient is made of tensor "
        "operations");
  }
};

}  // namespace

RasterizeOutputs autograd::rasterize(const RasterizeInputs& inputs) {
  const auto outputs = RasterizeFunction::apply(inputs.vertices, inputs.attributes, inputs);
  return {outputs[0], outputs[1], outputs[2]};
}

RasterizeGradients autograd::rasterize_backward(const RasterizeGradientInputs& in) {
  const auto grads = RasterizeBackwardFunction::apply(in.grad_image, in.grad_depth, in.vertices, in.attributes, in);
  return {grads[0], grads[1]};
}

}  // namespace lifted::ops
