#include "lifted/photo/landmark_task.h"

#include <algorithm>
#include <array>

#include "lifted/formats/contact_sheet.h"
#include "lifted/formats/image_ops.h"
#include "lifted/nets/init.h"
#include "lifted/photo/degrade.h"
#include "lifted/photo/network_files.h"
#include "lifted/train/random_streams.h"

namespace lifted::photo {
namespace {
using torch::Tensor;
using train::Statistics;

constexpr int64_t kMostMeasuredFaces = 1'000, kMeanFaces = 512, kDrawnFaces = 12;
constexpr double kOcclusion = 0.25;
constexpr double kLinearFrom = 0.005;  // half sides of the crop: errors above count by themselves, not by their squares
constexpr CropSpread kTraining{.turn = 30, .nearest = 1.2, .widest = 2.1, .shift = 0.1};
constexpr CropSpread kSecondLook{.turn = 10, .nearest = 1.3, .widest = 1.6, .shift = 0.04};
constexpr CropSpread kLoose{.turn = 20, .nearest = 1.3, .widest = 1.9, .shift = 0.08};

data::IdentitySplit split_of(const LandmarkLabels& labels, const LandmarkOptions& options) {
  data::IdentityLabels people{labels.identity, 0, "the labels"};
  auto known = labels.identity;
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (auto& person : people.of_image) person = std::ranges::lower_bound(known, person) - known.begin();
  people.identities = static_cast<int64_t>(known.size());
  return data::split_identities(people, options.held_out, train::derived_seed(options.images.seed, "held out"));
}

/// Eye to eye, N.
Tensor eye_distances(const Tensor& points) {
  return (points.slice(1, 42, 48).mean(1) - points.slice(1, 36, 42).mean(1)).norm(2, 1);
}

/// Mean distance in eye distances, of B×68×2.
Tensor landmark_error(const Tensor& read, const Tensor& truth) {
  return (read - truth).norm(2, 2).mean(1) / eye_distances(truth);
}

Tensor mirrored_points(const Tensor& points, double side) {
  const Tensor order = torch::tensor(std::vector<int64_t>(kMirroredLandmark.begin(), kMirroredLandmark.end()));
  Tensor result = points.index_select(0, order).clone();
  result.select(1, 0).mul_(-1).add_(side);
  return result;
}

/// Half as a detector may give them, half as the second look at a face gets them.
FaceCrops training_crops(const Tensor& images, const Tensor& points, int64_t side, at::Generator& random) {
  const int64_t half = images.size(0) / 2;
  const FaceCrops first = face_crops(images.slice(0, 0, half), points.slice(0, 0, half), side, kTraining, random);
  const FaceCrops second = face_crops(images.slice(0, half), points.slice(0, half), side, kSecondLook, random);
  return {torch::cat({first.images, second.images}), torch::cat({first.points, second.points})};
}

formats::Image with_points(const Tensor& crop, const Tensor& truth, const Tensor& read) {
  constexpr int factor = 3;
  formats::Image image = formats::enlarged(formats::image_from_tensor(crop), factor);
  const auto draw = [&](const Tensor& points, std::array<uint8_t, 3> colour) {
    for (int64_t i = 0; i < kLandmarks; ++i) {
      const int x = static_cast<int>((points[i][0].item<float>() + 1) / 2 * static_cast<float>(image.width));
      const int y = static_cast<int>((points[i][1].item<float>() + 1) / 2 * static_cast<float>(image.height));
      for (int dy = 0; dy < 2; ++dy)
        for (int dx = 0; dx < 2; ++dx)
          if (x + dx >= 0 && y + dy >= 0 && x + dx < image.width && y + dy < image.height)
            std::copy(colour.begin(), colour.end(), image.at(x + dx, y + dy));
    }
  };
  draw(truth, {0, 220, 0});
  draw(read, {255, 0, 0});
  return image;
}

}  // namespace

nlohmann::ordered_json LandmarkOptions::to_json() const {
  auto json = images.to_json();
  json["held_out"] = held_out;
  return json;
}

LandmarkTask::LandmarkTask(LandmarkOptions options, std::shared_ptr<const data::Dataset> images, LandmarkLabels labels,
                           torch::Device device, train::World world)
    : ImageTask(options.images, std::move(images), split_of(labels, options), device, std::move(world)),
      options_(std::move(options)),
      points_(std::move(labels.points)) {
  network_ = LandmarkNet(options_.images.network);
  auto random = nets::seeded_generator(0);
  const auto& training = split().training.images;
  const std::vector<int64_t> first(training.begin(),
                                   training.begin() + std::min<std::ptrdiff_t>(kMeanFaces, std::ssize(training)));
  const Tensor some = points_.index_select(0, torch::tensor(first));
  network_->set_mean(face_crops(torch::zeros({some.size(0), 3, 8, 8}), some, 4, {}, random).points.mean(0));
  set_module(network_.ptr());
  network_->begin_at_mean();
}

Tensor LandmarkTask::loss(const Tensor& images, const data::Batch& batch, int64_t, Statistics& statistics) {
  std::vector<Tensor> points;
  for (const auto& sample : batch.samples) {
    const Tensor own = points_[split().training.images[static_cast<size_t>(sample.index)]];
    points.push_back(sample.mirrored ? mirrored_points(own, static_cast<double>(images.size(3))) : own);
  }
  const FaceCrops crops =
      training_crops(images.cpu(), torch::stack(points), options_.images.network.size, step_random());
  Tensor shown = degraded(crops.images, step_random());
  occlude(shown, kOcclusion, step_random());
  const Tensor truth = crops.points.to(device()), read = network_->forward(shown.to(device()));
  statistics.add("Accuracy/error", landmark_error(read.detach(), truth).mean());
  return torch::smooth_l1_loss(read, truth, at::Reduction::Mean, kLinearFrom) * 10;
}

Tensor LandmarkTask::held_out_points(int64_t count) const {
  const auto& all = split().held_out.images;
  return points_.index_select(0, torch::tensor(std::vector<int64_t>(all.begin(), all.begin() + count)));
}

LandmarkScores LandmarkTask::score_held_out() {
  LandmarkScores scores;
  const auto measure = [&](const CropSpread& spread) {
    auto random = nets::seeded_generator(train::derived_seed(options_.images.seed, "held-out crops"));
    int64_t done = 0;
    const Tensor errors = read_held_out(kMostMeasuredFaces, [&](const Tensor& images) {
      const Tensor truth = held_out_points(done + images.size(0)).slice(0, done);
      done += images.size(0);
      const FaceCrops crops = face_crops(images.cpu(), truth, options_.images.network.size, spread, random);
      return landmark_error(network_->forward(crops.images.to(device())).cpu(), crops.points);
    });
    scores.images = errors.size(0);
    return errors.mean().item<double>();
  };
  scores.loose = measure(kLoose);
  scores.tight = measure({});
  return scores;
}

void LandmarkTask::write_network(const std::filesystem::path& path) const {
  save_landmark_net(path, network_, provenance("liftedgan train-landmarks"));
}

void LandmarkTask::write_pictures(train::RunDirectory& run, int64_t images) {
  const LandmarkScores scores = score_held_out();
  run.say(
      fmt::format("kimg {:.1f}: {} held-out faces: mean error in eye distances {:.2f} % (loose crops), {:.2f} % "
                  "(upright crops)",
                  static_cast<double>(images) / 1000, scores.images, 100 * scores.loose, 100 * scores.tight));
  Statistics statistics;
  statistics.add("Metrics/error_loose", scores.loose);
  statistics.add("Metrics/error_tight", scores.tight);
  run.write_statistics(statistics, images);

  const auto& all = split().held_out.images;
  const auto count = std::min<int64_t>(kDrawnFaces, std::ssize(all));
  auto random = nets::seeded_generator(train::derived_seed(options_.images.seed, "pictures"));
  const FaceCrops crops = face_crops(images_at({all.begin(), all.begin() + count}), held_out_points(count),
                                     options_.images.network.size, kTraining, random);
  const torch::NoGradGuard guard;
  network_->eval();
  const Tensor read = network_->forward(crops.images.to(device())).cpu();
  formats::ContactSheet sheet;
  sheet.columns = 6;
  for (int64_t i = 0; i < count; ++i) sheet.images.push_back(with_points(crops.images[i], crops.points[i], read[i]));
  run.write_image(fmt::format("landmarks{:06d}.png", images / 1000), "landmarks", formats::render_contact_sheet(sheet),
                  images);
}

}  // namespace lifted::photo
