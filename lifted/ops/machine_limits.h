// What this machine reaches at most: the yardsticks beside every figure of speed.
#pragma once

namespace lifted::ops {

/// FLOP/s (two per multiply-add) of fp32 multiply-adds in registers, on as many threads as are set now: no direct
/// algorithm is faster. The fastest of `repeats` runs.
double measure_multiply_add_peak(int repeats = 10);

/// FLOP/s of one batch of libtorch's 3×3 convolution, 64 → 64 channels at 64×64, batch 8, channels_last, float32, with
/// the threads set now: what its callers get. The fastest of `repeats` runs.
double measure_conv_ceiling(int repeats = 10);

}  // namespace lifted::ops
