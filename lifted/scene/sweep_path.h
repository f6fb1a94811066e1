// Ways of view and light through a sweep, frame by frame.
#pragma once

#include <vector>

#include "lifted/base/tensor.h"

namespace lifted::scene {

/// What changes from frame to frame. A turntable carries the viewer once around an ellipse of yaw and pitch.
enum class SweepAxis { yaw, pitch, light, turntable };
enum class Easing { linear, smooth };

/// The ellipse of a turntable, in degrees to either side.
struct Orbit {
  double yaw = 30, pitch = 10;
};

/// Raw views (N×6), or raw lights (N×4) for SweepAxis::light, at angles in degrees. A turntable's angles are places on
/// its ellipse: 0 looks from straight above, 90 from one side.
torch::Tensor sweep_rows(SweepAxis axis, const std::vector<double>& angles, const Orbit& orbit = {});

/// `share` (0 … 1) of the way in time to the share of the way in angle; smooth starts and ends at rest:
/// (1 − cos(π·share)) / 2.
double eased(double share, Easing easing);

/// The first and last angle are kept, those between are redistributed. A linear easing returns what it was given.
std::vector<double> eased(const std::vector<double>& angles, Easing easing);

/// 0 …  (but not) 360 in `count` even steps: a turntable that closes.
std::vector<double> turntable_places(int64_t count);

}  // namespace lifted::scene
