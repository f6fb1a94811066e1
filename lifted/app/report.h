// What `reproduce` found, as a page and as JSON: our numbers beside the published ones, never in one column.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

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

struct ReportRow {
  std::string name;
  std::filesystem::path file;
  nlohmann::ordered_json results;
};

struct Report {
  std::string data;  // name of the real images; empty: none
  int size = 0;
  double truncation = 0;
  int64_t real_images = 0, generated_images = 0, samples = 0;
  std::vector<ReportRow> rows = {};
  std::vector<Figure> figures = {};
};

/// Of a list of metrics those that a 2D generator can be measured with: "" if there is none.
std::string image_metrics(const std::string& list);

WebPage report_page(const Report& report);
nlohmann::ordered_json report_json(const Report& report);

}  // namespace lifted::app
