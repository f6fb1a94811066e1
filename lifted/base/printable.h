// Other people's text (names in files, in archives, of files) as it may stand in a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lifted {

/// `text` without anything a terminal would obey: control characters, marks that turn the direction of writing and
/// bytes that are not UTF-8 become \xNN. What is longer than about `longest` bytes is cut at a character and ends in …
std::string printable(std::string_view text, size_t longest = SIZE_MAX);

/// The same for a message of several lines: line ends and tabs stay.
std::string printable_lines(std::string_view text);

/// What a library's exception says, as a sentence: its first line (libtorch appends its own stack's frames) without the
/// marks that libtorch and nlohmann's JSON put before it.
std::string library_sentence(std::string_view what);

}  // namespace lifted
