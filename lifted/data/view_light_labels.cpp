#include "lifted/data/view_light_labels.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "lifted/base/error.h"
#include "lifted/base/file.h"

namespace lifted::data {
namespace {

struct Label {
  std::array<float, 7> values{};
  std::optional<int64_t> identity;
};

Label parse(const nlohmann::json& line) {
  Label label;
  const auto take = [&](const char* name, size_t from, size_t count, size_t least) {
    const auto& numbers = line.at(name);
    if (!numbers.is_array() || numbers.size() < least) fail("'{}' is not a list of {} numbers", name, least);
    for (size_t i = 0; i < count; ++i) {
      label.values[from + i] = numbers[i].get<float>();
      if (!std::isfinite(label.values[from + i])) fail("'{}' holds a value that is not finite", name);
    }
  };
  take("raw_view", 0, 3, 3);
  take("raw_light", 3, 4, 4);
  if (line.contains("identity")) label.identity = line["identity"].get<int64_t>();
  return label;
}

std::map<std::string, Label> read_label_lines(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path);
  std::istringstream text(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::map<std::string, Label> labels;
  int64_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    try {
      const auto json = nlohmann::json::parse(line);
      labels[json.at("file").get<std::string>()] = parse(json);
    } catch (const nlohmann::json::exception& error) {
      fail("{}: line {} is no label of an image: {}", path.string(), number, error.what());
    } catch (const Error& error) {
      fail("{}: line {}: {}", path.string(), number, error.what());
    }
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
