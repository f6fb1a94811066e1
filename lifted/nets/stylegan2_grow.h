// Networks of twice the image size from trained ones: what they compute at first is what the smaller ones did.
#pragma once

#include <string_view>

#include "lifted/base/state_dict.h"

namespace lifted::nets {

/// The weights of a generator of 2S pixels from those of one of S. `fresh`: the state of the larger network at random
/// (state_of); every layer the two share is copied from `smaller`, whatever is new keeps its fresh weights, except that
/// the new ToRGB is zero: the picture is the smaller network's, enlarged by the generator's own FIR filter.
/// Error, naming `what`, if `smaller` is not of half the size. Shapes are left to load_strict.
StateDict grown_generator(const StateDict& fresh, const StateDict& smaller, std::string_view what);

/// The same for a discriminator: its logits are those of the smaller one for the image halved by the block's own FIR
/// filter (zeros beyond the border). Colours pass the new block's two rectifiers as pairs of opposite sign, so it needs
/// at least six channels; Error otherwise. Channels that carry nothing yet keep fresh incoming weights.
StateDict grown_discriminator(const StateDict& fresh, const StateDict& smaller, std::string_view what);

}  // namespace lifted::nets
