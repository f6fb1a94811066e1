// Text on images, with the font that is built into the library.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lifted/formats/image.h"

namespace lifted::formats {

/// DejaVu Sans at one size. Text is UTF-8, one line; what the font lacks shows as its placeholder box.
class Font {
 public:
  /// `pixels` is the height of the em square, 4 to 1000.
  explicit Font(int pixels);
  ~Font();
  Font(const Font&) = delete;
  Font& operator=(const Font&) = delete;

  /// Distance from one line to the next, and from a line's top to its baseline.
  int line_height() const;
  int ascent() const;
  /// Advance width of a line of text in pixels.
  int width(std::string_view text) const;
  /// Draws black text with the top left corner of its line at (x, y), cut off at the edges of an RGB image.
  void draw(Image& image, int x, int y, std::string_view text) const;
  /// Breaks at spaces so that every line fits `max_width`, except for single words that are wider.
  std::vector<std::string> wrapped(std::string_view text, int max_width) const;

 private:
  struct Face;
  std::unique_ptr<Face> face_;
};

}  // namespace lifted::formats
