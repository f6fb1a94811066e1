// The numbers an option may take, and the words that say so: the command line, presets and the library's own checks
// refuse the same values with the same sentence.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "lifted/base/error.h"

namespace lifted {

/// Finite numbers from `low` to `high`.
struct Bounds {
  double low, high;
  bool without_low = false, without_high = false;  // whether that end itself is left out
  bool whole = false;

  bool hold(double value) const {
    return (without_low ? value > low : value >= low) && (without_high ? value < high : value <= high) &&
           (!whole || std::floor(value) == value);
  }

  /// "a whole number from 1 to 65536", "a number above 0 and below 1".
  std::string words() const { return fmt::format("a {} {}", whole ? "whole number" : "number", range()); }

  /// "from 1 to 65536", "above 0 and below 1".
  std::string range() const {
    if (!without_low && !without_high) return fmt::format("from {} to {}", text(low), text(high));
    return fmt::format("{} {} and {} {}", without_low ? "above" : "at least", text(low),
                       without_high ? "below" : "at most", text(high));
  }

  /// UsageError "--lr nan: expected a number above 0 and at most 10" unless the value is within.
  void check(const char* what, double value) const {
    if (!hold(value)) usage_error("{} {}: expected {}", what, value, words());
  }

 private:
  static std::string text(double value) {
    return std::floor(value) == value && std::abs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                                : fmt::format("{:g}", value);
  }
};

/// What several commands take; an option of one of these names means the same everywhere.
namespace bounds {
constexpr Bounds between(double low, double high) {
  return {low, high};
}
constexpr Bounds whole(double low, double high) {
  return {.low = low, .high = high, .whole = true};
}
constexpr Bounds above(double low, double high) {
  return {.low = low, .high = high, .without_low = true};
}
/// A share of which something must be left on either side.
inline constexpr Bounds inner_share{.low = 0, .high = 1, .without_low = true, .without_high = true};
inline constexpr Bounds share = between(0, 1);
inline constexpr Bounds batch = whole(1, 65536);
inline constexpr Bounds batch_or_default = whole(0, 65536);
inline constexpr Bounds learning_rate = above(0, 10);
inline constexpr Bounds weight_decay = between(0, 1);
inline constexpr Bounds weight = between(0, 1e6);         // of a loss term
inline constexpr Bounds truncation = between(-10, 10);    // ψ
inline constexpr Bounds thousand_images = above(0, 1e9);  // kimg, ticks
inline constexpr Bounds steps = whole(1, 1e9);
inline constexpr Bounds threads = whole(0, 65536);
inline constexpr Bounds image_side = whole(1, 16384);
inline constexpr Bounds network_side = whole(8, 1024);
inline constexpr Bounds head_side = whole(8, 4096);
}  // namespace bounds

}  // namespace lifted
