// Nested results of metrics as rows and columns that people read.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lifted::app {

/// Numbers of nested results under names like "view_light predicted yaw correlation"; of curves over angles only the
/// mean, of correlations with errors only the correlation. Repeated measurements (metrics/repeats.h) are their mean
/// and, in a column "… ±", half the width of its interval.
nlohmann::ordered_json flatten_results(const nlohmann::ordered_json& results);

/// A number as people read it: about four digits; text as it is; other values as JSON.
std::string cell_text(const nlohmann::ordered_json& value);

/// A Markdown table of rows that have the first row's columns.
std::string markdown_table(const nlohmann::ordered_json& rows);

}  // namespace lifted::app
