// Photographs of the session, and the codes found for them. In memory only; the oldest leave.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/formats/image.h"
#include "lifted/photo/face_finder.h"

namespace lifted::viewer {

/// One network's part of a code.
struct PhotoFit {
  torch::Tensor target;  ///< 1×3×S×S, the aligned face in [-1, 1]; undefined: not for this network
  torch::Tensor w;       ///< 1×w_dim
  double error = 0;      ///< mean |picture − target|
};

struct PhotoCode {
  std::string name;
  std::vector<PhotoFit> fits;  ///< by network
  int64_t steps = 0;           ///< of refinement
};

/// Not thread-safe.
class Photos {
 public:
  struct Photo {
    std::string name;
    formats::Image image;  ///< at most kLongestSide to a side
    double scale = 1;      ///< pixels of the uploaded picture for one of `image`
  };

  /// Reads a photograph as it was uploaded, and keeps it no larger than is needed. HttpError 422 for what is no
  /// picture, or one of more than 64 megapixels. Needs no lock: static.
  static Photo decoded(const std::string& bytes);

  /// Remembers it under a name that cannot be guessed.
  const Photo& add(Photo photo);
  /// HttpError 404 if it is not, or no longer, known.
  const Photo& photo(const std::string& name) const;
  const PhotoCode& add_code(PhotoCode code);
  const PhotoCode& code(const std::string& name) const;

 private:
  std::list<Photo> photos_;  // newest first
  std::list<PhotoCode> codes_;
};

}  // namespace lifted::viewer
