#include "lifted/data/sharing.h"

namespace lifted::data {

std::string joined_parts(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += std::to_string(part.size()) + ":" + part;
  return text;
}

std::vector<std::string> split_parts(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t colon = text.find(':'), size = std::stoull(std::string(text.substr(0, colon)));
    parts.emplace_back(text.substr(colon + 1, size));
    text.remove_prefix(colon + 1 + size);
  }
  return parts;
}

}  // namespace lifted::data
