#include "lifted/formats/zip_names.h"

#include <zlib.h>

#include <cstdint>
#include <cstring>

namespace lifted::formats::detail {
namespace {

/// CP437 from 0x80 on.
constexpr std::u32string_view kHigh437 =
    U"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡"
    U"±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";
static_assert(kHigh437.size() == 128);

/// Appends a code point below 0x10000.
void append_utf8(std::string& text, char32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
  } else {
    text += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
             static_cast<char>(0x80 | (code & 0x3f))};
  }
}

std::string from_cp437(std::string_view raw) {
  std::string text;
  for (const char character : raw) {
    const auto code = static_cast<unsigned char>(character);
    append_utf8(text, code < 0x80 ? code : kHigh437[code - 0x80u]);
  }
  return text;
}

/// The name in a Unicode path field: version 1, the checksum of the name it translates, text. Empty if it is another's.
std::string_view translated(std::string_view raw, std::string_view field) {
  if (field.size() < 5 || field[0] != 1) return {};
  uint32_t checksum = 0;
  std::memcpy(&checksum, field.data() + 1, sizeof checksum);
  const bool ours = checksum == crc32_z(0, reinterpret_cast<const Bytef*>(raw.data()), raw.size());
  return ours && is_utf8(field.substr(5)) ? field.substr(5) : std::string_view();
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t index) { return static_cast<unsigned char>(text[index]); };
    const unsigned lead = at(i);
    const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > text.size() - i) return false;
    char32_t code = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t k = 1; k < length; ++k) {
      if (at(i + k) >> 6 != 2) return false;
      code = code << 6 | (at(i + k) & 0x3fu);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += length;
  }
  return true;
}

std::string zip_entry_name(std::string_view raw, std::string_view translation) {
  if (const std::string_view better = translated(raw, translation); !better.empty()) return std::string(better);
  return is_utf8(raw) ? std::string(raw) : from_cp437(raw);
}

}  // namespace lifted::formats::detail
