#include "lifted/scene/sweep_path.h"

#include <cmath>
#include <numbers>

#include "lifted/scene/light.h"
#include "lifted/scene/view.h"

namespace lifted::scene {
namespace {

torch::Tensor sweep_row(SweepAxis axis, double angle, const Orbit& orbit) {
  switch (axis) {
    case SweepAxis::yaw:
      return yaw_view(angle);
    case SweepAxis::pitch:
      return pitch_view(angle);
    case SweepAxis::light:
      return sweep_light(angle);
    case SweepAxis::turntable:
      break;
  }
  const double place = angle * std::numbers::pi / 180;
  return yaw_view(orbit.yaw * std::sin(place)) + pitch_view(orbit.pitch * std::cos(place));
}

}  // namespace

torch::Tensor sweep_rows(SweepAxis axis, const std::vector<double>& angles, const Orbit& orbit) {
  std::vector<torch::Tensor> rows;
  for (const double angle : angles) rows.push_back(sweep_row(axis, angle, orbit));
  return torch::stack(rows);
}

double eased(double share, Easing easing) {
  return easing == Easing::linear ? share : (1 - std::cos(std::numbers::pi * share)) / 2;
}

std::vector<double> eased(const std::vector<double>& angles, Easing easing) {
  if (easing == Easing::linear || angles.size() < 3) return angles;
  std::vector<double> result = angles;
  const double last = static_cast<double>(angles.size() - 1);
  for (size_t i = 1; i + 1 < angles.size(); ++i) {
    result[i] = angles.front() + (angles.back() - angles.front()) * eased(static_cast<double>(i) / last, easing);
  }
  return result;
}

std::vector<double> turntable_places(int64_t count) {
  std::vector<double> places;
  for (int64_t i = 0; i < count; ++i) places.push_back(360.0 * static_cast<double>(i) / static_cast<double>(count));
  return places;
}

}  // namespace lifted::scene
