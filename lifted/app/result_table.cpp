#include "lifted/app/result_table.h"

#include <fmt/format.h>

namespace lifted::app {
namespace {
using nlohmann::ordered_json;

void flatten(const ordered_json& value, const std::string& name, ordered_json& row) {
  if (!value.is_object()) {
    row[name] = value;
    return;
  }
  if (value.contains("ci95")) {
    row[name] = value["mean"];
    row[name + " ±"] = value["ci95"];
    return;
  }
  const char* single = value.contains("mean") ? "mean" : value.contains("correlation") ? "correlation" : nullptr;
  for (const auto& [key, entry] : value.items()) {
    if (!single || key == single) flatten(entry, name.empty() ? key : name + " " + key, row);
  }
}

}  // namespace

ordered_json flatten_results(const ordered_json& results) {
  ordered_json row = ordered_json::object();
  flatten(results, "", row);
  return row;
}

std::string cell_text(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.4f}", value.get<double>());
  return value.dump();
}

std::string markdown_table(const ordered_json& rows) {
  std::string text, rule;
  for (const auto& [name, value] : rows.front().items()) {
    text += "| " + name + " ";
    rule += value.is_string() ? "| --- " : "| ---: ";
  }
  text += "|\n" + rule + "|\n";
  for (const auto& row : rows) {
    for (const auto& [name, value] : row.items()) text += "| " + cell_text(value) + " ";
    text += "|\n";
  }
  return text;
}

}  // namespace lifted::app
