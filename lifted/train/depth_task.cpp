#include "lifted/train/depth_task.h"

#include <algorithm>

#include "lifted/base/device.h"
#include "lifted/base/error.h"
#include "lifted/formats/color_map.h"
#include "lifted/formats/contact_sheet.h"
#include "lifted/model/critics.h"
#include "lifted/scene/shape_error.h"
#include "lifted/train/random_streams.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr int64_t kMostMeasuredDepths = 1'000, kScaleImages = 256, kDrawn = 8;

ImageTaskOptions image_options(const DepthOptions& options) {
  ImageTaskOptions images = options.images;
  images.network.size = options.network.size;
  return images;
}

data::IdentitySplit split_of(const data::HeadTruth& truth, const DepthOptions& options) {
  data::IdentityLabels people{truth.identity(), 0, "the ground truth"};
  auto known = truth.identity();
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (auto& person : people.of_image) person = std::ranges::lower_bound(known, person) - known.begin();
  people.identities = static_cast<int64_t>(known.size());
  return data::split_identities(people, options.held_out, derived_seed(options.images.seed, "held out"));
}

/// Mean over a mask, 0 where it is empty.
Tensor masked_mean(const Tensor& values, const Tensor& mask) {
  const Tensor weight = mask.to(torch::kFloat32);
  return (values * weight).sum() / weight.sum().clamp_min(1);
}

/// Mean absolute error of the steps between neighbours, `stride` apart, along one axis of B×S×S.
Tensor slope_error(const Tensor& error, const Tensor& mask, int64_t axis, int64_t stride) {
  const int64_t size = error.size(axis);
  const Tensor both = mask.slice(axis, stride).logical_and(mask.slice(axis, 0, size - stride));
  return masked_mean((error.slice(axis, stride) - error.slice(axis, 0, size - stride)).abs(), both);
}

}  // namespace

nlohmann::ordered_json DepthOptions::to_json() const {
  auto json = images.to_json();
  json["network"] = network.to_json();
  json["slope_weight"] = slope_weight;
  json["mask_weight"] = mask_weight;
  json["held_out"] = held_out;
  return json;
}

DepthTask::DepthTask(DepthOptions options, std::shared_ptr<const data::Dataset> images,
                     std::shared_ptr<const data::HeadTruth> truth, torch::Device device, World world)
    : ImageTask(image_options(options), std::move(images), split_of(*truth, options), device, std::move(world)),
      options_(std::move(options)),
      truth_(std::move(truth)) {
  network_ = nets::ImageDepthNet(options_.network);
  const auto& all = split().training.images;
  const auto first = all.begin(), last = first + std::min<std::ptrdiff_t>(kScaleImages, std::ssize(all));
  const Truth some = truth_of({first, last});
  const Tensor depth = some.depth.masked_select(some.head);
  require(depth.numel() > 1, "the ground truth shows no head in the first {} training images", last - first);
  network_->set_scale(depth.mean().item<double>(), depth.std().item<double>());
  set_module(network_.ptr());
}

DepthTask::Truth DepthTask::truth_of(const std::vector<int64_t>& images) const {
  std::vector<Tensor> depth, head;
  for (const int64_t index : images) {
    const auto shape = truth_->shape(index);
    require(shape.depth.size(0) == options_.network.size && shape.depth.size(1) == options_.network.size,
            "the ground truth of image {} has {}x{} pixels, expected {}x{}", index, shape.depth.size(1),
            shape.depth.size(0), options_.network.size, options_.network.size);
    depth.push_back(shape.depth), head.push_back(shape.head);
  }
  return {torch::stack(depth), torch::stack(head)};
}

void DepthTask::fetch_truth(const data::Batch& batch) {
  std::vector<int64_t> shown;
  for (const auto& sample : batch.samples) shown.push_back(split().training.images[static_cast<size_t>(sample.index)]);
  fetched_ = truth_of(shown);
  Truth& truth = fetched_;
  for (size_t i = 0; i < batch.samples.size(); ++i) {
    if (!batch.samples[i].mirrored) continue;
    const auto row = static_cast<int64_t>(i);
    truth.depth[row].copy_(truth.depth[row].flip(1)), truth.head[row].copy_(truth.head[row].flip(1));
  }
}

