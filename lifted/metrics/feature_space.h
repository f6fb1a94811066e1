// Networks that turn images into the numbers metrics compare.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lifted/base/tensor.h"
#include "lifted/metrics/suite_options.h"
#include "lifted/model/torchscript.h"
#include "lifted/nets/face_embedding.h"
#include "lifted/nets/inception_v3.h"
#include "lifted/nets/vgg16.h"

namespace lifted::metrics {

/// What may be at hand; the rest is null.
struct FeatureNetworks {
  nets::FaceEmbedding embedding{nullptr};
  nets::InceptionV3 inception{nullptr};
  nets::Vgg16 vgg{nullptr};
  std::shared_ptr<const model::FeatureProgram> vgg_program = nullptr;
};

/// UsageError naming the option that is missing for a metric in this space.
void check_space(const MetricName& metric, const FeatureNetworks& networks);

struct FeatureSpace {
  std::string key;  ///< changes whenever the features do: it names the network's weights
  std::function<torch::Tensor(const torch::Tensor& images)> features;  ///< B×3×S×S in [-1, 1] → B×D
};

/// size: side of the images.
FeatureSpace make_feature_space(Space space, const FeatureNetworks& networks, int size, torch::Device device);

/// The perceptual distance of images one by one: two of B×3×S×S in [-1, 1] → B. Images of more than 256 pixels are
/// averaged down to it, as the published path length is measured.
///  * vgg: squared distance of the normalized and weighted maps of LPIPS (Zhang et al. 2018), of NVIDIA's program
///  * vgg_maps, embed: this project's perceptual distance (train/perceptual_loss.h)
using ImageDistance = std::function<torch::Tensor(const torch::Tensor& a, const torch::Tensor& b)>;
ImageDistance make_image_distance(Space space, const FeatureNetworks& networks, int size);

}  // namespace lifted::metrics
