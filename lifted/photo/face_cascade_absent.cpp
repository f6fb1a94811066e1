// In place of face_cascade.cpp where a build has no OpenCV.
#include "lifted/base/parts.h"
#include "lifted/photo/face_finder.h"

namespace lifted::photo {

bool has_face_cascade() {
  return false;
}

std::vector<CropFrame> propose_faces(const formats::Image&, bool) {
  left_out("looking for faces", "OpenCV (pass --landmarks FILE)", "LIFTED_OPENCV");
}

}  // namespace lifted::photo