Tensor DepthTask::loss(const Tensor& images, const data::Batch& batch, int64_t first, Statistics& statistics) {
  const auto of_shard = [&](const Tensor& all) {
    return to_device(all.narrow(0, first, std::ssize(batch.samples)), device());
  };
  const Tensor depth = of_shard(fetched_.depth), head = of_shard(fetched_.head);
  const auto read = network_->forward(images);
  const Tensor error =
      torch::where(head, network_->standardized(read.depth) - network_->standardized(depth), torch::zeros_like(depth));
  const Tensor value = masked_mean(error.abs(), head);
  Tensor slope = torch::zeros_like(value);
  for (const int64_t axis : {1, 2})
    for (const int64_t stride : {1, 4}) slope = slope + slope_error(error, head, axis, stride);
  const Tensor mask = torch::binary_cross_entropy_with_logits(read.head, head.to(torch::kFloat32));
  statistics.add("Loss/depth", value);
  statistics.add("Loss/slope", slope);
  statistics.add("Loss/mask", mask);
  return value + options_.slope_weight * slope + options_.mask_weight * mask;
}

DepthScores DepthTask::score_held_out() {
  const Tensor read = read_held_out(kMostMeasuredDepths, [&](const Tensor& images) {
    const auto maps = network_->forward(images);
    return torch::stack({maps.depth, maps.head}, 1);
  });
  const auto& all = split().held_out.images;
  const Truth truth = truth_of({all.begin(), all.begin() + read.size(0)});
  const Tensor head = read.select(1, 1) > 0;
  const auto camera = scene::pixel_camera(options_.network.size);
  const auto error = scene::shape_error(read.select(1, 0).contiguous(), head, truth.depth, truth.head, camera);
  const Tensor both = head.logical_and(truth.head).sum({1, 2}).to(torch::kFloat64),
               either = head.logical_or(truth.head).sum({1, 2}).clamp_min(1);
  const auto mean = [](const Tensor& values) { return values.nanmean().item<double>(); };
  return {read.size(0), mean(error.side), mean(error.mad), mean(error.correlation), mean(both / either)};
}

void DepthTask::write_network(const std::filesystem::path& path) const {
  model::save_image_depth_net(path, network_, provenance("liftedgan train-depth"));
}

void DepthTask::write_pictures(RunDirectory& run, int64_t images) {
  const auto scores = score_held_out();
  run.say(
      fmt::format("kimg {:.1f}: {} held-out images: SIDE {:.3f} (x 0.01), MAD {:.2f} degrees, correlation {:.3f}, head "
                  "overlap {:.3f}",
                  static_cast<double>(images) / 1000, scores.images, scores.side * 100, scores.mad, scores.correlation,
                  scores.overlap));
  Statistics statistics;
  statistics.add("Metrics/side", scores.side);
  statistics.add("Metrics/mad", scores.mad);
  statistics.add("Metrics/correlation", scores.correlation);
  statistics.add("Metrics/overlap", scores.overlap);
  run.write_statistics(statistics, images);

  const auto& all = split().held_out.images;
  const std::vector<int64_t> shown(all.begin(), all.begin() + std::min<std::ptrdiff_t>(kDrawn, std::ssize(all)));
  const Tensor pictures = images_at(shown);
  const Truth truth = truth_of(shown);
  const Tensor read = read_held_out(std::ssize(shown), [&](const Tensor& x) { return network_->forward(x).depth; });
  formats::ContactSheet sheet;
  sheet.row_labels = {"image", "true depth", "read"};
  sheet.columns = static_cast<int>(shown.size());
  for (int64_t i = 0; i < std::ssize(shown); ++i) sheet.images.push_back(formats::image_from_tensor(pictures[i]));
  for (const Tensor& depth : {truth.depth, read})
    for (int64_t i = 0; i < std::ssize(shown); ++i)
      sheet.images.push_back(formats::depth_image(depth[i].masked_fill(truth.head[i].logical_not(), NAN), 0.9, 1.06));
  run.write_image(fmt::format("depth{:06d}.png", images / 1000), "depth", formats::render_contact_sheet(sheet), images);
}

}  // namespace lifted::train
