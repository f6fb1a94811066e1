#include <ATen/Parallel.h>

#include <vector>

#include "lifted/ops/cpu/channel_norm.h"
#include "lifted/ops/cpu/plane_conv_kernel.h"

namespace lifted::ops {
namespace {

struct PlaneConvJob {
  const float *x, *scale, *shift, *weight;
  float* y;
  float bias;
  int64_t height, width, channels, kernel;
};

/// The last `kernel` input rows with normalization and margins applied, as a ring.
class PreparedRows {
 public:
  explicit PreparedRows(const PlaneConvJob& job)
      : job_(job),
        length_((job.width + job.kernel - 1) * job.channels),
        rows_(static_cast<size_t>(job.kernel * length_), 0.0f),
        zeros_(static_cast<size_t>(length_), 0.0f) {}

  const float* get(int64_t row) {
    return row < 0 || row >= job_.height ? zeros_.data() : rows_.data() + (row % job_.kernel) * length_;
  }

  void prepare(int64_t sample, int64_t row) {
    if (row < 0 || row >= job_.height) return;
    AffineReluRowParams params{job_.x + (sample * job_.height + row) * job_.width * job_.channels,
                               rows_.data() + (row % job_.kernel) * length_,
                               job_.width,
                               job_.channels,
                               job_.kernel / 2,
                               job_.scale + sample * job_.channels,
                               job_.shift + sample * job_.channels};
    LIFTED_CALL_ISA(affine_relu_row, params);
  }

 private:
  const PlaneConvJob& job_;
  int64_t length_;
  std::vector<float> rows_, zeros_;
};

/// Output rows [first, last) of one sample.
void convolve_rows(const PlaneConvJob& job, PreparedRows& prepared, int64_t sample, int64_t first, int64_t last) {
  const int64_t reach = job.kernel / 2;
  std::vector<const float*> rows(static_cast<size_t>(job.kernel));
  for (int64_t row = first - reach; row < first + reach; ++row) prepared.prepare(sample, row);
  for (int64_t row = first; row < last; ++row) {
    prepared.prepare(sample, row + reach);
    for (int64_t dy = 0; dy < job.kernel; ++dy) rows[static_cast<size_t>(dy)] = prepared.get(row - reach + dy);
    PlaneConvRowParams params{rows.data(), job.weight, job.y + (sample * job.height + row) * job.width,
                              job.bias,    job.width,  job.channels,
                              job.kernel};
    LIFTED_CALL_ISA(plane_conv_row, params);
  }
}

}  // namespace

torch::Tensor cpu::affine_relu_plane_conv(const torch::Tensor& x, const NormAffine& affine, const torch::Tensor& weight,
                                          const torch::Tensor& bias) {
  TORCH_CHECK(has_channel_kernels(x),
              "affine_relu_plane_conv: x must be fp32, channels_last, with a multiple of 16 channels");
  const torch::Tensor taps = weight.permute({0, 2, 3, 1}).contiguous();
  torch::Tensor y = torch::empty({x.size(0), 1, x.size(2), x.size(3)}, taps.options());
  const PlaneConvJob job{x.data_ptr<float>(),
                         affine.scale.data_ptr<float>(),
                         affine.shift.data_ptr<float>(),
                         taps.data_ptr<float>(),
                         y.data_ptr<float>(),
                         bias.defined() ? bias.item<float>() : 0.0f,
                         x.size(2),
                         x.size(3),
                         x.size(1),
                         weight.size(2)};
  at::parallel_for(0, x.size(0) * job.height, 32, [&](int64_t begin, int64_t end) {
    PreparedRows prepared(job);
    while (begin < end) {
      const int64_t sample = begin / job.height, stop = std::min(end, (sample + 1) * job.height);
      convolve_rows(job, prepared, sample, begin - sample * job.height, stop - sample * job.height);
      begin = stop;
    }
  });
  return y;
}

}  // namespace lifted::ops
