#include "lifted/app/presets.h"

#include <fmt/ranges.h>

#include <map>
#include <vector>

#include "lifted/base/error.h"
#include "lifted/base/file.h"

namespace lifted::app {
namespace {

/// Generated from configs/*.json: {{"ffhq", R"json(…)json"}, …}.
const std::map<std::string, std::string>& built_in() {
  static const std::map<std::string, std::string> presets = {
#include "presets.inc"
  };
  return presets;
}

std::string text_of_built_in(const std::string& name) {
  if (const auto found = built_in().find(name); found != built_in().end()) return found->second;
  usage_error("--preset {}: expected {}, or a JSON file", name, preset_names());
}

}  // namespace

std::vector<std::string> all_presets() {
  std::vector<std::string> names;
  for (const auto& item : built_in()) names.push_back(item.first);
  return names;
}

std::string preset_names() {
  return fmt::format("{}", fmt::join(all_presets(), ", "));
}

nlohmann::json read_preset(const std::string& name) {
  std::string text;
  if (name.ends_with(".json")) {
    const Bytes bytes = read_file(name, 1 << 20);
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } else {
    text = text_of_built_in(name);
  }
  auto preset = nlohmann::json::parse(text, nullptr, false);
  require(preset.is_object(), "{}: not a JSON object", name);
  for (const auto& [key, value] : preset.items()) {
    require(key == "about" || key == "batch" || key == "training" || key == "model",
            "{}: there is no '{}'; there are about, batch, training, model", name, key);
  }
  return preset;
}

}  // namespace lifted::app
