// What a file is, told by its first bytes.
#pragma once

#include <string>

#include "lifted/formats/byte_source.h"

namespace lifted::formats {

/// A sentence that says what the file is, for files that are commonly given in place of a checkpoint ("a PNG image",
/// "an HTML page: …"). Empty if it is none of those.
std::string misplaced_file(const ByteSource& source);

/// Whether the bytes may be a bare pickle: PROTO first, or STOP last after an opcode that pickles begin with.
bool looks_like_pickle(const ByteSource& source);

}  // namespace lifted::formats
