#include "lifted/base/error.h"
#include "lifted/data/heads/face_model.h"

namespace lifted::data::heads {

FaceModel load_packed_face_model(const std::filesystem::path& file) {
  fail("{}: packed face models cannot be read yet", file.string());
}

}  // namespace lifted::data::heads
