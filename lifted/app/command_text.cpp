#include "lifted/app/command_text.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <map>

#include "lifted/base/printable.h"

namespace lifted::app {
namespace {

/// Options that no picture depends on, with how many words follow them.
const std::map<std::string, size_t>& options_left_out() {
  static const std::map<std::string, size_t> options = {
      {"--outdir", 1},  {"--out-dir", 1}, {"--out", 1},   {"--batch", 1},   {"--threads", 1},
      {"--tensors", 1}, {"-q", 0},        {"--quiet", 0}, {"--verbose", 0}, {"-v", 0}};
  return options;
}

/// Of "/home/someone/x.pth" or "--network=/home/someone/x.pth" no folder.
std::string without_folders(const std::string& word) {
  const size_t sign = word.starts_with("--") ? word.find('=') : std::string::npos;
  const size_t value = sign == std::string::npos ? 0 : sign + 1;
  if (value >= word.size() || word[value] != '/') return word;
  const size_t end = word.find_last_not_of('/');
  if (end == std::string::npos || end < value) return word;
  return word.substr(0, value) + word.substr(word.rfind('/', end) + 1, end - word.rfind('/', end));
}

}  // namespace

std::string quoted(const std::string& word) {
  const bool plain = std::ranges::all_of(
      word, [](unsigned char c) { return c >= 0x80 || std::isalnum(c) || std::strchr("-_./,=+:@%", c); });
  if (plain && !word.empty()) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string command_text(const std::vector<std::string>& arguments) {
  std::string text = "liftedgan";
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool whole = word.find('=') != std::string::npos;
    std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--")) std::ranges::replace(name, '_', '-');
    const auto found = options_left_out().find(name);
    if (found == options_left_out().end())
      text += " " + printable(quoted(without_folders(word)));
    else if (!whole)
      i += found->second;
  }
  return text;
}

}  // namespace lifted::app
