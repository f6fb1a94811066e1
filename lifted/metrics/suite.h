// Several metrics of one network at once.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lifted/data/dataset.h"
#include "lifted/metrics/shape.h"
#include "lifted/model/import.h"
#include "lifted/nets/face_embedding.h"
#include "lifted/nets/view_light_probe.h"

namespace lifted::metrics {

/// What a name like "fd_embed10k_full" asks for.
struct MetricName {
  enum class Kind { fd_random, fd_embed, identity, view_light, agreement, shape };
  Kind kind = Kind::fd_random;
  int64_t samples = 0;  ///< of Fréchet distances
  std::string text;
};

/// "fd_random10k_full,identity" → its parts. UsageError naming the one that is not known, or given twice.
std::vector<MetricName> parse_metrics(const std::string& list);

/// Whether it looks at pictures alone, so that a 2D generator can be measured too.
bool is_about_images(const MetricName& metric);

/// Whether one of the metrics compares with real images.
bool needs_data(const std::vector<MetricName>& metrics);

struct SuiteOptions {
  double truncation_psi = 1;
  bool mirror = false;               ///< count every real image mirrored, too
  bool proxy = false;                ///< of a lifted network, Fréchet distances measure the 2D teacher
  int64_t batch = 32;                ///< images at a time
  int64_t samples = 500;             ///< codes that `identity`, `view_light`, `agreement` and `shape` look at
  std::filesystem::path cache = {};  ///< folder that keeps the real images' moments; empty: none
};

/// The networks that metrics look through; those that none needs may be null.
struct Judges {
  nets::FaceEmbedding embedding{nullptr};
  nets::ViewLightProbe probe{nullptr};
  std::shared_ptr<const ShapeJudge> shape = nullptr;
};

/// UsageError if the metric lacks its judge.
void check_judges(const MetricName& metric, const Judges& judges);

/// {"fd_random10k_full": 12.3, "identity": {…}, …}: every metric's value, or values by name. `images` may be null where
/// no metric needs them. UsageError if a metric lacks its judge or the lifted network it is about.
nlohmann::ordered_json measure(const std::vector<MetricName>& metrics, const model::LoadedNetwork& network,
                               const data::Dataset* images, const Judges& judges, const SuiteOptions& options);

}  // namespace lifted::metrics
