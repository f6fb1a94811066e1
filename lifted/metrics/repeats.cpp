#include "lifted/metrics/repeats.h"

#include <cmath>

#include "lifted/base/error.h"

namespace lifted::metrics {
namespace {
using nlohmann::ordered_json;

ordered_json interval(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / (count - 1));
  return {{"values", values},
          {"mean", mean},
          {"ci95", student_t(static_cast<int>(values.size()) - 1) * deviation / std::sqrt(count)},
          {"count", values.size()}};
}

}  // namespace

double student_t(int degrees) {
  require(degrees >= 1, "Student's t distribution needs at least one degree of freedom, got {}", degrees);
  constexpr double kFew[] = {12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216};
  if (degrees <= 9) return kFew[degrees - 1];
  // Expansion about the normal quantile (Abramowitz and Stegun 26.7.5).
  const double z = 1.959964, v = degrees, z2 = z * z;
  return z + z * (z2 + 1) / (4 * v) + z * ((5 * z2 + 16) * z2 + 3) / (96 * v * v) +
         z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * v * v * v);
}

ordered_json summarize(const std::vector<ordered_json>& runs) {
  require(runs.size() >= 2, "an interval needs at least two measurements, got {}", runs.size());
  const ordered_json& first = runs.front();
  if (first.is_object()) {
    ordered_json all = ordered_json::object();
    for (const auto& [key, value] : first.items()) {
      std::vector<ordered_json> parts;
      for (const auto& run : runs) parts.push_back(run.at(key));
      all[key] = summarize(parts);
    }
    return all;
  }
  if (!first.is_number()) return first;
  std::vector<double> values;
  // JSON has no NaN: what could not be measured in one run has no mean.
  for (const auto& run : runs) values.push_back(run.is_number() ? run.get<double>() : NAN);
  return interval(values);
}

}  // namespace lifted::metrics
