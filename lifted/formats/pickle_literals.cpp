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

Value long_from_text(std::string_view text) {
  const std::string_view digits =
      text.substr(text.starts_with('-') ? 1 : 0, text.find('L') - (text.starts_with('-') ? 1 : 0));
  constexpr size_t longest_of_64_bits = 18;
  const bool is_long =
      digits.size() > longest_of_64_bits && digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_long) return Value::of(integer_from_text(text));
  return Value::of(std::string(text));
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
  line = line.substr(1, line.size() - 2);
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      text += line[i];
      continue;
    }
    require(++i < line.size(), "a string that ends in half an escape '\\'");
    const char escape = line[i];
    constexpr std::string_view letters = "ntr\\'\"", meanings = "\n\t\r\\'\"";
    if (const size_t found = letters.find(escape); found != std::string_view::npos) {
      text += meanings[found];
      continue;
    }
    unsigned value = 0;
    const std::string_view hex = line.substr(i + 1, 2);
    const bool whole = escape == 'x' && hex.size() == 2 &&
                       std::from_chars(hex.data(), hex.data() + 2, value, 16).ptr == hex.data() + 2;
    require(whole, "a string with the unknown escape '\\{}'", line.substr(i, 1));
    text += static_cast<char>(value);
    i += 2;
  }
  return text;
}

double real_from_text(std::string_view text) {
  const std::string copy(text.substr(0, 400));
  char* end = nullptr;
  const double number = std::strtod(copy.c_str(), &end);
  require(!copy.empty() && end == copy.c_str() + copy.size(), "expected a number, found '{}'", text.substr(0, 40));
  return number;
}

}  // namespace lifted::formats
