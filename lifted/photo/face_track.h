// One face through the frames of a video, held steady.
#pragma once

#include <optional>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/photo/face_finder.h"

namespace lifted::photo {

/// Follows a face from frame to frame: looks where it was last, and through the whole frame where it is lost; after
/// twelve frames without it (a cut) it begins anew.
class FaceTrack {
 public:
  /// `face`: which one of the first frame that has so many, largest first, counted from 0.
  FaceTrack(const FaceFinder& finder, int face) : finder_(finder), face_(static_cast<size_t>(face)) {}

  /// The face in the next frame; nothing where it is not found.
  std::optional<EyesAndMouth> next(const formats::Image& frame);

 private:
  std::optional<Landmarks> find(const formats::Image& frame) const;
  bool is_same(const Landmarks& points) const;

  const FaceFinder& finder_;
  size_t face_;
  Landmarks last_;
  int lost_ = 0;
};

/// The faces of all frames: what is missing lies on the line between its neighbours (or is the nearest), then every
/// point is the mean over five frames with the weights of a Gaussian of one frame. Error "WHAT: …" if all are missing.
std::vector<EyesAndMouth> steadied(const std::vector<std::optional<EyesAndMouth>>& faces, std::string_view what);

/// Codes of consecutive frames (F×…), averaged likewise.
torch::Tensor steadied(const torch::Tensor& codes);

}  // namespace lifted::photo
