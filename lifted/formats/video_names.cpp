#include <algorithm>
#include <array>
#include <string>

#include "lifted/formats/video.h"

namespace lifted::formats {

bool is_video_name(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 7> kEndings = {".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif"};
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

}  // namespace lifted::formats
