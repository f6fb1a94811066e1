// Points of a face in a picture.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace lifted::photo {

/// In pixels; the middle of the first pixel is (0.5, 0.5).
struct Point {
  double x = 0, y = 0;
  bool operator==(const Point&) const = default;
};
inline Point operator+(Point a, Point b) {
  return {a.x + b.x, a.y + b.y};
}
inline Point operator-(Point a, Point b) {
  return {a.x - b.x, a.y - b.y};
}
inline Point operator*(Point a, double factor) {
  return {a.x * factor, a.y * factor};
}
inline double length(Point a) {
  return std::hypot(a.x, a.y);
}

/// 5 points (the picture's left eye, right eye, nose, left and right corner of the mouth) or 68 (Multi-PIE's, as dlib
/// numbers them).
using Landmarks = std::vector<Point>;

/// All that alignment looks at. Left and right are the picture's.
struct EyesAndMouth {
  Point left_eye, right_eye, mouth;
  bool operator==(const EyesAndMouth&) const = default;
};

/// Error "WHAT: …" unless there are 5 or 68 points.
EyesAndMouth eyes_and_mouth(const Landmarks& landmarks, std::string_view what);

/// Error "WHAT: …" unless these can be a face in a picture of that size: finite, apart, eyes in order with the mouth on
/// their lower side, within the picture or near it, and not in shares of its size.
void check_face(const EyesAndMouth& face, int width, int height, std::string_view what);

}  // namespace lifted::photo
