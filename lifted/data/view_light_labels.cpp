#include "lifted/data/view_light_labels.h"

#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "lifted/base/file.h"
#include "lifted/base/json.h"

namespace lifted::data {
namespace {

struct Label {
  std::array<float, 7> values{};
  std::optional<int64_t> identity;
};

Label parse(const nlohmann::json& line, const std::string& what) {
  Label label;
  const auto take = [&](const char* name, size_t from, size_t count, size_t least) {
    const auto numbers = json_field<std::vector<float>>(line, name, what);
    require(numbers.size() >= least, "{}: '{}' is not a list of {} numbers", what, name, least);
    for (size_t i = 0; i < count; ++i) {
      require(std::isfinite(numbers[i]), "{}: '{}' holds a value that is not finite", what, name);
      label.values[from + i] = numbers[i];
    }
  };
  take("raw_view", 0, 3, 3);
  take("raw_light", 3, 4, 4);
  if (line.contains("identity")) label.identity = json_field<int64_t>(line, "identity", what);
  return label;
}

std::map<std::string, Label> read_label_lines(const std::filesystem::path& path) {
  std::istringstream text(read_text_file(path));
  std::map<std::string, Label> labels;
  int64_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    const std::string what = fmt::format("{}: line {}", path.string(), number);
    const auto json = parse_json(line, what);
    labels[json_field<std::string>(json, "file", what)] = parse(json, what);
  }
  return labels;
}

}  // namespace

ViewLightLabels read_view_light_labels(const std::filesystem::path& path, const formats::ImageArchive& archive) {
  const auto labels = read_label_lines(path);
  ViewLightLabels result{torch::empty({archive.size(), 7}), {}};
  float* to = result.values.data_ptr<float>();
  for (int64_t i = 0; i < archive.size(); ++i) {
    const auto found = labels.find(archive.name(i));
    require(found != labels.end(), "{}: says nothing about {}", path.string(), archive.full_name(i));
    to = std::copy(found->second.values.begin(), found->second.values.end(), to);
    result.identity.push_back(found->second.identity.value_or(i));
  }
  return result;
}

}  // namespace lifted::data
