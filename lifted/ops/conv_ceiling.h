// What this machine reaches on an easy convolution: the yardstick beside every figure of speed.
#pragma once

namespace lifted::ops {

/// FLOP/s (two per multiply-add) of one batch of libtorch's 3×3 convolution, 64 → 64 channels at 64×64, batch 8,
/// channels_last, float32, with the threads set now: the fastest of `repeats` runs.
double measure_conv_ceiling(int repeats = 10);

}  // namespace lifted::ops
