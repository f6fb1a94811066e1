// The backends behind ops/rasterize.h: one function pair per dispatch key, registered in rasterize.cpp.
#pragma once

#include <tuple>

#include "lifted/base/tensor.h"

namespace lifted::ops::backend {

using RasterizeOutputs = std::tuple<torch::Tensor, torch::Tensor, torch::Tensor>;
using RasterizeGradients = std::tuple<torch::Tensor, torch::Tensor>;

RasterizeOutputs rasterize_cpu(const torch::Tensor& vertices, const torch::Tensor& attributes, int64_t size,
                               double focal, const torch::Tensor& background, double background_depth,
                               bool perspective_correct);
RasterizeGradients rasterize_backward_cpu(const torch::Tensor& grad_image, const torch::Tensor& grad_depth,
                                          const torch::Tensor& vertices, const torch::Tensor& attributes,
                                          const torch::Tensor& faces, double focal, bool perspective_correct);

RasterizeOutputs rasterize_cuda(const torch::Tensor& vertices, const torch::Tensor& attributes, int64_t size,
                                double focal, const torch::Tensor& background, double background_depth,
                                bool perspective_correct);
RasterizeGradients rasterize_backward_cuda(const torch::Tensor& grad_image, const torch::Tensor& grad_depth,
                                           const torch::Tensor& vertices, const torch::Tensor& attributes,
                                           const torch::Tensor& faces, double focal, bool perspective_correct);

RasterizeOutputs rasterize_autograd(const torch::Tensor& vertices, const torch::Tensor& attributes, int64_t size,
                                    double focal, const torch::Tensor& background, double background_depth,
                                    bool perspective_correct);
RasterizeGradients rasterize_backward_autograd(const torch::Tensor& grad_image, const torch::Tensor& grad_depth,
                                               const torch::Tensor& vertices, const torch::Tensor& attributes,
                                               const torch::Tensor& faces, double focal, bool perspective_correct);

/// The dispatcher's entry points.
RasterizeOutputs rasterize_dispatched(const torch::Tensor& vertices, const torch::Tensor& attributes, int64_t size,
                                      double focal, const torch::Tensor& background, double background_depth,
                                      bool perspective_correct);
RasterizeGradients rasterize_backward_dispatched(const torch::Tensor& grad_image, const torch::Tensor& grad_depth,
                                                 const torch::Tensor& vertices, const torch::Tensor& attributes,
                                                 const torch::Tensor& faces, double focal, bool perspective_correct);

}  // namespace lifted::ops::backend
