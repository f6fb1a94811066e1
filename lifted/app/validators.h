// What options of the command line accept, and the words in which help and errors say so. Every option that takes a
// number has one of these: CLI11's own conversions let nan, infinities and what overflows pass, and read 010 as eight.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "lifted/base/bounds.h"

namespace lifted::app {

/// For transform(): a decimal number within bounds, a whole one where these say so.
CLI::Validator number(const Bounds& bounds);
/// For transform(): a whole number from 0 to `last`.
CLI::Validator seed(uint64_t last = UINT64_MAX);

/// For transform(): one of the names, any case. An alias is replaced by the name it stands for.
CLI::Validator choice(const std::vector<std::string>& names, const std::map<std::string, std::string>& aliases = {});

/// The same for an enumeration.
template <typename Enum>
CLI::Validator choice_of(const std::vector<std::pair<std::string, Enum>>& values) {
  std::vector<std::string> names;
  std::map<std::string, std::string> numbers;
  for (const auto& [name, value] : values) {
    names.push_back(name);
    numbers[name] = std::to_string(static_cast<std::underlying_type_t<Enum>>(value));
  }
  return choice(names, numbers);
}

/// For check(): a file that is there.
CLI::Validator existing_file();

/// Names of these validators, by which help and completion find them.
inline constexpr const char *kNumberValidator = "number", *kChoiceValidator = "choice";
/// Stands between the names in a choice's description.
inline constexpr const char* kChoiceSeparator = ", ";

}  // namespace lifted::app
