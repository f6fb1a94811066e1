// The coefficient files of configs/, built into the program.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace lifted::app {

/// A preset by name, or read from a JSON file if `name` ends in .json. UsageError naming the presets if there is no
/// such one.
nlohmann::json read_preset(const std::string& name);
/// A preset's text, all of it checked; `name` is what errors call it.
nlohmann::json parse_preset(std::string_view text, const std::string& name);

/// The names of those built in, sorted.
std::vector<std::string> all_presets();

/// "afhq-cat, celeba, ffhq, …".
std::string preset_names();

}  // namespace lifted::app
