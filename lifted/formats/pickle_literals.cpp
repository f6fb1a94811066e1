#include "lifted/formats/pickle_literals.h"

#include <charconv>
#include <cstdlib>

namespace lifted::formats {

int64_t integer_from_text(std::string_view text) {
  if (text.ends_with('L')) text.remove_suffix(1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  require(error == std::errc() && end == text.data() + text.size(),
          "expected an integer of at most 64 bits, found '{}'", text.substr(0, 40));
  return number;
}

Value integer_from_bytes(std::string_view bytes) {
  if (bytes.size() > sizeof(int64_t)) {
    std::string text = "0x";
    for (size_t i = bytes.size(); i-- > 0;) text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
    return Value::of(text);
  }
  uint64_t number = !bytes.empty() && (bytes.back() & 0x80) ? UINT64_MAX : 0;
  for (size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return Value::of(static_cast<int64_t>(number));
}

std::string string_from_quoted(std::string_view line) {
  const bool quoted = line.size() >= 2 && (line.front() == '\'' || line.front() == '"') && line.back() == line.front();
  require(quoted, "expected a string in quotes");
  require(line.find('\\') == std::string_view::npos, "escapes in protocol 0 strings are not supported");
  return std::string(line.substr(1, line.size() - 2));
}

double real_from_text(std::string_view text) {
  const std::string copy(text.substr(0, 400));
  char* end = nullptr;
  const double number = std::strtod(copy.c_str(), &end);
  require(!copy.empty() && end == copy.c_str() + copy.size(), "expected a number, found '{}'", text.substr(0, 40));
  return number;
}

}  // namespace lifted::formats
