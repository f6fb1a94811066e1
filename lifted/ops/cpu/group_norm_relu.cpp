#include <ATen/Parallel.h>

#include <algorithm>

#include "lifted/ops/backends.h"
#include "lifted/ops/core/moments.h"
#include "lifted/ops/cpu/channel_norm.h"
#include "lifted/ops/cpu/group_norm_kernel.h"

namespace lifted::ops {
namespace {

constexpr int64_t kPixels =
    256;  // pixels: a chunk of 16 channels stays in the first-level cache between its two passes

/// Per sample, chunk of pixels and channel: mean and squared deviations, in that order of memory.
torch::Tensor chunk_moments(const torch::Tensor& x) {
  const int64_t channels = x.size(1), pixels = x.size(2) * x.size(3), chunks = (pixels + kPixels - 1) / kPixels;
  torch::Tensor moments =
      torch::empty({x.size(0), chunks, 2, channels}, x.options().memory_format(torch::MemoryFormat::Contiguous));
  const float* from = x.data_ptr<float>();
  float* to = moments.data_ptr<float>();
  at::parallel_for(0, x.size(0) * chunks, 4, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t sample = item / chunks, first = (item % chunks) * kPixels;
      ChannelMomentsParams params{from + (sample * pixels + first) * channels, std::min(kPixels, pixels - first),
                                  channels, to + item * 2 * channels, to + (item * 2 + 1) * channels};
      LIFTED_CALL_ISA(channel_moments, params);
    }
  });
  return moments;
}

core::Moments group_moments(const float* chunk_data, int64_t pixels, int64_t channels, int64_t first, int64_t last) {
  core::Moments total = {0, 0, 0};
  for (int64_t done = 0; done < pixels; done += kPixels, chunk_data += 2 * channels) {
    const double count = static_cast<double>(std::min(kPixels, pixels - done));
    for (int64_t c = first; c < last; ++c)
      total = core::together(total, {count, chunk_data[c], chunk_data[channels + c]});
  }
  return total;
}

}  // namespace

bool cpu::has_channel_kernels(const Tensor& x) {
  return x.scalar_type() == at::kFloat && x.dim() == 4 && x.size(1) % 16 == 0 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

cpu::NormAffine cpu::group_norm_affine(const torch::Tensor& x, int64_t groups, const torch::Tensor& weight,
                                       const torch::Tensor& bias, double eps) {
  TORCH_CHECK(has_channel_kernels(x),
              "group_norm_affine: x must be fp32, channels_last, with a multiple of 16 channels");
  const int64_t channels = x.size(1), pixels = x.size(2) * x.size(3), width = channels / groups;
  const torch::Tensor moments = chunk_moments(x);
  const torch::Tensor gain = weight.contiguous(), offset = bias.contiguous();
  NormAffine affine{torch::empty({x.size(0), channels}, weight.options()),
                    torch::empty({x.size(0), channels}, weight.options())};
  float *scale = affine.scale.data_ptr<float>(), *shift = affine.shift.data_ptr<float>();
  const float *data = moments.data_ptr<float>(), *gains = gain.data_ptr<float>(), *offsets = offset.data_ptr<float>();
  at::parallel_for(0, x.size(0) * groups, 4, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t sample = item / groups, first = (item % groups) * width;
      const core::Moments total =
          group_moments(data + sample * moments.stride(0), pixels, channels, first, first + width);
      for (int64_t c = first; c < first + width; ++c) {
        const core::ScaleShift affine_c = core::normalization(total, eps, gains[c], offsets[c]);
        scale[sample * channels + c] = affine_c.scale;
        shift[sample * channels + c] = affine_c.shift;
      }
    }
  });
  return affine;
}

Tensor cpu::group_norm_relu(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  if (!has_channel_kernels(x)) return reference::group_norm_relu(x, groups, weight, bias, eps);
  const NormAffine affine = group_norm_affine(x, groups, weight, bias, eps);
  const int64_t channels = x.size(1), pixels = x.size(2) * x.size(3);
  float* values = x.data_ptr<float>();
  const float *scale = affine.scale.data_ptr<float>(), *shift = affine.shift.data_ptr<float>();
  at::parallel_for(0, x.size(0) * pixels, 4096, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t sample = begin / pixels, stop = std::min(end, (sample + 1) * pixels);
      AffineReluParams params{values + begin * channels, stop - begin, channels, scale + sample * channels,
                              shift + sample * channels};
      LIFTED_CALL_ISA(affine_relu, params);
      begin = stop;
    }
  });
  return x;
}

Tensor cpu::group_norm_relu_conv(const Tensor& x, int64_t groups, const Tensor& norm_weight, const Tensor& norm_bias,
                                 double eps, const Tensor& weight, const OptionalTensor& bias) {
  if (!has_channel_kernels(x)) {
    return reference::group_norm_relu_conv(x, groups, norm_weight, norm_bias, eps, weight, bias);
  }
  return affine_relu_plane_conv(x, group_norm_affine(x, groups, norm_weight, norm_bias, eps), weight,
                                bias.value_or(Tensor()));
}

}  // namespace lifted::ops
