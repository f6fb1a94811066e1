// Packed face models from bytes that are in memory already; files: face_model.h.
#pragma once

#include "lifted/data/heads/face_model.h"
#include "lifted/formats/byte_source.h"

namespace lifted::data::heads {

/// Error, naming the source, if it is of another kind or damaged.
FaceModel load_packed_face_model(const formats::ByteSource& source);

}  // namespace lifted::data::heads
