// Several metrics of one network at once.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "lifted/data/dataset.h"
#include "lifted/metrics/feature_space.h"
#include "lifted/metrics/shape.h"
#include "lifted/metrics/suite_options.h"
#include "lifted/model/import.h"
#include "lifted/nets/view_light_probe.h"

namespace lifted::metrics {

/// The networks that metrics look through; those that none needs may be null.
struct Judges {
  nets::FaceEmbedding embedding{nullptr};
  nets::ViewLightProbe probe{nullptr};
  std::shared_ptr<const ShapeJudge> shape = nullptr;
  nets::InceptionV3 inception{nullptr};
  nets::Vgg16 vgg{nullptr};
  std::shared_ptr<const model::FeatureProgram> vgg_program = nullptr;  ///< NVIDIA's vgg16.pt

  FeatureNetworks features() const { return {embedding, inception, vgg, vgg_program}; }
};

/// UsageError if the metric lacks its judge.
void check_judges(const MetricName& metric, const Judges& judges);

/// {"fid10k_full": 12.3, "identity": {…}, …}: every metric's value, or values by name. With more than one repeat every
/// number becomes {"values": […], "mean": …, "ci95": …, "count": …} (repeats.h). `images` may be null where no metric
/// needs them. UsageError if a metric lacks its judge or the lifted network it is about.
nlohmann::ordered_json measure(const std::vector<MetricName>& metrics, const model::LoadedNetwork& network,
                               const data::Dataset* images, const Judges& judges, const SuiteOptions& options);

/// The same of images without any network, all with data of their own size: metrics that compare images. Where `made`
/// is `images` nothing is compared: statistics alone are written, as the options say.
nlohmann::ordered_json measure_images(const std::vector<MetricName>& metrics, const data::Dataset& made,
                                      const data::Dataset* images, const Judges& judges, torch::Device device,
                                      const SuiteOptions& options);

}  // namespace lifted::metrics
