#include "lifted/app/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "lifted/app/result_table.h"
#include "lifted/base/error.h"
#include "lifted/metrics/suite.h"

namespace lifted::app {
namespace {
using nlohmann::ordered_json;

constexpr const char* kNothing = "–";

std::vector<ordered_json> flat_rows(const Report& report) {
  std::vector<ordered_json> rows;
  for (const auto& row : report.rows) rows.push_back(flatten_results(row.results));
  return rows;
}

/// Every name that occurs, in the order of its first occurrence.
std::vector<std::string> names_of(const std::vector<ordered_json>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows)
    for (const auto& [name, value] : row.items())
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

std::string cell(const ordered_json& row, const std::string& name) {
  return row.contains(name) ? cell_text(row[name]) : kNothing;
}

/// Of the flattened names those that stand in Table 3: distances to real images, and a few that say whether it is 3D.
bool is_headline(const std::string& name) {
  static const std::vector<std::string> chosen = {"identity yaw",
                                                  "view_light requested view yaw",
                                                  "shape samples lifted side_x100",
                                                  "shape samples lifted mad_degrees",
                                                  "shape inverted lifted side_x100",
                                                  "shape inverted lifted mad_degrees"};
  if (std::ranges::any_of(chosen, [&](const std::string& head) { return name.starts_with(head); }))
    return !name.ends_with("_std");
  const std::string metric = name.substr(0, name.find(' '));
  return !image_metrics(metric).empty();
}

std::vector<std::string> published_cells(const std::string& setting) {
  const size_t rank = published_rank(setting);
  if (rank == published_table().size()) return {kNothing, kNothing};
  const auto& row = published_table()[rank];
  return {fmt::format("{:.2f}", row.reproduced), fmt::format("{:.2f}", row.original)};
}

Table table3(const Report& report) {
  const auto rows = flat_rows(report);
  std::vector<std::string> ours = names_of(rows);
  std::erase_if(ours, [](const std::string& name) { return !is_headline(name); });
  const std::string where = report.data.empty() ? fmt::format("ours, {0}x{0}", report.size)
                                                : fmt::format("ours, {1} {0}x{0}", report.size, report.data);
  Table table{.title = "Table 3",
              .caption =
                  "Published: FID on FFHQ at 256x256 as the report reproduced it and as the paper gives it; each "
                  "ablation drops one term and retrains. Ours: other data, other networks, other training; to be "
                  "compared within a column only. SIDE in units of 0.01, MAD in degrees.",
              .columns = {"setting", "published: FID, FFHQ 256x256, report", "published: FID, FFHQ 256x256, paper"},
              .rows = {}};
  for (const auto& name : ours) table.columns.push_back(where + ": " + name);
  const auto add = [&](const std::string& name, const ordered_json& row) {
    std::vector<std::string> cells = {name};
    for (auto& text : published_cells(name)) cells.push_back(std::move(text));
    for (const auto& column : ours) cells.push_back(cell(row, column));
    table.rows.push_back(std::move(cells));
  };
  for (size_t i = 0; i < rows.size(); ++i) add(report.rows[i].name, rows[i]);
  for (const auto& published : published_table()) {
    const bool ours_too =
        std::ranges::any_of(report.rows, [&](const ReportRow& row) { return row.name == published.setting; });
    if (!ours_too) add(published.setting, ordered_json::object());
  }
  return table;
}

Table every_number(const Report& report) {
  const auto rows = flat_rows(report);
  Table table{.title = "Every measurement",
              .caption = fmt::format("Truncation {:g}; {} samples for identity, view_light, agreement and shape",
                                     report.truncation, report.samples),
              .columns = {"measurement"},
              .rows = {}};
  if (report.generated_images > 0)
    table.caption += fmt::format("; distances compare up to {} generated with {} real images of {}",
                                 report.generated_images, report.real_images, report.data);
  table.caption += ".";
  for (const auto& row : report.rows) table.columns.push_back(row.name);
  for (const auto& name : names_of(rows)) {
    std::vector<std::string> cells = {name};
    for (const auto& row : rows) cells.push_back(cell(row, name));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace

const std::vector<PublishedRow>& published_table() {
  static const std::vector<PublishedRow> rows = {{"full", 25.54, 29.81},
                                                 {"wo_flip", 15.50, 28.69},
                                                 {"wo_perturb", 19.78, 21.3},
                                                 {"wo_idt", 24.44, 30.63},
                                                 {"wo_rega", 24.28, 27.34}};
  return rows;
}

size_t published_rank(const std::string& setting) {
  const auto& rows = published_table();
  return static_cast<size_t>(
      std::ranges::find_if(rows, [&](const PublishedRow& row) { return setting == row.setting; }) - rows.begin());
}

std::string image_metrics(const std::string& list) {
  std::string chosen;
  try {
    for (const auto& metric : metrics::parse_metrics(list))
      if (metrics::is_about_images(metric)) chosen += (chosen.empty() ? "" : ",") + metric.text;
  } catch (const UsageError&) {
    return "";  // the name of no metric
  }
  return chosen;
}

WebPage report_page(const Report& report) {
  return {
      .title = "LiftedGAN, reproduced",
      .introduction = fmt::format("Table 3 and figures 2 to 9 in the layout of the reproducibility report, made by one "
                                  "command from the models at hand ({0}x{0} pixels). Figures show {1}, unless they say "
                                  "otherwise.",
                                  report.size, report.rows.empty() ? "" : report.rows[0].file.filename().string()),
      .figures = report.figures,
      .tables = {table3(report)},
      .appendix = {every_number(report)},
      .embed = true};
}

ordered_json report_json(const Report& report) {
  ordered_json json = {{"data", report.data},
                       {"size", report.size},
                       {"trunc", report.truncation},
                       {"real_images", report.real_images},
                       {"generated_images", report.generated_images},
                       {"samples", report.samples}};
  for (const auto& row : report.rows) json["ours"][row.name] = {{"file", row.file.string()}, {"results", row.results}};
  auto& published = json["published"];
  published["source"] = "ML Reproducibility Challenge 2021, Table 3";
  published["metric"] = "FID";
  published["data"] = "FFHQ 256x256";
  for (const auto& row : published_table())
    published["rows"][row.setting] = {{"reproduced", row.reproduced}, {"original", row.original}};
  for (const auto& figure : report.figures) json["figures"].push_back({{"file", figure.file}, {"title", figure.title}});
  return json;
}

}  // namespace lifted::app
