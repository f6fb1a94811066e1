#include "lifted/app/presets.h"

#include <fmt/ranges.h>

#include <map>
#include <vector>

#include "lifted/base/bounds.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/printable.h"
#include "lifted/model/lift_config.h"
#include "lifted/train/lift_options.h"

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
  return parse_preset(name.ends_with(".json") ? read_text_file(name, 1 << 20) : text_of_built_in(name), name);
}

nlohmann::json parse_preset(std::string_view text, const std::string& name) {
  auto preset = parse_json(text, name);
  require(preset.is_object(), "{}: is {}, expected a JSON object", name, shown(preset));
  for (const auto& [key, value] : preset.items()) {
    require(key == "about" || key == "batch" || key == "training" || key == "model",
            "{}: there is no '{}'; there are about, batch, training, model", name, printable(key, 60));
    require(value.is_object() || (key != "training" && key != "model"), "{}: '{}' is {}, expected a JSON object", name,
            key, shown(value));
  }
  if (const auto batch = preset.find("batch"); batch != preset.end()) {
    require(batch->is_number() && bounds::batch.hold(batch->get<double>()), "{}: 'batch' is {}, expected {}", name,
            shown(*batch), bounds::batch.words());
  }
  try {
    train::LiftTrainerOptions::from_json(preset.value("training", nlohmann::json::object()));
    model::LiftConfig::from_json(preset.value("model", nlohmann::json::object()));
  } catch (const Error& error) {
    fail("{}: {}", name, error.what());
  }
  return preset;
}

}  // namespace lifted::app
