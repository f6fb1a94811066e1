#include "lifted/formats/text.h"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>

#include "lifted/base/error.h"
#include "lifted/formats/embedded.h"

namespace lifted::formats {
namespace {

/// The code points of UTF-8 text; each byte that is not part of a valid sequence becomes U+FFFD.
std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> result;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    char32_t code = length == 1 ? lead : lead & (0x7F >> length);
    bool valid = length > 0 && i + length <= text.size();
    for (size_t k = 1; valid && k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      valid = next >> 6 == 2;
      code = code << 6 | (next & 0x3F);
    }
    result.push_back(valid ? code : U'\uFFFD');
    i += valid ? length : 1;
  }
  return result;
}

void darken(Image& image, int x, int y, int coverage) {
  if (x < 0 || y < 0 || x >= image.width || y >= image.height) return;
  uint8_t* pixel = image.at(x, y);
  for (int c = 0; c < image.channels; ++c) pixel[c] = static_cast<uint8_t>((pixel[c] * (255 - coverage) + 127) / 255);
}

}  // namespace

struct Font::Face {
  FT_Library library = nullptr;
  FT_Face face = nullptr;

  Face() = default;
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;
  ~Face() {
    if (face) FT_Done_Face(face);
    if (library) FT_Done_FreeType(library);
  }

  /// Calls visit(glyph slot, pen position in pixels) for every glyph and returns the text's width.
  template <typename Visit>
  int walk(std::string_view text, FT_Int32 flags, const Visit& visit) const {
    FT_Pos pen = 0;  // 1/64 pixel
    FT_UInt previous = 0;
    for (const char32_t code : code_points(text)) {
      const FT_UInt glyph = FT_Get_Char_Index(face, code);
      FT_Vector kerning{};
      if (previous && glyph) FT_Get_Kerning(face, previous, glyph, FT_KERNING_DEFAULT, &kerning);
      pen += kerning.x;
      if (FT_Load_Glyph(face, glyph, flags) != 0) continue;
      visit(face->glyph, static_cast<int>(pen >> 6));
      pen += face->glyph->advance.x;
      previous = glyph;
    }
    return static_cast<int>((pen + 63) >> 6);
  }
};

Font::Font(int pixels) : face_(std::make_unique<Face>()) {
  require(pixels >= 4 && pixels <= 1000, "text of {} pixels, expected 4 to 1000", pixels);
  const bool loaded = FT_Init_FreeType(&face_->library) == 0 &&
                      FT_New_Memory_Face(face_->library, embedded::label_font,
                                         static_cast<FT_Long>(embedded::label_font_size), 0, &face_->face) == 0 &&
                      FT_Set_Pixel_Sizes(face_->face, 0, static_cast<FT_UInt>(pixels)) == 0;
  require(loaded, "cannot load the built-in font");
}

Font::~Font() = default;

int Font::line_height() const {
  return static_cast<int>((face_->face->size->metrics.height + 63) >> 6);
}

int Font::ascent() const {
  return static_cast<int>((face_->face->size->metrics.ascender + 63) >> 6);
}

int Font::width(std::string_view text) const {
  return face_->walk(text, FT_LOAD_DEFAULT, [](FT_GlyphSlot, int) {});
}

void Font::draw(Image& image, int x, int y, std::string_view text) const {
  const int baseline = y + ascent();
  face_->walk(text, FT_LOAD_RENDER, [&](FT_GlyphSlot glyph, int pen) {
    const FT_Bitmap& bitmap = glyph->bitmap;
    for (int row = 0; row < static_cast<int>(bitmap.rows); ++row) {
      for (int column = 0; column < static_cast<int>(bitmap.width); ++column) {
        darken(image, x + pen + glyph->bitmap_left + column, baseline - glyph->bitmap_top + row,
               bitmap.buffer[row * bitmap.pitch + column]);
      }
    }
  });
}

std::vector<std::string> Font::wrapped(std::string_view text, int max_width) const {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word(text.substr(begin, end - begin));
    begin = end + 1;
    if (word.empty()) continue;
    const bool fits = !lines.empty() && width(lines.back() + " " + word) <= max_width;
    if (fits) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

}  // namespace lifted::formats
