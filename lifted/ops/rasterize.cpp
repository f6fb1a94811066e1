#include "lifted/ops/rasterize.h"

#include "lifted/base/error.h"
#include "lifted/base/log.h"
#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

// ---- structs to the dispatcher's arguments and back ----

using RasterizeSchema = RasterizeOutputs(const Tensor& vertices, const Tensor& attributes, const Tensor& background,
                                         int64_t size, double focal, double background_depth, bool perspective_correct);
using RasterizeBackwardSchema = RasterizeGradients(const Tensor& grad_image, const Tensor& grad_depth,
                                                   const Tensor& vertices, const Tensor& attributes,
                                                   const Tensor& faces, double focal, bool perspective_correct);

template <Rasterize* kBackend>
RasterizeOutputs unpacked(const Tensor& vertices, const Tensor& attributes, const Tensor& background, int64_t size,
                          double focal, double background_depth, bool perspective_correct) {
  return kBackend({vertices, attributes, background, size, focal, background_depth, perspective_correct});
}

template <typename F>
RasterizeOutputs enter(const F& f, const RasterizeInputs& in) {
  return f(in.vertices, in.attributes, in.background, in.size, in.focal, in.background_depth, in.perspective_correct);
}

template <RasterizeBackward* kBackend>
RasterizeGradients unpacked(const Tensor& grad_image, const Tensor& grad_depth, const Tensor& vertices,
                            const Tensor& attributes, const Tensor& faces, double focal, bool perspective_correct) {
  return kBackend({grad_image, grad_depth, vertices, attributes, faces, focal, perspective_correct});
}

template <Rasterize* kBackend>
constexpr RasterizeSchema* forward_entry = &unpacked<kBackend>;
template <RasterizeBackward* kBackend>
constexpr RasterizeBackwardSchema* backward_entry = &unpacked<kBackend>;

// ---- devices without a kernel: on the CPU and back ----

void say_once() {
  static const bool said =
      (log_warning("the rasterizer has no kernel for this device: it runs on the CPU, with copies both ways"), true);
  static_cast<void>(said);
}

RasterizeOutputs rasterize_through_cpu(const RasterizeInputs& in) {
  say_once();
  const auto [image, depth, faces] = call::rasterize({in.vertices.cpu(), in.attributes.cpu(), in.background.cpu(),
                                                      in.size, in.focal, in.background_depth, in.perspective_correct});
  const auto device = in.vertices.device();
  return {image.to(device), depth.to(device), faces.to(device)};
}

RasterizeGradients rasterize_backward_through_cpu(const RasterizeGradientInputs& in) {
  const auto [vertices, attributes] =
      call::rasterize_backward({in.grad_image.cpu(), in.grad_depth.cpu(), in.vertices.cpu(), in.attributes.cpu(),
                                in.faces.cpu(), in.focal, in.perspective_correct});
  return {vertices.to(in.vertices.device()), attributes.to(in.vertices.device())};
}

#if defined(LIFTED_CUDA)
/// The card's kernels know fp32: (depth, triangle number) is compared as one 64-bit number.
RasterizeOutputs rasterize_on_card(const RasterizeInputs& in) {
  return in.vertices.scalar_type() == at::kDouble ? rasterize_through_cpu(in) : cuda::rasterize(in);
}
RasterizeGradients rasterize_backward_on_card(const RasterizeGradientInputs& in) {
  return in.vertices.scalar_type() == at::kDouble ? rasterize_backward_through_cpu(in) : cuda::rasterize_backward(in);
}
#endif

std::string shape_of(const Tensor& tensor) {
  return fmt::format("{}", fmt::join(tensor.sizes(), "×"));
}

void check_inputs(const Tensor& vertices, const Tensor& attributes, const RasterizeOptions& options) {
  require(vertices.dim() == 4 && vertices.size(3) == 3, "rasterize: vertices must have shape B×H×W×3, got {}",
          shape_of(vertices));
  require(vertices.size(1) >= 2 && vertices.size(2) >= 2, "rasterize: the vertex grid must be at least 2×2, got {}",
          shape_of(vertices));
  require(attributes.dim() == 4 && attributes.size(0) == vertices.size(0) && attributes.size(1) == vertices.size(1) &&
              attributes.size(2) == vertices.size(2),
          "rasterize: attributes must have shape B×H×W×C with the grid of vertices ({}), got {}", shape_of(vertices),
          shape_of(attributes));
  require(vertices.scalar_type() == attributes.scalar_type() && vertices.is_floating_point(),
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

Tensor background_values(const Tensor& attributes, const RasterizeOptions& options) {
  const auto plain = attributes.options().requires_grad(false);
  if (options.background.size() == 1) return at::full({attributes.size(3)}, options.background[0], plain);
  return torch::tensor(options.background, at::kDouble).to(plain);
}

}  // namespace

RasterizeOutputs call::rasterize(const RasterizeInputs& inputs) {
  static const auto op = find_op<RasterizeSchema>("lifted::rasterize");
  return enter([](const auto&... args) { return op.call(args...); }, inputs);
}

RasterizeGradients call::rasterize_backward(const RasterizeGradientInputs& in) {
  static const auto op = find_op<RasterizeBackwardSchema>("lifted::rasterize_backward");
  return op.call(in.grad_image, in.grad_depth, in.vertices, in.attributes, in.faces, in.focal, in.perspective_correct);
}

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def(
      "rasterize(Tensor vertices, Tensor attributes, Tensor background, int size, float focal, float background_depth, "
      "bool perspective_correct) -> (Tensor image, Tensor depth, Tensor faces)");
  m.def(
      "rasterize_backward(Tensor grad_image, Tensor grad_depth, Tensor vertices, Tensor attributes, Tensor faces, "
      "float focal, bool perspective_correct) -> (Tensor grad_vertices, Tensor grad_attributes)");
  implement<RasterizeSchema>(m, "rasterize",
                             {.cpu = in_fp32<forward_entry<cpu::rasterize>>,
                              .cuda = LIFTED_CUDA_KERNEL(forward_entry<rasterize_on_card>),
                              .elsewhere = forward_entry<rasterize_through_cpu>,
                              .autograd = forward_entry<autograd::rasterize>});
  implement<RasterizeBackwardSchema>(m, "rasterize_backward",
                                     {.cpu = in_fp32<backward_entry<cpu::rasterize_backward>>,
                                      .cuda = LIFTED_CUDA_KERNEL(backward_entry<rasterize_backward_on_card>),
                                      .elsewhere = backward_entry<rasterize_backward_through_cpu>,
                                      .autograd = backward_entry<autograd::rasterize_backward>});
}

Rasterized rasterize(const Tensor& vertices, const Tensor& attributes, const RasterizeOptions& options,
                     Implementation implementation) {
  check_inputs(vertices, attributes, options);
  const RasterizeInputs inputs = {.vertices = vertices,
                                  .attributes = attributes,
                                  .background = background_values(attributes, options),
                                  .size = options.size,
                                  .focal = options.focal,
                                  .background_depth = options.background_depth,
                                  .perspective_correct = options.perspective_correct};
  const auto [image, depth, faces] = implementation == Implementation::reference
                                         ? enter(in_fp32<forward_entry<reference::rasterize>>, inputs)
                                         : call::rasterize(inputs);
  return {image, depth, faces};
}

}  // namespace lifted::ops
