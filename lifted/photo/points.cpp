#include "lifted/photo/points.h"

#include <algorithm>

#include "lifted/base/error.h"

namespace lifted::photo {
namespace {

constexpr double kOutside = 0.5;  // of the picture's side: faces cut by the border reach so far
constexpr double kNearest = 1;    // pixels from eye to eye and to the mouth

Point mean_of(const Landmarks& points, size_t first, size_t count) {
  Point sum;
  for (size_t i = first; i < first + count; ++i) sum = sum + points[i];
  return sum * (1.0 / static_cast<double>(count));
}

}  // namespace

EyesAndMouth eyes_and_mouth(const Landmarks& points, std::string_view what) {
  if (points.size() == 5) return {points[0], points[1], (points[3] + points[4]) * 0.5};
  require(points.size() == 68, "{}: {} points, expected 5 or 68", what, points.size());
  return {mean_of(points, 36, 6), mean_of(points, 42, 6), (points[48] + points[54]) * 0.5};
}

void check_face(const EyesAndMouth& face, int width, int height, std::string_view what) {
  const Point all[] = {face.left_eye, face.right_eye, face.mouth};
  double largest = 0;
  for (const Point p : all) {
    require(std::isfinite(p.x) && std::isfinite(p.y), "{}: a point is no finite number", what);
    largest = std::max({largest, std::abs(p.x), std::abs(p.y)});
  }
  require(largest > 2 || std::max(width, height) <= 4,
          "{}: the points look like shares of the picture's size, expected pixels", what);
  for (const Point p : all) {
    const bool near = p.x > -kOutside * width && p.x < (1 + kOutside) * width && p.y > -kOutside * height &&
                      p.y < (1 + kOutside) * height;
    require(near,
            "{}: a point at ({:.0f}, {:.0f}) is far outside the picture of {}x{}: are they of another size of it?",
            what, p.x, p.y, width, height);
  }
  const Point across = face.right_eye - face.left_eye, down = face.mouth - (face.left_eye + face.right_eye) * 0.5;
  require(length(across) >= kNearest && length(down) >= kNearest, "{}: eyes and mouth are less than a pixel apart",
          what);
  require(across.x * down.y - across.y * down.x > 0,
          "{}: the points are in another order, expected left eye, right eye (as the picture shows them), nose, mouth",
          what);
}

}  // namespace lifted::photo
