#include "lifted/ops/cpu/rowwise_linear_kernel.h"

#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

/// Dot products of one weight row with `Rows` consecutive rows of x: each is summed in the same order whatever Rows is.
template <int Rows>
void dot_rows(const RowwiseLinearParams& p, int64_t row, int64_t output) {
  const float* w = p.weight + output * p.inputs;
  const float* x = p.x + row * p.inputs;
  Floats16 sums[Rows] = {};
  int64_t k = 0;
  for (; k + kLanes16 <= p.inputs; k += kLanes16) {
    const Floats16 weights = load(w + k);
    for (int r = 0; r < Rows; ++r) sums[r] = multiply_add(load(x + r * p.inputs + k), weights, sums[r]);
  }
  for (int r = 0; r < Rows; ++r) {
    float sum = horizontal_sum(sums[r]);
    for (int64_t rest = k; rest < p.inputs; ++rest) sum += x[r * p.inputs + rest] * w[rest];
    p.y[(row + r) * p.outputs + output] = sum + (p.bias ? p.bias[output] : 0.0f);
  }
}

}  // namespace

void rowwise_linear(const RowwiseLinearParams& p) {
  constexpr int kRows = sums_in_flight(8);
  for (int64_t output = p.first_output; output < p.last_output; ++output) {
    int64_t row = 0;
    for (; row + kRows <= p.rows; row += kRows) dot_rows<kRows>(p, row, output);
    for (; row < p.rows; ++row) dot_rows<1>(p, row, output);
  }
}

}  // namespace lifted::ops::LIFTED_ISA
