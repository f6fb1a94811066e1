#include "lifted/photo/crop.h"

#include <algorithm>

namespace lifted::photo {
namespace {

constexpr double kTighter = 0.75;    // of FFHQ's side
constexpr double kHeadsSide = 3.47;  // of the distance from eyes to mouth: the mean of 400 rendered heads

}  // namespace

const std::vector<std::pair<std::string, Crop>>& crop_names() {
  static const std::vector<std::pair<std::string, Crop>> names = {
      {"ffhq", Crop::ffhq}, {"lifted", Crop::lifted}, {"heads", Crop::heads}};
  return names;
}

Point CropFrame::inside(Point p) const {
  const Point offset = p - middle;
  const double square = right.x * right.x + right.y * right.y;
  return {(offset.x * right.x + offset.y * right.y) / square, (offset.x * down().x + offset.y * down().y) / square};
}

CropFrame crop_frame(const EyesAndMouth& face, Crop crop, double scale) {
  const Point eyes = (face.left_eye + face.right_eye) * 0.5, across = face.right_eye - face.left_eye;
  const Point down = face.mouth - eyes;
  const Point axis{across.x + down.y, across.y - down.x};  // the eyes' axis and that of eyes to mouth, turned upright
  double half = std::max(2.0 * length(across), 1.8 * length(down));
  if (crop == Crop::lifted) half *= kTighter;
  if (crop == Crop::heads) half = kHeadsSide / 2 * length(down);
  return {eyes + down * 0.1, axis * (scale * half / length(axis))};
}

CropFrame centred_frame(int width, int height) {
  return {{width / 2.0, height / 2.0}, {std::min(width, height) / 2.0, 0}};
}

}  // namespace lifted::photo
