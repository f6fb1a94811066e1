// What drawing parameters does with single numbers.
#pragma once

#include <algorithm>

namespace lifted::data::heads {

inline float to_float(double x) {
  return static_cast<float>(x);
}
inline double clip(double x, double low, double high) {
  return std::min(std::max(x, low), high);
}

}  // namespace lifted::data::heads
