#include "lifted/photo/face_finder.h"

#include <algorithm>
#include <utility>

#include "lifted/base/error.h"
#include "lifted/photo/align.h"

namespace lifted::photo {
namespace {

constexpr double kAroundLandmarks = 1.45;  // side of the square, in extents of the landmarks
constexpr double kStill = 0.08;            // largest movement between looks, eye distances
constexpr double kSameFace = 0.5;          // of the larger square's side: middles closer than this are one face

double eye_distance(const Landmarks& points) {
  const EyesAndMouth face = eyes_and_mouth(points, "landmarks");
  return length(face.right_eye - face.left_eye);
}

bool is_face(const Landmarks& points, const formats::Image& photograph) {
  try {
    check_face(eyes_and_mouth(points, "landmarks"), photograph.width, photograph.height, "landmarks");
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Where eyes, nose and mouth lie on average in a square that the cascade proposes.
Landmarks average_points(const CropFrame& frame) {
  return {frame.at(-0.29, -0.19), frame.at(0.29, -0.19), frame.at(0, 0.15), frame.at(-0.22, 0.43),
          frame.at(0.22, 0.43)};
}

}  // namespace

CropFrame landmark_frame(const Landmarks& points) {
  const CropFrame upright = crop_frame(eyes_and_mouth(points, "landmarks"), Crop::ffhq);
  Point low{1e9, 1e9}, high{-1e9, -1e9};
  for (const Point p : points) {
    const Point inside = upright.inside(p);
    low = {std::min(low.x, inside.x), std::min(low.y, inside.y)};
    high = {std::max(high.x, inside.x), std::max(high.y, inside.y)};
  }
  const Point middle = (low + high) * 0.5;
  const double extent = std::max(high.x - low.x, high.y - low.y);
  return {upright.at(middle.x, middle.y), upright.right * (kAroundLandmarks * extent / 2)};
}

Landmarks FaceFinder::look(const formats::Image& photograph, CropFrame frame, double* moved) const {
  const torch::NoGradGuard guard;
  LandmarkNet network = network_;
  Landmarks points, before;
  for (int round = 0; round < 3; ++round) {
    const auto crop = formats::tensor_from_image(quickly_cut(photograph, frame, network->config().size));
    const torch::Tensor read = network->forward(crop.unsqueeze(0)).squeeze(0).to(torch::kFloat64).contiguous();
    before = std::exchange(points, {});
    for (int64_t i = 0; i < kLandmarks; ++i)
      points.push_back(frame.at(read.data_ptr<double>()[2 * i], read.data_ptr<double>()[2 * i + 1]));
    if (!is_face(points, photograph)) {
      if (moved) *moved = 1e9;
      return points;
    }
    frame = landmark_frame(points);
  }
  if (!moved) return points;
  double sum = 0;
  for (size_t i = 0; i < points.size(); ++i) sum += length(points[i] - before[i]);
  *moved = sum / static_cast<double>(points.size()) / eye_distance(points);
  return points;
}

std::optional<Landmarks> FaceFinder::find_near(const formats::Image& photograph, const Landmarks& last) const {
  double moved = 0;
  Landmarks points = look(photograph, landmark_frame(last), &moved);
  return moved > kStill ? std::nullopt : std::optional(std::move(points));
}

std::vector<Landmarks> FaceFinder::find(const formats::Image& photograph, bool all) const {
  std::vector<std::pair<CropFrame, Landmarks>> faces;
  const auto take = [&](const std::vector<CropFrame>& proposals) {
    for (const CropFrame& proposal : proposals) {
      double moved = 0;
      Landmarks points = network_.is_empty() ? average_points(proposal) : look(photograph, proposal, &moved);
      if (moved > kStill) continue;
      const CropFrame frame = landmark_frame(points);
      const bool known = std::ranges::any_of(faces, [&](const auto& face) {
        return length(face.first.middle - frame.middle) < kSameFace * std::max(face.first.side(), frame.side());
      });
      if (!known) faces.emplace_back(frame, std::move(points));
    }
  };
  take(propose_faces(photograph, false));
  if (all || faces.empty()) take(propose_faces(photograph, true));
  std::ranges::stable_sort(faces, std::greater(), [](const auto& face) { return face.first.side(); });
  std::vector<Landmarks> found;
  for (auto& face : faces) found.push_back(std::move(face.second));
  return found;
}

}  // namespace lifted::photo
