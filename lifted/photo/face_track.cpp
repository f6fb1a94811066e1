#include "lifted/photo/face_track.h"

#include <algorithm>
#include <cmath>

#include "lifted/base/error.h"

namespace lifted::photo {
namespace {

constexpr int64_t kReach = 2;      // frames on either side
constexpr double kDeviation = 1;   // frames
constexpr double kSameHead = 0.5;  // of the square's side: a face farther away than this is another
constexpr int kLost = 12;          // frames without it, after which any other will do

double weight(int64_t apart) {
  const double x = static_cast<double>(apart) / kDeviation;
  return std::exp(-x * x / 2);
}

/// Calls body(other, weight) for the frames around one; the weights add up to 1.
template <typename Body>
void for_neighbours(int64_t frame, int64_t count, const Body& body) {
  const int64_t first = std::max<int64_t>(0, frame - kReach), last = std::min(count - 1, frame + kReach);
  double sum = 0;
  for (int64_t other = first; other <= last; ++other) sum += weight(other - frame);
  for (int64_t other = first; other <= last; ++other) body(other, weight(other - frame) / sum);
}

EyesAndMouth sum_of(const EyesAndMouth& a, const EyesAndMouth& b, double factor) {
  return {a.left_eye + b.left_eye * factor, a.right_eye + b.right_eye * factor, a.mouth + b.mouth * factor};
}

/// Where the face is that was not found in this frame.
EyesAndMouth between(const std::vector<std::optional<EyesAndMouth>>& faces, size_t frame) {
  size_t before = frame, after = frame;
  while (before > 0 && !faces[before]) --before;
  while (after + 1 < faces.size() && !faces[after]) ++after;
  if (!faces[before]) return *faces[after];
  if (!faces[after]) return *faces[before];
  if (before == after) return *faces[frame];
  const double share = static_cast<double>(frame - before) / static_cast<double>(after - before);
  return sum_of(sum_of({}, *faces[before], 1 - share), *faces[after], share);
}

}  // namespace

bool FaceTrack::is_same(const Landmarks& points) const {
  const CropFrame then = landmark_frame(last_);
  return length(landmark_frame(points).middle - then.middle) < kSameHead * then.side();
}

std::optional<Landmarks> FaceTrack::find(const formats::Image& frame) const {
  if (!last_.empty() && finder_.has_network()) {
    auto points = finder_.find_near(frame, last_);
    if (points && is_same(*points)) return points;
  }
  auto faces = finder_.find(frame, false);
  if (last_.empty()) return face_ < faces.size() ? std::optional(faces[face_]) : std::nullopt;
  const auto same = std::ranges::find_if(faces, [&](const auto& points) { return is_same(points); });
  return same != faces.end() ? std::optional(*same) : std::nullopt;
}

std::optional<EyesAndMouth> FaceTrack::next(const formats::Image& frame) {
  const auto points = find(frame);
  lost_ = points ? 0 : lost_ + 1;
  if (lost_ > kLost) last_.clear();
  if (!points) return {};
  last_ = *points;
  return eyes_and_mouth(last_, "landmarks");
}

std::vector<EyesAndMouth> steadied(const std::vector<std::optional<EyesAndMouth>>& faces, std::string_view what) {
  require(std::ranges::any_of(faces, [](const auto& face) { return face.has_value(); }),
          "{}: no face was found in any of its {} frames", what, faces.size());
  std::vector<EyesAndMouth> whole, steady(faces.size());
  for (size_t frame = 0; frame < faces.size(); ++frame) whole.push_back(between(faces, frame));
  for (size_t frame = 0; frame < faces.size(); ++frame)
    for_neighbours(static_cast<int64_t>(frame), static_cast<int64_t>(faces.size()), [&](int64_t other, double share) {
      steady[frame] = sum_of(steady[frame], whole[static_cast<size_t>(other)], share);
    });
  return steady;
}

torch::Tensor steadied(const torch::Tensor& codes) {
  torch::Tensor steady = torch::zeros_like(codes);
  for (int64_t frame = 0; frame < codes.size(0); ++frame)
    for_neighbours(frame, codes.size(0), [&](int64_t other, double share) { steady[frame].add_(codes[other], share); });
  return steady;
}

}  // namespace lifted::photo
