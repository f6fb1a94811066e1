#include "lifted/metrics/feature_space.h"

#include "lifted/base/error.h"
#include "lifted/metrics/moments_cache.h"
#include "lifted/metrics/random_features.h"
#include "lifted/nets/load.h"
#include "lifted/train/perceptual_loss.h"

namespace lifted::metrics {
namespace {
using torch::Tensor;

/// Images as 8 bits, still in float where the program gets them unrounded.
Tensor in_bytes(const Tensor& images) {
  return images * 127.5 + 127.5;
}

Tensor at_most_256(const Tensor& images) {
  const int64_t factor = images.size(2) / 256;
  return factor > 1 ? at::avg_pool2d(images, factor) : images;
}

ImageDistance map_distance(const train::FeatureMaps& maps, int size) {
  const auto loss = std::make_shared<train::PerceptualLoss>(maps, train::perceptual_scales(std::min(size, 256)));
  return [loss](const Tensor& a, const Tensor& b) {
    const auto all = loss->features(at_most_256(torch::cat({a, b})));
    std::vector<Tensor> distances;
    for (int64_t i = 0; i < a.size(0); ++i) {
      train::PerceptualLoss::Features one, other;
      for (const auto& map : all) {
        one.push_back(map.narrow(0, i, 1));
        other.push_back(map.narrow(0, a.size(0) + i, 1));
      }
      distances.push_back(loss->distance(one, other));
    }
    return torch::stack(distances);
  };
}

}  // namespace

void check_space(const MetricName& metric, const FeatureNetworks& networks) {
  switch (metric.space) {
    case Space::embed:
      if (networks.embedding.is_empty())
        usage_error("--metrics {}: needs a face network, expected --embedding FILE", metric.text);
      break;
    case Space::inception:
      if (networks.inception.is_empty())
        usage_error("--metrics {}: needs the Inception network of FID, expected --inception FILE", metric.text);
      break;
    case Space::vgg_maps:
      if (networks.vgg.is_empty()) usage_error("--metrics {}: needs VGG-16, expected --vgg FILE", metric.text);
      break;
    case Space::vgg:
      if (!networks.vgg_program)
        usage_error("--metrics {}: is defined by NVIDIA's vgg16.pt, expected it as --vgg FILE ({} needs no such file)",
                    metric.text,
                    metric.kind == MetricName::Kind::path_length ? "ppl_embed_w or ppl_vgg_w"
                                                                 : "pr_inceptionNk3_full or pr_embedNk3_full");
      break;
    case Space::none:
    case Space::random:
      break;
  }
}

FeatureSpace make_feature_space(Space space, const FeatureNetworks& networks, int size, torch::Device device) {
  switch (space) {
    case Space::embed:
      return {"embedding " + content_hash(nets::state_of(*networks.embedding)),
              [network = networks.embedding](const Tensor& x) mutable { return network->features(x); }};
    case Space::inception:
      return {
          fmt::format("inception {} {}",
                      networks.inception->input() == nets::InceptionInput::tensorflow ? "tensorflow" : "pytorch_fid",
                      content_hash(nets::state_of(*networks.inception))),
          [network = networks.inception](const Tensor& x) { return network->forward(x); }};
    case Space::vgg:
      return {"program " + networks.vgg_program->content_hash(), [program = networks.vgg_program](const Tensor& x) {
                return program->run(in_bytes(x).round().to(torch::kUInt8), {{"return_features", true}});
              }};
    case Space::random:
      return {fmt::format("random {} {}", RandomFeatures::kVersion, size), RandomFeatures(size, device)};
    case Space::none:
    case Space::vgg_maps:
      break;
  }
  fail("no features of images are defined in this space");
}

ImageDistance make_image_distance(Space space, const FeatureNetworks& networks, int size) {
  if (space == Space::embed) return map_distance(train::perceptual_maps(networks.embedding), size);
  if (space == Space::vgg_maps) return map_distance(train::perceptual_maps(networks.vgg), size);
  require(space == Space::vgg, "no distance of images is defined in this space");
  return [program = networks.vgg_program](const Tensor& a, const Tensor& b) {
    const Tensor both = in_bytes(at_most_256(torch::cat({a, b})));
    const auto maps = program->run(both, {{"resize_images", false}, {"return_lpips", true}}).chunk(2);
    return (maps[0] - maps[1]).square().sum(1);
  };
}

}  // namespace lifted::metrics
