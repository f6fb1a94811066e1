// Bytes as text, for data URIs.
#pragma once

#include <string>

#include "lifted/base/file.h"

namespace lifted {

/// RFC 4648, with padding, without line breaks.
std::string base64_of(const Bytes& bytes);

}  // namespace lifted
