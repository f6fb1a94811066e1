// Faces in photographs: OpenCV's cascade proposes, the landmark network looks closer.
#pragma once

#include <optional>
#include <vector>

#include "lifted/formats/image.h"
#include "lifted/photo/crop.h"
#include "lifted/photo/landmark_net.h"

namespace lifted::photo {

/// Whether this build has OpenCV's cascades.
bool has_face_cascade();

/// Squares that may hold a face, upright in them, at any of several tilts. Error if this build or machine lacks
/// OpenCV's cascade, saying what to install or pass instead.
std::vector<CropFrame> propose_faces(const formats::Image& photograph, bool tilted);

/// The square around landmarks that the landmark network was trained to look at.
CropFrame landmark_frame(const Landmarks& points);

class FaceFinder {
 public:
  /// Without a network (null) faces are where the cascade says, and their 5 points where they are on average.
  explicit FaceFinder(LandmarkNet network) : network_(std::move(network)) {}

  /// The landmarks (68) of every face that holds still when looked at again, largest first. `all`: also tilted ones
  /// beside upright ones; otherwise tilts are tried only where nothing is upright. Error as propose_faces().
  std::vector<Landmarks> find(const formats::Image& photograph, bool all) const;
  /// With a network: the landmarks in a square around a face, looked at three times, each time in the square that the
  /// last look gave. `moved`: how far the last look moved them, in eye distances.
  Landmarks look(const formats::Image& photograph, CropFrame around, double* moved = nullptr) const;
  /// With a network: the face that stood at `last` in a picture much like this one; nothing where none holds still.
  std::optional<Landmarks> find_near(const formats::Image& photograph, const Landmarks& last) const;
  bool has_network() const { return !network_.is_empty(); }

 private:
  LandmarkNet network_;
};

}  // namespace lifted::photo
