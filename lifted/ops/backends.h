// Who computes what: the signature of every op and the functions that have it. An op's places are alike:
//   ops/<op>.h, ops/<op>.cpp   what callers use; checks, schema, the table of backends
//   ops/core/                  arithmetic of one element, for host and device, without torch
//   ops/reference/<op>.cpp     composed of torch's operations: any device, type and order of derivative; the oracle
//   ops/cpu/<op>.cpp           layout, threads; *_kernel.cpp the loops
//   ops/cuda/<op>.cu           launches; <op>_body.h what a thread does
//   ops/autograd/<op>.cpp      derivatives, over the dispatcher
#pragma once

#include <array>

#include "lifted/base/torch_compat.h"
#include "lifted/ops/adam_update.h"
#include "lifted/ops/core/adam.h"
#include "lifted/ops/styled_conv.h"
#include "lifted/ops/surface.h"

namespace lifted::ops {
using torch::Tensor;

/// In place, of parameters that kernels take; no entry of torch's dispatcher: it changes what it is given.
using AdamUpdate = void(const std::vector<AdamEntry>& entries, const AdamUpdateOptions& options, const Tensor& proceed);
/// images: fp32, contiguous; inverse: B×3×3, fp64, on the CPU. The warp of ops/affine_warp.h, or its adjoint.
using AffineWarp = Tensor(const Tensor& images, const Tensor& inverse, bool adjoint);
/// Fills `out` (fp32, contiguous).
using CounterNormal = void(const Tensor& out, uint64_t key, uint64_t block);
using BiasAct = Tensor(const Tensor& x, const OptionalTensor& bias, double slope, double gain, double clamp);
using BiasActGradient = Tensor(const Tensor& grad, const Tensor& y, double slope, double gain, double clamp);
/// factors: up_x, up_y, down_x, down_y; pads: x0, x1, y0, y1.
using FirResample = Tensor(const Tensor& x, const Tensor& kernel, at::IntArrayRef factors, at::IntArrayRef pads);
using DirectionDistance = Tensor(const Tensor& x, const Tensor& target, const OptionalTensor& weight);
/// scale: the gradient of the distance, one number.
using DirectionDistanceGradient = Tensor(const Tensor& x, const Tensor& target, const OptionalTensor& weight,
                                         const Tensor& scale);
using GroupNormRelu = Tensor(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps);
using GroupNormReluConv = Tensor(const Tensor& x, int64_t groups, const Tensor& norm_weight, const Tensor& norm_bias,
                                 double eps, const Tensor& weight, const OptionalTensor& bias);
using ProjectUpsample = Tensor(const Tensor& features, const Tensor& weight, const Tensor& x);
using ReflectBlur = Tensor(const Tensor& x, int64_t radius, double sigma);
using RowwiseLinear = Tensor(const Tensor& x, const Tensor& weight, const OptionalTensor& bias);
using PackWeights = Tensor(const Tensor& weight);
using UnpackWeights = Tensor(const Tensor& data, at::IntArrayRef size);
using StyledConv = Tensor(const PackedWeights& weights, const StyledConvInputs& inputs);
using PackedLinear = Tensor(const PackedWeights& weights, const Tensor& x, const Tensor& bias, const Activation&);
using StyledToRgb = Tensor(const ToRgbInputs& inputs);
using SurfaceVertices = Tensor(const Tensor& depth, const OptionalTensor& transform_map, const Tensor& rotation,
                               const Tensor& offset, double focal, double principal);
using ShadeSurface = std::tuple<Tensor, Tensor, Tensor>(const Tensor& depth, const OptionalTensor& albedo,
                                                        const OptionalTensor& ambient, const OptionalTensor& diffuse,
                                                        const OptionalTensor& direction, double focal, double principal,
                                                        bool unit_normals);

struct RasterizeInputs {
  Tensor vertices, attributes;
  Tensor background;  // one value per channel
  int64_t size = 0;
  double focal = 1, background_depth = 0;
  bool perspective_correct = false;
};
struct RasterizeGradientInputs {
  Tensor grad_image, grad_depth;
  Tensor vertices, attributes, faces;
  double focal = 1;
  bool perspective_correct = false;
};
using RasterizeOutputs = std::tuple<Tensor, Tensor, Tensor>;  // image, depth, faces
using RasterizeGradients = std::tuple<Tensor, Tensor>;        // of vertices, of attributes
using Rasterize = RasterizeOutputs(const RasterizeInputs& inputs);
using RasterizeBackward = RasterizeGradients(const RasterizeGradientInputs& inputs);

/// What kernels take of an entry.
inline core::AdamFactors adam_factors(const AdamEntry& entry, const AdamUpdateOptions& options) {
  return {static_cast<float>(options.beta1),   static_cast<float>(options.beta2),
          static_cast<float>(options.epsilon), static_cast<float>(options.weight_decay),
          static_cast<float>(entry.step_size), static_cast<float>(entry.square_root_correction)};
}

namespace reference {
void adam_update(const AdamEntry& entry, const AdamUpdateOptions& options, const Tensor& proceed);
Tensor affine_warp(const Tensor& images, const Tensor& inverse);
BiasAct bias_act;
BiasActGradient bias_act_gradient;
FirResample fir_resample;
DirectionDistance direction_distance;
DirectionDistanceGradient direction_distance_gradient;
GroupNormRelu group_norm_relu;
GroupNormReluConv group_norm_relu_conv;
ProjectUpsample project_upsample;
ReflectBlur reflect_blur;
RowwiseLinear rowwise_linear;
PackWeights pack_weights;      // as it is
UnpackWeights unpack_weights;  // as it is
StyledConv styled_conv;        // of weights as they are
PackedLinear packed_linear;
StyledToRgb styled_to_rgb;
SurfaceVertices surface_vertices;
ShadeSurface shade_surface;
Rasterize rasterize;
}  // namespace reference

namespace cpu {
AdamUpdate adam_update;  // fp32; `proceed` is not asked
AffineWarp affine_warp;
CounterNormal counter_normal;
BiasAct bias_act;                   // fp32, fp64
BiasActGradient bias_act_gradient;  // fp32, fp64
FirResample fir_resample;           // fp32, fp64
DirectionDistance direction_distance;
DirectionDistanceGradient direction_distance_gradient;
GroupNormRelu group_norm_relu;
GroupNormReluConv group_norm_relu_conv;
ProjectUpsample project_upsample;
ReflectBlur reflect_blur;
RowwiseLinear rowwise_linear;
PackWeights pack_weights;
UnpackWeights unpack_weights;
StyledConv styled_conv;
PackedLinear packed_linear;
StyledToRgb styled_to_rgb;
SurfaceVertices surface_vertices;
ShadeSurface shade_surface;
Rasterize rasterize;                   // fp32, fp64
RasterizeBackward rasterize_backward;  // fp32, fp64
}  // namespace cpu

namespace cuda {         // built with LIFTED_CUDA only
AdamUpdate adam_update;  // fp32
AffineWarp affine_warp;
CounterNormal counter_normal;
BiasAct bias_act;
BiasActGradient bias_act_gradient;
FirResample fir_resample;
DirectionDistance direction_distance;
DirectionDistanceGradient direction_distance_gradient;
GroupNormRelu group_norm_relu;
StyledConv styled_conv;
SurfaceVertices surface_vertices;
ShadeSurface shade_surface;
Rasterize rasterize;                   // fp32
RasterizeBackward rasterize_backward;  // fp32
}  // namespace cuda

/// The dispatcher's entries, for those who have derivatives to define.
namespace call {
BiasAct bias_act;
BiasActGradient bias_act_gradient;
FirResample fir_resample;
DirectionDistance direction_distance;
DirectionDistanceGradient direction_distance_gradient;
Rasterize rasterize;
RasterizeBackward rasterize_backward;
}  // namespace call

namespace autograd {
BiasAct bias_act;
BiasActGradient bias_act_gradient;
FirResample fir_resample;
DirectionDistance direction_distance;
Rasterize rasterize;
RasterizeBackward rasterize_backward;
}  // namespace autograd

}  // namespace lifted::ops
