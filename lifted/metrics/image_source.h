// Images to be measured: what a network makes, or what lies in a folder.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "lifted/base/tensor.h"
#include "lifted/data/dataset.h"
#include "lifted/metrics/suite_options.h"
#include "lifted/model/import.h"

namespace lifted::metrics {

class ImageSource {
 public:
  virtual ~ImageSource() = default;

  /// Side of the images, pixels.
  virtual int size() const = 0;
  /// Where for_each has them.
  virtual torch::Device device() const = 0;
  /// How many of `wanted` images there are.
  virtual int64_t available(int64_t wanted) const = 0;
  /// Calls use(first, B×3×S×S in [-1, 1]) for this process's batches of the first `count` images of a seed; the first
  /// image of a batch is the first-th.
  using Use = std::function<void(int64_t first, const torch::Tensor& images)>;
  virtual void for_each(int64_t count, uint32_t seed, const Use& use) const = 0;
};

/// Renders, or with `proxy` (and of a 2D network) the generator's images: rounded to 8 bits as in files or, by the
/// published protocol, clamped alone.
class NetworkImages : public ImageSource {
 public:
  NetworkImages(const model::LoadedNetwork& network, const SuiteOptions& options)
      : network_(network), options_(options) {}
  int size() const override { return network_.generator->config().size; }
  torch::Device device() const override { return network_.statistics.mean.device(); }
  int64_t available(int64_t wanted) const override { return wanted; }
  void for_each(int64_t count, uint32_t seed, const Use& use) const override;

 private:
  const model::LoadedNetwork& network_;
  SuiteOptions options_;
};

/// The images of a data set in their order, whatever the seed.
class DatasetImages : public ImageSource {
 public:
  DatasetImages(const data::Dataset& images, torch::Device device, const SuiteOptions& options)
      : images_(images), device_(device), batch_(options.batch), world_(options.world) {}
  int size() const override { return images_.width(); }
  torch::Device device() const override { return device_; }
  int64_t available(int64_t wanted) const override { return std::min(wanted, images_.size()); }
  void for_each(int64_t count, uint32_t seed, const Use& use) const override;

 private:
  const data::Dataset& images_;
  torch::Device device_;
  int64_t batch_;
  train::World world_;
};

}  // namespace lifted::metrics
