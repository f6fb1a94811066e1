#include "lifted/photo/landmark_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/printable.h"

namespace lifted::photo {
namespace {
namespace fs = std::filesystem;
using Numbers = std::vector<double>;

constexpr uint64_t kMostBytes = 1 << 30;  // ffhq-dataset-v2.json has a quarter
constexpr JsonLimits kJson{.depth = 8, .text_bytes = kMostBytes, .memory_bytes = uint64_t{6} << 30};
constexpr JsonLimits kLine{.depth = 8, .text_bytes = 1 << 20};
constexpr double kFirstPixel = 0.5, kMatlabsFirstPixel = -0.5;  // to the middle of the first pixel at (0.5, 0.5)

std::string text_of(const fs::path& file) {
  const Bytes bytes = read_file(file, kMostBytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::string> words_of(const std::string& line, std::string_view separators) {
  std::vector<std::string> words;
  for (size_t at = 0; (at = line.find_first_not_of(separators, at)) != std::string::npos;) {
    const size_t end = std::min(line.find_first_of(separators, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<double> number_of(const std::string& word) {
  double value = 0;
  const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), value);
  const bool whole = status == std::errc() && end == word.data() + word.size();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

Numbers numbers_of(const std::vector<std::string>& words, size_t first, const std::string& where) {
  Numbers numbers;
  for (size_t i = first; i < words.size(); ++i) {
    const auto number = number_of(words[i]);
    require(number.has_value(), "{}: '{}' is no number", where, printable(words[i], 60));
    numbers.push_back(*number);
  }
  return numbers;
}

Landmarks points_of(const Numbers& numbers, double shift, const std::string& where) {
  require(numbers.size() == 10 || numbers.size() == 136, "{}: {} numbers, expected x and y of 5 or 68 points", where,
          numbers.size());
  Landmarks points;
  for (size_t i = 0; i < numbers.size(); i += 2) points.push_back({numbers[i] + shift, numbers[i + 1] + shift});
  return points;
}

/// Calls use(line, "FILE: line N") without the line's end.
template <typename Use>
void for_lines(const std::string& text, const std::string& file, Use use) {
  std::istringstream stream(text);
  int64_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) use(line, fmt::format("{}: line {}", file, number), number);
  }
}

Landmarks json_points(const nlohmann::json& list, double shift, const std::string& where) {
  Numbers numbers;
  for (const auto& point : list) {
    const bool good = point.is_array() && point.size() >= 2 && point[0].is_number() && point[1].is_number();
    require(good, "{}: {} is no point, expected [x, y]", where, shown(point));
    numbers.push_back(point[0].get<double>());
    numbers.push_back(point[1].get<double>());
  }
  return points_of(numbers, shift, where);
}

bool is_list_of_faces(const nlohmann::json& value) {
  return value.is_array() && !value.empty() && value[0].is_array() && !value[0].empty() && value[0][0].is_array();
}

}  // namespace

LandmarkFile::LandmarkFile(const fs::path& path) : file_(path.string()) {
  const std::string kind = path.extension().string();
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.path().extension() == ".pts") read_pts(entry.path());
    require(!faces_.empty(), "{}: has no .pts file in it", file_);
    return;
  }
  require(fs::exists(path), "{}: there is no such file", file_);
  if (kind == ".pts") {
    read_pts(path);
  } else if (kind == ".json") {
    read_json(path);
  } else if (kind == ".jsonl") {
    read_heads(text_of(path));
  } else if (kind == ".csv") {
    read_csv(text_of(path));
  } else if (kind == ".txt") {
    read_celeba(text_of(path));
  } else {
    fail(
        "{}: is no landmark file by its name, expected .txt (CelebA's), .json, .jsonl, .csv, .pts or a folder of these "
        "last",
        file_);
  }
  require(!faces_.empty(), "{}: has no landmarks in it", file_);
}

void LandmarkFile::add(const std::string& name, Landmarks points, const std::string& where, bool more_faces) {
  auto& faces = faces_[name];
  require(faces.empty() || more_faces, "{}: {} is there twice", where, printable(name, 100));
  faces.push_back(std::move(points));
}

void LandmarkFile::read_celeba(const std::string& text) {
  int64_t expected = -1, read = 0;
  for_lines(text, file_, [&](const std::string& line, const std::string& where, int64_t number) {
    const auto words = words_of(line, " \t");
    if (number == 1) {
      const double count = words.size() == 1 ? number_of(words[0]).value_or(-1) : -1;
      require(count >= 0, "{}: expected the number of pictures, as CelebA's lists begin", where);
      expected = static_cast<int64_t>(count);
    } else if (number == 2) {
      require(words.size() == 10 && words[0] == "lefteye_x" && words[9] == "rightmouth_y",
              "{}: expected the names of CelebA's ten columns, lefteye_x to rightmouth_y", where);
    } else {
      const Numbers numbers = numbers_of(words, 1, where);
      require(numbers.size() == 10, "{}: {} numbers, expected a name and 10", where, numbers.size());
      add(words[0], points_of(numbers, kFirstPixel, where), where);
      ++read;
    }
  });
  require(read == expected, "{}: says that it has {} pictures, but lists {}", file_, expected, read);
}

void LandmarkFile::read_csv(const std::string& text) {
  for_lines(text, file_, [&](const std::string& line, const std::string& where, int64_t number) {
    const auto words = words_of(line, ",; \t");
    const bool titles = number == 1 && words.size() > 1 && !number_of(words[1]);
    if (titles || words.empty()) return;
    add(words[0], points_of(numbers_of(words, 1, where), kFirstPixel, where), where, true);
  });
}

void LandmarkFile::read_heads(const std::string& text) {
  for_lines(text, file_, [&](const std::string& line, const std::string& where, int64_t) {
    const auto json = parse_json(line, where, kLine);
    const auto points = json_field<nlohmann::json>(json, "landmarks", where);
    add(json_field<std::string>(json, "file", where), json_points(points, 0, where), where);
  });
}

void LandmarkFile::read_json(const fs::path& file) {
  const auto json = read_json_file(file, kJson);
  require(json.is_object(), "{}: is {}, expected an object of names", file_, shown(json));
  for (const auto& [name, value] : json.items()) {
    const std::string where = fmt::format("{}: '{}'", file_, printable(name, 100));
    if (value.is_object() && value.contains("in_the_wild")) {
      const auto wild = json_field<nlohmann::json>(value, "in_the_wild", where);
      add(fs::path(json_field<std::string>(wild, "file_path", where)).filename().string(),
          json_points(json_field<nlohmann::json>(wild, "face_landmarks", where), kFirstPixel, where), where);
    } else if (is_list_of_faces(value)) {
      for (const auto& face : value) add(name, json_points(face, kFirstPixel, where), where, true);
    } else {
      require(value.is_array(), "{}: is {}, expected a list of points", where, shown(value));
      add(name, json_points(value, kFirstPixel, where), where);
    }
  }
}

void LandmarkFile::read_pts(const fs::path& file) {
  const std::string text = text_of(file), name = file.string();
  const size_t open = text.find('{'), close = text.find('}');
  require(open != std::string::npos && close != std::string::npos && open < close,
          "{}: expected points between braces, as .pts files have them", name);
  const auto head = words_of(text.substr(0, open), " \t\r\n");
  const auto title = std::ranges::find(head, "n_points:");
  const double count = title != head.end() && title + 1 != head.end() ? number_of(*(title + 1)).value_or(-1) : -1;
  require(count >= 0, "{}: says no n_points", name);
  const Numbers numbers = numbers_of(words_of(text.substr(open + 1, close - open - 1), " \t\r\n"), 0, name);
  require(static_cast<double>(numbers.size()) == 2 * count, "{}: n_points is {}, but it has {} numbers", name, count,
          numbers.size());
  add(file.stem().string(), points_of(numbers, kMatlabsFirstPixel, name), name);
}

const std::vector<Landmarks>* LandmarkFile::find(const fs::path& picture) const {
  for (const std::string& name : {picture.generic_string(), picture.filename().string(), picture.stem().string()}) {
    if (const auto found = faces_.find(name); found != faces_.end()) return &found->second;
  }
  return nullptr;
}

}  // namespace lifted::photo
