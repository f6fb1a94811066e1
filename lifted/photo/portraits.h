// From a photograph to the faces in it, each as a square picture.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lifted/photo/crop.h"
#include "lifted/photo/face_finder.h"
#include "lifted/photo/landmark_file.h"

namespace lifted::photo {

struct PortraitOptions {
  Crop crop = Crop::ffhq;
  double scale = 1;
  int size = 256;
  bool all = false;     ///< every face; otherwise the largest
  int face = 0;         ///< that one instead, counted from 1, largest first; 0: none named
  bool centre = false;  ///< the largest centred square where there is no face
};

struct Portrait {
  formats::Image image;  ///< size × size
  Landmarks points;      ///< of the face, in the photograph; none: the centred square
};

/// Finds faces in files of landmarks, or else by looking.
class PortraitMaker {
 public:
  /// `file` and `finder` may be null; without both every photograph is an Error.
  PortraitMaker(std::shared_ptr<const LandmarkFile> file, std::shared_ptr<const FaceFinder> finder)
      : file_(std::move(file)), finder_(std::move(finder)) {}

  /// `name`: of the photograph, by which the file knows it and errors call it. Error if there is no face, or not as
  /// many as the one that is named.
  std::vector<Portrait> portraits(const formats::Image& photograph, const std::filesystem::path& name,
                                  const PortraitOptions& options) const;

 private:
  std::vector<Landmarks> faces(const formats::Image& photograph, const std::filesystem::path& name, bool all) const;

  std::shared_ptr<const LandmarkFile> file_;
  std::shared_ptr<const FaceFinder> finder_;
};

}  // namespace lifted::photo
