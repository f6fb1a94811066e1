// Statistics of a set of real images as the published FID keeps them (inception_*.pkl): a pickle of NumPy's mean and
// covariance, the images' side and where they were.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lifted/base/tensor.h"
#include "lifted/metrics/frechet.h"

namespace lifted::metrics {

struct PublishedStatistics {
  Gaussian gaussian;            // float64
  std::optional<int64_t> size;  // of the images, pixels
  std::string path = {};        // of the images, as it was where they were measured
  std::string features = {};    // FeatureSpace::key; published files do not say: pytorch-fid's Inception
};

/// Error naming the file if it is no such pickle, or if mean and covariance do not belong together, are not finite or
/// not symmetric.
PublishedStatistics read_published_statistics(const std::filesystem::path& file);
/// Readable by Python's pickle with NumPy, and by the published test_fid, which looks at mean and cov. Atomic.
void write_published_statistics(const std::filesystem::path& file, const PublishedStatistics& statistics);

}  // namespace lifted::metrics
