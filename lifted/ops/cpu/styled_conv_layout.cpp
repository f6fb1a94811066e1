#include "lifted/ops/cpu/styled_conv_kernel.h"

namespace lifted::ops {
namespace {

int64_t round_up(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace

ConvPacking make_conv_packing(int64_t out, int64_t in, int64_t taps) {
  ConvPacking p;
  p.out = out, p.in = in, p.taps = taps;
  p.chunk = out >= 64 ? 64 : round_up(out, 16);
  p.padded_out = round_up(out, p.chunk);
  p.chunks = p.padded_out / p.chunk;
  p.block = in <= 16 ? 16 : 32;
  p.blocks = round_up(in, p.block) / p.block;
  p.size = p.padded_out * p.blocks * p.block * taps;
  return p;
}

StyledConvLayout make_styled_conv_layout(const StyledConvParams& p, const StyledConvTask& task) {
  StyledConvLayout l;
  const int64_t rows = task.row_end - task.row_begin, chunk = p.packing.chunk;
  l.images = task.image_end - task.image_begin;
  l.border = p.kernel / 2;
  l.packed_row = (p.width + 2 * l.border) * p.packing.block;
  if (p.upsample) {
    // Output row y is filtered from transposed rows y−1 to y+2; row t of these meets input rows t/2 and t/2−1.
    l.first_transposed_row = task.row_begin - 1;
    l.transposed_rows = rows + 3;
    l.transposed_row = (2 * p.width + 3) * chunk;
    l.first_in_row = (task.row_begin > 0 ? (task.row_begin - 1) / 2 : 0) - 1;
    l.in_rows = (task.row_end + 1) / 2 - l.first_in_row + 1;
    l.kept_rows = p.packing.blocks == 1 ? 4 : l.transposed_rows;
    l.sums_size = (l.images * l.kept_rows + 1) * l.transposed_row;
  } else {
    l.first_in_row = task.row_begin - l.border;
    l.in_rows = rows + 2 * l.border;
    l.sums_size = (p.packing.blocks == 1 ? 1 : l.images * rows) * p.width * chunk;
  }
  l.packed_size = p.packing.blocks * l.images * l.in_rows * l.packed_row;
  return l;
}

}  // namespace lifted::ops
