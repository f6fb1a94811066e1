// Internal: files built into the library by cmake/embed.cmake.
#pragma once

namespace lifted::embedded {

extern const unsigned char* const label_font;
extern const unsigned long label_font_size;
extern const unsigned char* const builtin_network;
extern const unsigned long builtin_network_size;

}  // namespace lifted::embedded
