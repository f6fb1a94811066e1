#include "lifted/app/validators.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

namespace lifted::app {
namespace {

template <typename T>
std::optional<T> parsed(const std::string& text) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::string expected(const std::string& text, const std::string& words) {
  return fmt::format("{}: expected {}", text, words);
}

/// "a, b or c"
std::string alternatives(const std::vector<std::string>& names) {
  const auto last = names.end() - 1;
  return fmt::format("{}{}{}", fmt::join(names.begin(), last, ", "), names.size() > 1 ? " or " : "", *last);
}

}  // namespace

CLI::Validator number(const Bounds& bounds) {
  return {[bounds](std::string& text) {
            if (bounds.whole) {
              const auto value = parsed<int64_t>(text);
              if (!value || !bounds.hold(static_cast<double>(*value))) return expected(text, bounds.words());
              text = std::to_string(*value);
            } else {
              const auto value = parsed<double>(text);
              if (!value || !bounds.hold(*value)) return expected(text, bounds.words());
              text = fmt::format("{}", *value);
            }
            return std::string();
          },
          bounds.range(), kNumberValidator};
}

CLI::Validator seed(uint64_t last) {
  const std::string range = fmt::format("from 0 to {}", last);
  return {[=](std::string& text) {
            const auto value = parsed<uint64_t>(text);
            if (!value || *value > last) return expected(text, "a whole number " + range);
            text = std::to_string(*value);
            return std::string();
          },
          range, kNumberValidator};
}

CLI::Validator choice(const std::vector<std::string>& names, const std::map<std::string, std::string>& aliases) {
  return {[=](std::string& text) {
            const std::string word = CLI::detail::to_lower(text);
            if (const auto alias = aliases.find(word); alias != aliases.end()) {
              text = alias->second;
            } else if (std::ranges::find(names, word) != names.end()) {
              text = word;
            } else {
              return expected(text, alternatives(names));
            }
            return std::string();
          },
          fmt::format("{}", fmt::join(names, kChoiceSeparator)), kChoiceValidator};
}

CLI::Validator existing_file() {
  return {[](std::string& text) {
            std::error_code ignored;
            if (std::filesystem::is_directory(text, ignored)) return expected(text, "a file, it is a folder");
            return std::filesystem::exists(text, ignored) ? std::string() : text + ": there is no such file";
          },
          ""};
}

}  // namespace lifted::app
