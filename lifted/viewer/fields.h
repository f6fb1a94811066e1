// The named values of a request, from a query string or a JSON object, read strictly.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lifted::viewer {

/// Every function answers wrong input with HttpError 400 naming the field and what was expected.
class Fields {
 public:
  Fields() = default;
  /// A flat JSON object of numbers, strings and booleans.
  static Fields of_json(std::string_view body);
  /// name=value pairs, already decoded; no name twice.
  static Fields of_query(const std::vector<std::pair<std::string, std::string>>& query);

  /// Finite and low … high.
  std::optional<double> number(const std::string& name, double low, double high);
  std::optional<int64_t> integer(const std::string& name, int64_t low, int64_t high);
  std::string choice(const std::string& name, const std::string& fallback, const std::vector<std::string>& choices);
  /// Any text of at most `longest` bytes.
  std::optional<std::string> text(const std::string& name, size_t longest);
  /// "rrggbb" as three bytes.
  std::optional<uint32_t> color(const std::string& name);
  /// Refuses fields that nothing has asked for.
  void finish() const;

 private:
  const nlohmann::json* find(const std::string& name);

  nlohmann::json values_ = nlohmann::json::object();
  std::set<std::string> known_;
  bool text_ = false;  // a query: numbers arrive as text
};

}  // namespace lifted::viewer
