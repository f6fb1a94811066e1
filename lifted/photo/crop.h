// Which square of a photograph a face data set shows.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "lifted/photo/points.h"

namespace lifted::photo {

enum class Crop {
  ffhq,    ///< FFHQ's and CelebA-HQ's published alignment
  lifted,  ///< about what LiftedGAN's generators were trained on: the same with 3/4 of the side (theirs is unpublished)
  heads    ///< as the heads of this project fill their pictures
};
/// "ffhq", "lifted", "heads".
const std::vector<std::pair<std::string, Crop>>& crop_names();

/// A square of any size and angle in a picture.
struct CropFrame {
  Point middle, right;  ///< right: from the middle to the middle of the right edge

  Point down() const { return {-right.y, right.x}; }
  double side() const { return 2 * length(right); }
  /// x and y from −1 (left, top) to 1.
  Point at(double x, double y) const { return middle + right * x + down() * y; }
  /// Top left, bottom left, bottom right, top right.
  std::array<Point, 4> corners() const { return {at(-1, -1), at(-1, 1), at(1, 1), at(1, -1)}; }
  /// Where a point of the picture lies in the square's own −1 … 1: the reverse of at().
  Point inside(Point p) const;
};

/// FFHQ's: upright along the bisector of the eyes' axis and the perpendicular of eyes to mouth; the half side is the
/// larger of 2 eye distances and 1.8 distances from eyes to mouth; the middle lies a tenth of the way from eyes to
/// mouth. The others scale it. `scale` makes the square larger.
CropFrame crop_frame(const EyesAndMouth& face, Crop crop, double scale = 1);

/// The largest centred square of a picture.
CropFrame centred_frame(int width, int height);

}  // namespace lifted::photo
