#include "lifted/data/head_truth.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "lifted/base/json.h"
#include "lifted/formats/safetensors.h"

namespace lifted::data {
namespace {
namespace fs = std::filesystem;
using torch::Tensor;

constexpr uint64_t kMaxLine = 1 << 20;
constexpr int kWholePixel = 255;                     // of the mask
constexpr int kFace = 0, kMouth = 2, kEyeballs = 6;  // labels: face; 2 to 6 are mouth, sockets, gums, teeth, eyes

struct Line {
  fs::path maps;
  int64_t identity = 0;
};

void read_truth_lines(const fs::path& file, std::map<std::string, Line>& lines) {
  std::ifstream stream(file);
  int64_t number = 0;
  for (std::string text; std::getline(stream, text);) {
    ++number;
    const std::string what = fmt::format("{}: line {}", file.string(), number);
    const auto json = parse_json(text, what, {.text_bytes = kMaxLine});
    const fs::path maps = json_field<std::string>(json, "maps", what);
    require(maps.is_relative() && std::ranges::find(maps, "..") == maps.end(),
            "{}: 'maps' is {}, expected a file in the same folder", what, shown(json["maps"]));
    lines[json_field<std::string>(json, "file", what)] = {file.parent_path() / maps,
                                                          json_field<int64_t>(json, "identity", what)};
  }
  require(!stream.bad(), "{}: cannot be read", file.string());
}

/// ground_truth.jsonl, and those of ranges rendered one by one.
std::vector<fs::path> line_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("ground_truth") && name.ends_with(".jsonl")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

Tensor map_of(const StateDict& tensors, const char* name, torch::ScalarType type, const fs::path& file) {
  const auto found = tensors.find(name);
  require(found != tensors.end(), "{}: has no '{}', expected the ground truth of a head", file.string(), name);
  require(found->second.dim() == 2 && found->second.scalar_type() == type, "{}: '{}' is no map of its type",
          file.string(), name);
  return found->second;
}

}  // namespace

fs::path head_truth_folder(const fs::path& data) {
  if (data.extension() == ".zip") return data.parent_path() / (data.stem().string() + "-ground-truth");
  return data / "ground_truth";
}

bool has_head_truth(const fs::path& data) {
  return !line_files(head_truth_folder(data)).empty();
}

HeadTruth::HeadTruth(const fs::path& data, const formats::ImageArchive& archive) {
  const fs::path folder = head_truth_folder(data);
  const auto files = line_files(folder);
  require(!files.empty(), "{}: has no ground truth in {}, expected a set of `heads render --ground-truth`",
          data.string(), folder.string());
  std::map<std::string, Line> lines;
  for (const auto& file : files) read_truth_lines(file, lines);
  for (int64_t i = 0; i < archive.size(); ++i) {
    const auto found = lines.find(archive.name(i));
    require(found != lines.end(), "{}: says nothing about {}", folder.string(), archive.full_name(i));
    maps_.push_back(found->second.maps);
    identity_.push_back(found->second.identity);
  }
}

HeadShape HeadTruth::shape(int64_t index) const {
  const fs::path& file = maps_.at(static_cast<size_t>(index));
  const StateDict tensors = formats::read_safetensors(file);
  const Tensor mask = map_of(tensors, "mask", torch::kByte, file), label = map_of(tensors, "label", torch::kByte, file);
  HeadShape shape;
  shape.depth = map_of(tensors, "depth", torch::kFloat32, file);
  require(shape.depth.sizes() == mask.sizes() && mask.sizes() == label.sizes(), "{}: its maps differ in size",
          file.string());
  shape.head = mask == kWholePixel;
  shape.face = shape.head.logical_and((label == kFace).logical_or((label >= kMouth).logical_and(label <= kEyeballs)));
  const Tensor inside = shape.depth.masked_select(shape.head);
  require(inside.isfinite().all().item<bool>() && (inside > 0).all().item<bool>(),
          "{}: depth on the head is not positive and finite", file.string());
  return shape;
}

}  // namespace lifted::data
