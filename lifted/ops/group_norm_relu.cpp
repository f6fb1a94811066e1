#include "lifted/ops/group_norm_relu.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <vector>

#include "lifted/ops/cpu/group_norm_kernel.h"

namespace lifted::ops {
namespace {

constexpr int64_t kPixels =
    256;  // pixels: a chunk of 16 channels stays in the first-level cache between its two passes

/// Mean and sum of squared deviations of a set of values; combined after Chan et al.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void add(const Moments& other) {
    const double total = count + other.count, difference = other.mean - mean;
    mean += difference * other.count / total;
    squares += other.squares + difference * difference * count * other.count / total;
    count = total;
  }
};

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

Moments group_moments(const float* chunk_data, int64_t pixels, int64_t channels, int64_t first, int64_t last) {
  Moments total;
  for (int64_t done = 0; done < pixels; done += kPixels, chunk_data += 2 * channels) {
    const double count = static_cast<double>(std::min(kPixels, pixels - done));
    for (int64_t c = first; c < last; ++c) total.add({count, chunk_data[c], chunk_data[channels + c]});
  }
  return total;
}

}  // namespace

bool has_channel_kernels(const torch::Tensor& x) {
  return !(torch::GradMode::is_enabled() && x.requires_grad()) && x.is_cpu() && x.scalar_type() == torch::kFloat32 &&
         x.dim() == 4 && x.size(1) % 16 == 0 && x.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

NormAffine group_norm_affine(const torch::Tensor& x, int64_t groups, const torch::Tensor& weight,
                             const torch::Tensor& bias, double eps) {
  TORCH_CHECK(has_channel_kernels(x),
              "group_norm_affine: x must be fp32, channels_last, on a CPU, with a multiple of 16 channels");
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
      const Moments total = group_moments(data + sample * moments.stride(0), pixels, channels, first, first + width);
      const double inverse = 1 / std::sqrt(total.squares / total.count + eps);
      for (int64_t c = first; c < first + width; ++c) {
        scale[sample * channels + c] = static_cast<float>(gains[c] * inverse);
        shift[sample * channels + c] = static_cast<float>(offsets[c] - total.mean * gains[c] * inverse);
      }
    }
  });
  return affine;
}

torch::Tensor group_norm_relu(torch::Tensor x, int64_t groups, const torch::Tensor& weight, const torch::Tensor& bias,
                              double eps) {
  const bool needs_gradient = torch::GradMode::is_enabled() && (weight.requires_grad() || bias.requires_grad());
  if (needs_gradient || !has_channel_kernels(x)) return torch::relu(torch::group_norm(x, groups, weight, bias, eps));

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

}  // namespace lifted::ops
