// What `reproduce` found, laid out as the reproducibility report is: its tables and figures under their own numbers,
// what goes beyond it after them. Published numbers and ours never share a column.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lifted/app/manifest.h"
#include "lifted/app/web_page.h"

namespace lifted::app {

/// A row of the reproducibility report's Table 3: FID on FFHQ at 256².
struct PublishedRow {
  const char* setting;
  double reproduced, original;
};
const std::vector<PublishedRow>& published_table();
/// Where a setting stands in it; behind all others if it does not.
size_t published_rank(const std::string& setting);

/// A set of pictures, as counted.
struct DataFacts {
  std::string name, fingerprint;
  int64_t images = 0;
  int width = 0, height = 0;
};

/// Numbers of one model: "full" or an ablation's name, in the column of its role.
struct Measurement {
  std::string domain, setting;
  std::string role;  // "reproduced", "original" or "2D teacher"
  nlohmann::ordered_json results;
  std::string command;  // makes these numbers alone
};

struct Weights {
  std::string domain, model, file, sha256;
};

struct Report {
  Manifest manifest;
  std::map<std::string, DataFacts> data = {};  // by domain
  std::vector<Measurement> measurements = {};
  std::vector<Weights> weights = {};
  std::vector<Figure> figures = {};  // 2 to 9, in order
  std::vector<Figure> beyond = {};
  std::map<std::string, std::string> pictures = {};  // SHA-256 of every still's pixels, and of other files
};

/// Of a list of metrics those that a 2D generator can be measured with: "" if there is none.
std::string image_metrics(const std::string& list);

/// Table 1: the coefficients of every preset, the authors' configurations and the report's, differences marked.
Table coefficients_table();
Table data_table(const Report& report);
Table results_table(const Report& report);

WebPage report_page(const Report& report);
nlohmann::ordered_json report_json(const Report& report);

/// What differs between two reports' JSON: missing or other pictures, weights, numbers beyond `tolerance` (relative).
std::vector<std::string> report_changes(const nlohmann::ordered_json& before, const nlohmann::ordered_json& now,
                                        double tolerance = 1e-6);

}  // namespace lifted::app
