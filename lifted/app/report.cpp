#include "lifted/app/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "lifted/app/architecture_figure.h"
#include "lifted/app/presets.h"
#include "lifted/app/result_table.h"
#include "lifted/base/error.h"
#include "lifted/metrics/suite.h"
#include "lifted/train/lift_options.h"

namespace lifted::app {
namespace {
using nlohmann::ordered_json;

constexpr const char* kNothing = "–";
constexpr const char* kTeacher = "2D teacher";

/// What the report's Table 2 counts, as the public archives have it.
struct PublishedData {
  const char *domain, *title, *images, *size;
};
constexpr PublishedData kPublishedData[] = {{"faces", "FFHQ", "70,000", "1024x1024"},
                                            {"cats", "AFHQ Cat", "about 5,000", "512x512"},
                                            {"celeba", "CelebA", "202,599", "178x218"}};

/// Every name that occurs, in the order of its first occurrence.
std::vector<std::string> names_of(const std::vector<ordered_json>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows)
    for (const auto& [name, value] : row.items())
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

std::string cell(const ordered_json* row, const std::string& name) {
  return row && row->contains(name) ? cell_text((*row)[name]) : kNothing;
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
  return !image_metrics(name.substr(0, name.find(' '))).empty();
}

std::vector<ordered_json> flat(const std::vector<Measurement>& measurements) {
  std::vector<ordered_json> rows;
  for (const auto& one : measurements) rows.push_back(flatten_results(one.results));
  return rows;
}

std::string title_of(const Report& report, const std::string& domain) {
  const DomainEntry* entry = report.manifest.find(domain);
  return entry ? entry->title : domain;
}

std::vector<std::string> published_cells(const std::string& domain, const std::string& setting) {
  const size_t rank = published_rank(setting);
  if (domain != "faces" || rank == published_table().size()) return {kNothing, kNothing};
  const auto& row = published_table()[rank];
  return {fmt::format("{:.2f}", row.reproduced), fmt::format("{:.2f}", row.original)};
}

/// Rows of Table 3: (domain, setting), the report's first.
std::vector<std::pair<std::string, std::string>> experiments(const Report& report) {
  std::vector<std::pair<std::string, std::string>> rows;
  const auto add = [&](const std::string& domain, const std::string& setting) {
    if (std::ranges::find(rows, std::pair(domain, setting)) == rows.end()) rows.emplace_back(domain, setting);
  };
  for (const auto& published : published_table()) add("faces", published.setting);
  for (const auto& one : report.measurements) add(one.domain, one.setting);
  return rows;
}

struct OurColumn {
  std::string metric, role;
};

/// Those columns of Table 3 that have a number.
std::vector<OurColumn> our_columns(const Report& report, const std::vector<ordered_json>& rows) {
  std::vector<OurColumn> columns;
  for (const auto& metric : names_of(rows)) {
    if (!is_headline(metric)) continue;
    for (const char* role : {"reproduced", "original", kTeacher}) {
      for (size_t i = 0; i < rows.size(); ++i) {
        if (report.measurements[i].role != role || !rows[i].contains(metric)) continue;
        columns.push_back({metric, role});
        break;
      }
    }
  }
  return columns;
}

/// The last measurement of an experiment in a role; null if there is none.
const ordered_json* row_of(const Report& report, const std::vector<ordered_json>& rows, const std::string& domain,
                           const std::string& setting, const std::string& role) {
  const ordered_json* found = nullptr;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& one = report.measurements[i];
    if (one.domain == domain && one.setting == setting && one.role == role) found = &rows[i];
  }
  return found;
}

std::string commands_of(const Report& report) {
  std::string text;
  for (const auto& one : report.measurements)
    text += fmt::format("{} {}, {}:\n  {}\n", title_of(report, one.domain), one.setting, one.role, one.command);
  return text;
}

Table every_number(const Report& report) {
  Table table{.title = "Every measurement",
              .caption = fmt::format("Truncation {:g}; {} samples where a metric's name fixes no number.",
                                     report.manifest.meter.suite.truncation_psi, report.manifest.meter.suite.samples),
              .columns = {"measurement"},
              .rows = {}};
  const auto rows = flat(report.measurements);
  for (const auto& one : report.measurements)
    table.columns.push_back(fmt::format("{}: {}, {}", title_of(report, one.domain), one.setting, one.role));
  for (const auto& name : names_of(rows)) {
    std::vector<std::string> cells = {name};
    for (const auto& row : rows) cells.push_back(cell(&row, name));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table weights_table(const Report& report) {
  Table table{.title = "Weights",
              .caption = "What the pictures and numbers above were made with.",
              .columns = {"model", "data set", "file", "SHA-256"},
              .rows = {}};
  for (const auto& one : report.weights)
    table.rows.push_back({one.model, title_of(report, one.domain), one.file, one.sha256});
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

Table coefficients_table() {
  Table table{
      .title = "Table 1: coefficients",
      .caption =
          "Of every preset. paper-…: as the report's Table 1 says, where λ_perturb multiplies what follows it; the "
          "others: the authors' configurations. * marks where the two disagree.",
      .columns = {"coefficient"},
      .rows = {}};
  const std::vector<std::string> names = all_presets();
  std::map<std::string, nlohmann::json> weights;
  for (const auto& name : names) {
    table.columns.push_back(name);
    const nlohmann::json preset = read_preset(name);
    weights[name] =
        train::LiftTrainerOptions::from_json(preset.value("training", nlohmann::json::object())).weights.to_json();
  }
  for (const auto& [coefficient, value] : weights.begin()->second.items()) {
    std::vector<std::string> cells = {coefficient};
    for (const auto& name : names) {
      const std::string other = name.starts_with("paper-") ? name.substr(6) : "paper-" + name;
      const bool differs = weights.contains(other) && weights[other][coefficient] != weights[name][coefficient];
      cells.push_back(fmt::format("{:g}{}", weights[name][coefficient].get<double>(), differs ? " *" : ""));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table data_table(const Report& report) {
  Table table{.title = "Table 2: data sets",
              .caption = "The archives the report used, and what was counted in the data named here.",
              .columns = {"data set", "published: images", "published: pixels", "here", "images", "pixels"},
              .rows = {}};
  const auto add = [&](const std::string& domain, std::vector<std::string> cells) {
    const auto found = report.data.find(domain);
    if (found == report.data.end()) {
      cells.insert(cells.end(), {fmt::format("(domains.{}.data)", domain), kNothing, kNothing});
    } else {
      const DataFacts& facts = found->second;
      cells.insert(cells.end(),
                   {facts.name, std::to_string(facts.images), fmt::format("{}x{}", facts.width, facts.height)});
    }
    table.rows.push_back(std::move(cells));
  };
  for (const auto& published : kPublishedData)
    add(published.domain, {published.title, published.images, published.size});
  for (const auto& domain : report.manifest.domains) {
    const bool listed = std::ranges::any_of(kPublishedData, [&](const auto& it) { return domain.key == it.domain; });
    if (!listed) add(domain.key, {domain.title, kNothing, kNothing});
  }
  return table;
}

Table results_table(const Report& report) {
  const metrics::SuiteOptions& suite = report.manifest.meter.suite;
  Table table{.title = "Table 3: distances",
              .caption = fmt::format(
                  "Published: FID on FFHQ at 256x256, as the report reproduced it and as the paper gives it; each "
                  "ablation drops one term and retrains. Ours: the models and data named here at truncation {:g}, by "
                  "the {} protocol, to be compared within a column only. SIDE in units of 0.01, MAD in degrees.",
                  suite.truncation_psi, suite.protocol == metrics::Protocol::published ? "published" : "field's"),
              .columns = {"experiment", "data set", "published FID: reproduced", "published FID: original"},
              .rows = {},
              .details = commands_of(report)};
  const auto rows = flat(report.measurements);
  const std::vector<OurColumn> ours = our_columns(report, rows);
  for (const auto& [metric, role] : ours) table.columns.push_back(fmt::format("ours, {}: {}", role, metric));
  for (const auto& [domain, setting] : experiments(report)) {
    std::vector<std::string> cells = {
        setting, domain == "faces" && !report.manifest.find(domain) ? "FFHQ" : title_of(report, domain)};
    for (auto& text : published_cells(domain, setting)) cells.push_back(std::move(text));
    for (const auto& [metric, role] : ours) cells.push_back(cell(row_of(report, rows, domain, setting, role), metric));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

WebPage report_page(const Report& report) {
  WebPage page{
      .title = "LiftedGAN, reproduced",
      .introduction =
          "Tables 1 to 3 and figures 1 to 9 in the order and layout of the reproducibility report, made by one command "
          "from the models at hand. What was not at hand is an empty place that says which entry of the manifest "
          "brings it.",
      .content = {},
      .embed = true};
  page.content.emplace_back(Heading{"The report"});
  page.content.emplace_back(coefficients_table());
  page.content.emplace_back(data_table(report));
  page.content.emplace_back(results_table(report));
  page.content.emplace_back(architecture_figure());
  for (const auto& figure : report.figures) page.content.emplace_back(figure);
  page.content.emplace_back(Heading{"Beyond the report"});
  for (const auto& figure : report.beyond) page.content.emplace_back(figure);
  if (!report.measurements.empty()) page.content.emplace_back(every_number(report));
  page.content.emplace_back(weights_table(report));
  return page;
}

}  // namespace lifted::app
