// What a command measures networks with: metrics by name, the images and networks they need.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lifted/metrics/suite.h"

namespace lifted::app {

struct MeterSettings {
  std::string metrics = "fd_random10k_full";
  std::filesystem::path data, embedding, probe, depth, truth, encoder, inception, vgg;
  int64_t inversions = 32;
  int inversion_steps = 300;
  metrics::SuiteOptions suite;
};

/// --metrics, --data, --inception, --probe, --depth, --truth, --encoder, --inversions, --inversion-steps, --cache,
/// --samples, --repeats.
void add_meter_options(CLI::App& command, MeterSettings& settings);

/// Images of whatever size their first has. Error unless they are square and at least two.
std::unique_ptr<const data::Dataset> open_images(const std::filesystem::path& path);

class Meter {
 public:
  /// For networks that make images of `size`; opens and loads what the metrics need. UsageError for unknown metrics and
  /// missing options, Error naming the file if one does not fit.
  Meter(const MeterSettings& settings, int size, torch::Device device);

  /// Every metric of a network on the device.
  nlohmann::ordered_json measure(const model::LoadedNetwork& network) const;

  /// Every metric of images that need no network.
  nlohmann::ordered_json measure_images(const data::Dataset& made, torch::Device device) const;
  /// Only writes the statistics of --data.
  void write_statistics(torch::Device device) const;

  const data::Dataset* images() const { return images_.get(); }
  /// The most samples that are compared with real images.
  int64_t generated_images() const;

 private:
  MeterSettings settings_;
  std::vector<metrics::MetricName> names_;
  std::unique_ptr<const data::Dataset> images_;
  metrics::Judges judges_;
};

}  // namespace lifted::app
