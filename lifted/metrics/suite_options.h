// What is to be measured, and how.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lifted/train/world.h"

namespace lifted::metrics {

/// Networks whose features are compared. Each gives metrics names of its own: only the Inception network's are FID,
/// KID.
enum class Space {
  none,       ///< the metric needs no features of images
  random,     ///< a fixed, untrained network
  embed,      ///< --embedding
  inception,  ///< --inception
  vgg,        ///< --vgg, NVIDIA's program
  vgg_maps    ///< --vgg, the maps of the perceptual loss
};

/// What a name like "fid50k_full" asks for.
struct MetricName {
  enum class Kind { frechet, kernel, precision_recall, path_length, identity, retrieval, view_light, agreement, shape };
  Kind kind = Kind::frechet;
  int64_t samples = 0;  ///< that the name fixes: those compared with the real images
  std::string text;
  Space space = Space::none;

  /// Frechet, kernel or precision_recall.
  bool compares_images() const { return kind <= Kind::precision_recall; }
};

/// "fid10k_full,identity" → its parts. UsageError naming the one that is not known, or given twice.
std::vector<MetricName> parse_metrics(const std::string& list);

/// Whether it looks at pictures alone, so that a 2D generator can be measured too.
bool is_about_images(const MetricName& metric);

/// Whether one of the metrics compares with real images.
bool needs_data(const std::vector<MetricName>& metrics);

/// Whether one of the metrics says more where there are real images.
bool looks_at_data(const std::vector<MetricName>& metrics);

/// How images reach the features.
enum class Protocol {
  field,     ///< the field's: generated images rounded to 8 bits, all real images
  published  ///< the authors' test_fid: ψ 1, generated images clamped and not rounded, the first 50,000 real images
};

/// How many real images the published protocol looks at.
inline constexpr int64_t kPublishedRealImages = 50'000;

struct SuiteOptions {
  Protocol protocol = Protocol::field;
  double truncation_psi = 1;
  bool mirror = false;                         ///< count every real image mirrored, too
  bool proxy = false;                          ///< of a lifted network, measure the 2D teacher's images
  int64_t batch = 32;                          ///< images at a time
  int64_t samples = 500;                       ///< codes that the metrics look at whose names fix no number
  std::filesystem::path cache = {};            ///< folder that keeps what is measured of the real images; empty: none
  std::filesystem::path statistics = {};       ///< published statistics in place of real images; empty: none
  std::filesystem::path save_statistics = {};  ///< where to write those of the real images; empty: nowhere
  uint32_t seed = 0;                           ///< of the codes: z = numpy.random.RandomState(seed).randn(…)
  train::World world = train::World::alone();  ///< processes that share the images
  int repeats = 1;  ///< measure with seeds seed, seed + 1, …; more than one: with intervals
};

}  // namespace lifted::metrics
