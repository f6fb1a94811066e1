// Parts that a build may leave out (cmake/parts.cmake), and what is said where one is asked for.
#pragma once

#include "lifted/base/error.h"

namespace lifted {

/// "animations: this build has no FFmpeg; rebuild with -DLIFTED_FFMPEG=ON"
[[noreturn]] inline void left_out(const char* what, const char* lacking, const char* option) {
  fail("{}: this build has no {}; rebuild with -D{}=ON", what, lacking, option);
}

}  // namespace lifted
