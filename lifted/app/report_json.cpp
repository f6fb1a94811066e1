// A report as JSON, and what differs between two.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lifted/app/report.h"
#include "lifted/app/result_table.h"

namespace lifted::app {
namespace {
using nlohmann::ordered_json;

/// Leaves of nested JSON under their paths.
void leaves_of(const ordered_json& json, const std::string& path, std::map<std::string, ordered_json>& leaves) {
  if (!json.is_object() && !json.is_array()) {
    leaves[path] = json;
    return;
  }
  for (const auto& [key, value] : json.items()) leaves_of(value, path.empty() ? key : path + "." + key, leaves);
}

bool same(const ordered_json& a, const ordered_json& b, double tolerance) {
  if (!a.is_number() || !b.is_number()) return a == b;
  const double x = a.get<double>(), y = b.get<double>();
  return std::abs(x - y) <= tolerance * std::max(std::abs(x), std::abs(y));
}

}  // namespace

ordered_json report_json(const Report& report) {
  ordered_json json = {{"manifest", report.manifest.to_json()}};
  for (const auto& [domain, facts] : report.data)
    json["data"][domain] = {{"name", facts.name},
                            {"fingerprint", facts.fingerprint},
                            {"images", facts.images},
                            {"width", facts.width},
                            {"height", facts.height}};
  for (const auto& one : report.weights)
    json["weights"][one.domain][one.model] = {{"file", one.file}, {"sha256", one.sha256}};
  for (const auto& one : report.measurements)
    json["ours"][one.domain][one.setting][one.role] = {{"results", one.results}, {"command", one.command}};
  auto& published = json["published"];
  published["source"] = "ML Reproducibility Challenge 2021, Table 3";
  published["metric"] = "FID";
  published["data"] = "FFHQ 256x256";
  for (const auto& row : published_table())
    published["rows"][row.setting] = {{"reproduced", row.reproduced}, {"original", row.original}};
  for (const auto* figures : {&report.figures, &report.beyond}) {
    for (const auto& figure : *figures)
      for (const auto& row : figure.rows)
        for (const auto& file : row)
          json["figures"].push_back({{"file", file}, {"title", figure.title}, {"how", figure.details}});
  }
  json["pictures"] = report.pictures;
  return json;
}

std::vector<std::string> report_changes(const ordered_json& before, const ordered_json& now, double tolerance) {
  std::vector<std::string> changes;
  for (const char* part : {"data", "weights", "ours", "pictures"}) {
    std::map<std::string, ordered_json> old_leaves, new_leaves;
    if (before.contains(part)) leaves_of(before[part], part, old_leaves);
    if (now.contains(part)) leaves_of(now[part], part, new_leaves);
    for (const auto& [path, value] : old_leaves) {
      if (path.ends_with(".command")) continue;
      const auto found = new_leaves.find(path);
      if (found == new_leaves.end())
        changes.push_back(path + ": is no longer made");
      else if (!same(value, found->second, tolerance))
        changes.push_back(fmt::format("{}: was {}, is {}", path, cell_text(value), cell_text(found->second)));
    }
    for (const auto& [path, value] : new_leaves)
      if (!old_leaves.contains(path)) changes.push_back(path + ": was not made before");
  }
  return changes;
}

}  // namespace lifted::app
