#include "lifted/ops/styled_conv.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "lifted/ops/backends.h"
#include "lifted/ops/cpu/styled_conv_kernel.h"
#include "lifted/ops/cpu/to_rgb_kernel.h"

namespace lifted::ops {
namespace {

constexpr int64_t kPackedFloats =
    150'000;                   // packed input of a task that spans several images: stays in the second-level cache
constexpr int64_t kBand = 16;  // output rows of a task of a large image

const float* pointer(const Tensor& t) {
  return t.defined() ? t.data_ptr<float>() : nullptr;
}

/// Cuts the work into tasks: whole small images together, large ones in bands of rows; by output channels only where
/// that leaves too few.
std::vector<StyledConvTask> make_tasks(const StyledConvParams& p, int64_t batch) {
  std::vector<StyledConvTask> tasks;
  if (p.out_height <= kBand) {
    const int64_t image = (p.height + 2) * (p.width + 2) * p.packing.blocks * p.packing.block;
    const int64_t together = std::max<int64_t>(1, kPackedFloats / image);
    for (int64_t n = 0; n < batch; n += together) {
      tasks.push_back({n, std::min(n + together, batch), 0, p.out_height, 0, p.packing.chunks});
    }
  } else {
    for (int64_t n = 0; n < batch; ++n) {
      for (int64_t row = 0; row < p.out_height; row += kBand) {
        tasks.push_back({n, n + 1, row, std::min(row + kBand, p.out_height), 0, p.packing.chunks});
      }
    }
  }
  const int64_t wanted = 2 * at::get_num_threads(), have = static_cast<int64_t>(tasks.size());
  const int64_t parts = std::min(p.packing.chunks, (wanted + have - 1) / have);
  if (have >= wanted || parts == 1) return tasks;
  std::vector<StyledConvTask> finer;
  for (const auto& task : tasks) {
    for (int64_t i = 0; i < parts; ++i) {
      finer.push_back(task);
      finer.back().chunk_begin = p.packing.chunks * i / parts;
      finer.back().chunk_end = p.packing.chunks * (i + 1) / parts;
    }
  }
  return finer;
}

void run_tasks(const StyledConvParams& p, int64_t batch) {
  const auto tasks = make_tasks(p, batch);
  at::parallel_for(0, static_cast<int64_t>(tasks.size()), 1, [&](int64_t begin, int64_t end) {
    Tensor scratch;
    for (int64_t i = begin; i < end; ++i) {
      const auto& task = tasks[static_cast<size_t>(i)];
      const auto layout = make_styled_conv_layout(p, task);
      const int64_t needed = layout.packed_size + layout.sums_size;
      if (!scratch.defined() || scratch.numel() < needed) scratch = at::empty({needed}, at::kFloat);
      LIFTED_CALL_ISA(styled_conv, p, task, layout, scratch.data_ptr<float>());
    }
  });
}

void set_activation(StyledConvParams& p, const Activation& activation) {
  p.slope = activation.slope, p.gain = activation.gain, p.clamp = activation.clamp;
}

/// Values of all output channels along the last dimension, followed by zeros up to the packing's width.
Tensor pad_outputs(const Tensor& values, const ConvPacking& packing) {
  if (!values.defined() || packing.padded_out == packing.out) return values.defined() ? values.contiguous() : values;
  return at::constant_pad_nd(values, {0, packing.padded_out - packing.out}).contiguous();
}

Tensor dense_or_none(const Tensor& values) {
  return values.defined() ? values.contiguous() : values;
}

}  // namespace

Tensor cpu::pack_weights(const Tensor& weight) {
  const ConvPacking k = make_conv_packing(weight.size(0), weight.size(1), weight.size(2) * weight.size(3));
  auto padded = at::constant_pad_nd(weight.to(at::kFloat).reshape({k.out, k.in, k.taps}),
                                    {0, 0, 0, k.blocks * k.block - k.in, 0, k.padded_out - k.out});
  padded = padded.view({k.chunks, k.chunk, k.blocks, k.block, k.taps});
  return padded.permute({0, 2, 4, 3, 1}).contiguous();
}

Tensor cpu::unpack_weights(const Tensor& data, at::IntArrayRef size) {
  const ConvPacking k = make_conv_packing(size[0], size[1], size[2] * size[3]);
  const auto padded = data.permute({0, 4, 1, 3, 2}).reshape({k.padded_out, k.blocks * k.block, k.taps});
  return padded.slice(0, 0, k.out).slice(1, 0, k.in).reshape(size);
}

Tensor cpu::styled_conv(const PackedWeights& weights, const StyledConvInputs& inputs) {
  const auto x = inputs.x.contiguous(at::MemoryFormat::ChannelsLast);
  const int64_t batch = x.size(0), scale = inputs.upsample ? 2 : 1;
  auto out = at::empty({batch, weights.out, x.size(2) * scale, x.size(3) * scale},
                       x.options().memory_format(at::MemoryFormat::ChannelsLast));
  if (out.numel() == 0) return out;
  StyledConvParams p;
  p.packing = make_conv_packing(weights.out, weights.in, weights.kernel * weights.kernel);
  p.kernel = weights.kernel;
  p.upsample = inputs.upsample;
  p.x = x.data_ptr<float>();
  p.weight = weights.data.data_ptr<float>();
  p.out = out.data_ptr<float>();
  p.height = x.size(2), p.width = x.size(3);
  p.out_height = out.size(2), p.out_width = out.size(3);
  const auto in_scale = dense_or_none(inputs.in_scale), noise = dense_or_none(inputs.noise);
  const auto out_scale = pad_outputs(inputs.out_scale, p.packing), bias = pad_outputs(inputs.bias, p.packing);
  p.in_scale = pointer(in_scale), p.out_scale = pointer(out_scale), p.noise = pointer(noise), p.bias = pointer(bias);
  p.noise_stride = noise.defined() && noise.size(0) > 1 ? p.out_height * p.out_width : 0;
  p.noise_strength = inputs.noise_strength;
  set_activation(p, inputs.activation);
  std::copy(inputs.fir.begin(), inputs.fir.end(), p.fir);
  run_tasks(p, batch);
  return out;
}

Tensor cpu::packed_linear(const PackedWeights& weights, const Tensor& x_any, const Tensor& bias_any,
                          const Activation& activation) {
  const auto x = x_any.contiguous();
  auto out = at::empty({x.size(0), weights.out}, x.options());
  if (out.numel() == 0) return out;
  StyledConvParams p;  // one image of one row whose pixels are the samples
  p.packing = make_conv_packing(weights.out, weights.in, 1);
  p.kernel = 1;
  p.x = x.data_ptr<float>();
  p.weight = weights.data.data_ptr<float>();
  p.out = out.data_ptr<float>();
  p.height = p.out_height = 1;
  p.width = p.out_width = x.size(0);
  const auto bias = pad_outputs(bias_any, p.packing);
  p.bias = pointer(bias);
  set_activation(p, activation);
  run_tasks(p, 1);
  return out;
}

Tensor cpu::styled_to_rgb(const ToRgbInputs& inputs) {
  const auto x = inputs.x.contiguous(at::MemoryFormat::ChannelsLast);
  const int64_t channels = x.size(1), padded = (channels + 15) / 16 * 16;
  const auto weight = at::constant_pad_nd(inputs.weight, {0, padded - channels}).contiguous();
  const auto bias = inputs.bias.contiguous();
  const auto skip = inputs.skip.defined() ? inputs.skip.contiguous() : Tensor();
  auto out = at::empty({x.size(0), 3, x.size(2), x.size(3)}, x.options());
  ToRgbParams p;
  p.x = x.data_ptr<float>();
  p.weight = weight.data_ptr<float>();
  p.bias = bias.data_ptr<float>();
  p.skip = pointer(skip);
  p.out = out.data_ptr<float>();
  p.height = x.size(2), p.width = x.size(3), p.channels = channels, p.padded_channels = padded;
  p.clamp = inputs.clamp;
  std::copy(inputs.fir.begin(), inputs.fir.end(), p.fir);
  at::parallel_for(0, x.size(0) * x.size(2), std::max<int64_t>(1, 2048 / p.width), [&](int64_t begin, int64_t end) {
    const auto line = at::zeros({p.width / 2 + 2}, at::kFloat);
    LIFTED_CALL_ISA(to_rgb_rows, p, begin, end, line.data_ptr<float>());
  });
  return out;
}

}  // namespace lifted::ops
