// Made-up networks of 16 and 32 pixels, small enough to build in every test.
#pragma once

#include "lifted/model/import.h"

namespace lifted::test {

/// A 2D generator with random weights; the same for the same seed.
model::LoadedNetwork tiny_generator(uint64_t seed = 1);
/// The same lifted by networks of random weights.
model::LoadedNetwork tiny_lifted(uint64_t seed = 1);

/// A lifted generator of 32 pixels from torch's own random stream, its mean code zero: what the heads' metrics are
/// tried on.
model::LoadedNetwork small_lifted();

}  // namespace lifted::test
