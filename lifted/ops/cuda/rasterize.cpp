// Tensors on a GPU are rasterized on the CPU and copied back, until there is a kernel of its own.
#include <mutex>

#include "lifted/base/log.h"
#include "lifted/ops/rasterize_backends.h"

namespace lifted::ops::backend {
namespace {

void say_once() {
  static std::once_flag said;
  std::call_once(
      said, [] { log_warning("the rasterizer has no GPU kernel: rendering runs on the CPU, with copies both ways"); });
}

}  // namespace

RasterizeOutputs rasterize_cuda(const torch::Tensor& vertices, const torch::Tensor& attributes, int64_t size,
                                double focal, const torch::Tensor& background, double background_depth,
                                bool perspective_correct) {
  say_once();
  const auto [image, depth, faces] = rasterize_cpu(vertices.cpu(), attributes.cpu(), size, focal, background.cpu(),
                                                   background_depth, perspective_correct);
  return {image.to(vertices.device()), depth.to(vertices.device()), faces.to(vertices.device())};
}

RasterizeGradients rasterize_backward_cuda(const torch::Tensor& grad_image, const torch::Tensor& grad_depth,
                                           const torch::Tensor& vertices, const torch::Tensor& attributes,
                                           const torch::Tensor& faces, double focal, bool perspective_correct) {
  const auto [grad_vertices, grad_attributes] = rasterize_backward_cpu(
      grad_image.cpu(), grad_depth.cpu(), vertices.cpu(), attributes.cpu(), faces.cpu(), focal, perspective_correct);
  return {grad_vertices.to(vertices.device()), grad_attributes.to(vertices.device())};
}

}  // namespace lifted::ops::backend
