// Internal: files built into the library by cmake/embed.cmake.
#pragma once

namespace lifted::embedded {

extern const unsigned char* const label_font;
extern const unsigned long label_font_size;
extern const unsigned char* const builtin_network;
extern const unsigned long builtin_network_size;
extern const unsigned char* const builtin_encoder;
extern const unsigned long builtin_encoder_size;
extern const unsigned char* const builtin_landmark_net;
extern const unsigned long builtin_landmark_net_size;

}  // namespace lifted::embedded
