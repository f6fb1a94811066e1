#include "lifted/viewer/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lifted/base/json.h"
#include "lifted/viewer/http_error.h"

namespace lifted::viewer {
namespace {

constexpr JsonLimits body_limits{.depth = 4, .text_bytes = 64 << 10};

std::string quoted_name(const std::string& text) {
  return shown(nlohmann::json(text));
}

std::optional<double> number_of(const nlohmann::json& value, bool text) {
  if (value.is_number()) return value.get<double>();
  if (!text || !value.is_string()) return std::nullopt;
  const auto& word = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (status != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return number;
}

}  // namespace

Fields Fields::of_json(std::string_view body) {
  Fields fields;
  try {
    fields.values_ = parse_json(body, "the body", body_limits);
  } catch (const Error& error) {
    refuse(400, "{}", error.what());
  }
  if (!fields.values_.is_object()) refuse(400, "the body is not a JSON object");
  for (const auto& [name, value] : fields.values_.items()) {
    if (value.is_structured() || value.is_null()) refuse(400, "{}: expected a number or a string", quoted_name(name));
  }
  return fields;
}

Fields Fields::of_query(const std::vector<std::pair<std::string, std::string>>& query) {
  Fields fields;
  fields.text_ = true;
  for (const auto& [name, value] : query) {
    if (fields.values_.contains(name)) refuse(400, "{}: given twice", quoted_name(name));
    fields.values_[name] = value;
  }
  return fields;
}

const nlohmann::json* Fields::find(const std::string& name) {
  known_.insert(name);
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &*found;
}

std::optional<double> Fields::number(const std::string& name, double low, double high) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<double> number = number_of(*value, text_);
  if (!number || !std::isfinite(*number) || *number < low || *number > high) {
    refuse(400, "{}: {} is not a number from {} to {}", name, shown(*value), low, high);
  }
  return number;
}

std::optional<int64_t> Fields::integer(const std::string& name, int64_t low, int64_t high) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<double> number = number_of(*value, text_);
  if (!number || std::floor(*number) != *number || *number < static_cast<double>(low) ||
      *number > static_cast<double>(high)) {
    refuse(400, "{}: {} is not a whole number from {} to {}", name, shown(*value), low, high);
  }
  return static_cast<int64_t>(*number);
}

std::string Fields::choice(const std::string& name, const std::string& fallback,
                           const std::vector<std::string>& choices) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return fallback;
  if (!value->is_string() || std::find(choices.begin(), choices.end(), value->get<std::string>()) == choices.end()) {
    refuse(400, "{}: {} is not one of {}", name, shown(*value), fmt::join(choices, ", "));
  }
  return value->get<std::string>();
}

std::optional<std::string> Fields::text(const std::string& name, size_t longest) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string() || value->get_ref<const std::string&>().size() > longest)
    refuse(400, "{}: {} is no text of at most {} bytes", name, shown(*value), longest);
  return value->get<std::string>();
}

std::optional<uint32_t> Fields::color(const std::string& name) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::string word = value->is_string() ? value->get<std::string>() : "";
  uint32_t color = 0;
  const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), color, 16);
  if (word.size() != 6 || status != std::errc() || end != word.data() + 6) {
    refuse(400, "{}: {} is not a colour of six hexadecimal digits", name, shown(*value));
  }
  return color;
}

void Fields::finish() const {
  for (const auto& [name, value] : values_.items()) {
    if (known_.count(name) == 0)
      refuse(400, "{}: unknown; expected any of {}", quoted_name(name), fmt::join(known_, ", "));
  }
}

}  // namespace lifted::viewer
