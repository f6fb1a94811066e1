#include "lifted/photo/face_crops.h"

#include <cmath>
#include <fstream>
#include <map>
#include <numbers>
#include <string>

#include "lifted/base/json.h"
#include "lifted/photo/degrade.h"
#include "lifted/photo/landmark_net.h"

namespace lifted::photo {
namespace {
using torch::Tensor;

constexpr uint64_t kMaxLabelLine = 1 << 20;

struct LabelledFace {
  std::vector<float> points;  // x, y, x, y, …
  int64_t identity = 0;
};

LabelledFace read_label(const std::string& text, const std::string& what, int side, std::string& file) {
  const auto json = parse_json(text, what, {.text_bytes = kMaxLabelLine});
  file = json_field<std::string>(json, "file", what);
  const double scale = side / json_field<double>(json, "size", what, side);
  const auto points = json_field<std::vector<std::vector<double>>>(json, "landmarks", what);
  require(static_cast<int64_t>(points.size()) == kLandmarks, "{}: 'landmarks' has {} points, expected {}", what,
          points.size(), kLandmarks);
  LabelledFace face{{}, json_field<int64_t>(json, "identity", what)};
  for (const auto& point : points) {
    const bool good = point.size() >= 2 && std::isfinite(point[0]) && std::isfinite(point[1]);
    require(good, "{}: a landmark is no pair of finite numbers", what);
    face.points.push_back(static_cast<float>(point[0] * scale));
    face.points.push_back(static_cast<float>(point[1] * scale));
  }
  return face;
}

}  // namespace

LandmarkLabels read_landmark_labels(const std::filesystem::path& file, const formats::ImageArchive& archive, int side) {
  std::ifstream stream(file);
  require(stream.good(), "{}: cannot be read", file.string());
  std::map<std::string, LabelledFace> faces;
  int64_t number = 0;
  for (std::string text, name; std::getline(stream, text);) {
    const std::string what = fmt::format("{}: line {}", file.string(), ++number);
    LabelledFace face = read_label(text, what, side, name);
    faces[name] = std::move(face);
  }
  require(!stream.bad(), "{}: cannot be read", file.string());
  LandmarkLabels labels;
  std::vector<Tensor> points;
  for (int64_t i = 0; i < archive.size(); ++i) {
    const auto found = faces.find(archive.name(i));
    require(found != faces.end(), "{}: says nothing about {}", file.string(), archive.full_name(i));
    points.push_back(torch::tensor(found->second.points).view({kLandmarks, 2}));
    labels.identity.push_back(found->second.identity);
  }
  labels.points = torch::stack(points);
  return labels;
}

FaceCrops face_crops(const Tensor& images, const Tensor& points, int64_t side, const CropSpread& spread,
                     at::Generator& random) {
  const int64_t count = images.size(0);
  const auto pixels = static_cast<double>(images.size(2));
  std::vector<Tensor> maps, inside, fields;
  for (int64_t i = 0; i < count; ++i) {
    const Tensor low = std::get<0>(points[i].min(0)), high = std::get<0>(points[i].max(0));
    const double extent = (high - low).max().item<double>();
    const double half = extent * std::exp(uniform(random, std::log(spread.nearest), std::log(spread.widest))) / 2;
    const double angle = uniform(random, -spread.turn, spread.turn) * std::numbers::pi / 180;
    const Tensor shift = (torch::rand({2}, random) * 2 - 1) * spread.shift * 2 * half;
    const Tensor middle = (low + high) / 2 + shift;
    const auto c = static_cast<float>(std::cos(angle)), s = static_cast<float>(std::sin(angle));
    const Tensor turn = torch::tensor({c, -s, s, c}).view({2, 2}) * half;  // from the crop to pixels
    const Tensor map = torch::cat({turn * (2 / pixels), (middle * (2 / pixels) - 1).unsqueeze(1)}, 1);
    maps.push_back(map);
    inside.push_back((points[i] - middle).matmul(turn) / (half * half));
    fields.push_back(random_background(2 * side, random));
  }
  // At twice the side and averaged, so that large crops do not alias.
  const Tensor grid = torch::affine_grid_generator(torch::stack(maps), {count, 3, 2 * side, 2 * side}, false);
  const Tensor seen = torch::grid_sampler(images, grid, 0, 0, false);
  const Tensor there = torch::grid_sampler(torch::ones_like(images.slice(1, 0, 1)), grid, 0, 0, false);
  const Tensor whole = seen + (1 - there) * torch::stack(fields);
  return {torch::avg_pool2d(whole, 2), torch::stack(inside)};
}

}  // namespace lifted::photo
