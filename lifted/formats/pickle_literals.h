// Numbers and strings as pickles spell them. Private to the pickle reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lifted/formats/value.h"

namespace lifted::formats {

/// "-12" or "12L". Error beyond 64 bits.
int64_t integer_from_text(std::string_view text);

/// The same, but beyond 64 bits (only seen in random states) its text.
Value long_from_text(std::string_view text);

/// Little-endian two's complement. Longer than 64 bits (only seen in magic numbers and random states): as the text
/// "0x…".
Value integer_from_bytes(std::string_view bytes);

/// "1.5", "inf", "nan".
double real_from_text(std::string_view text);

/// Protocol 0 writes strings in quotes with Python's escapes.
std::string string_from_quoted(std::string_view line);

}  // namespace lifted::formats
