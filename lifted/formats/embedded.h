// Internal: files built into the library by cmake/embed.cmake.
#pragma once

namespace lifted::embedded {

extern const unsigned char* const label_font;
extern const unsigned long label_font_size;

}  // namespace lifted::embedded
