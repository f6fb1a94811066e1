#include "lifted/base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace lifted {
namespace {

struct Character {
  size_t bytes = 0;  // 0: no UTF-8 here
  uint32_t code = 0;
};

/// The UTF-8 character that `text` begins with.
Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  uint32_t code = lead & (0x7f >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kLeast[bytes] || code > 0x10ffff || surrogate ? Character{} : Character{bytes, code};
}

bool is_obeyed(uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return control || turns || code == 0x2028 || code == 0x2029;
}

std::string cleaned(std::string_view text, size_t longest, std::string_view allowed) {
  std::string result;
  while (!text.empty()) {
    if (result.size() >= longest) return result + "…";
    const Character character = first_character(text);
    const size_t bytes = character.bytes > 0 ? character.bytes : 1;
    const std::string_view part = text.substr(0, bytes);
    if (character.bytes > 0 && (!is_obeyed(character.code) || allowed.find(part) != std::string_view::npos)) {
      result += part;
    } else {
      for (const char byte : part) result += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    text.remove_prefix(bytes);
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text, size_t longest) {
  return cleaned(text, longest, "");
}

std::string printable_lines(std::string_view text) {
  return cleaned(text, SIZE_MAX, "\n\t");
}

std::string library_sentence(std::string_view what) {
  what = what.substr(0, what.find('\n'));
  for (const std::string_view mark : {"[json.exception.", "[enforce fail at "}) {
    if (what.starts_with(mark)) what.remove_prefix(std::min(what.find("] "), what.size() - 2) + 2);
  }
  return printable(what, 500);
}

}  // namespace lifted
