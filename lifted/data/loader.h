// Endless batches of training images, decoded by threads of their own while the caller computes.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <vector>

#include "lifted/base/tensor.h"
#include "lifted/data/dataset.h"
#include "lifted/data/sample_order.h"

namespace lifted::data {

struct LoaderOptions {
  int batch = 16;  ///< of this process
  uint64_t seed = 0;
  bool shuffle = true;
  /// Flips half of the samples left-right, decided by seed and position.
  bool mirror = false;
  /// Of `ranks` processes with the same seed this one takes every ranks-th sample, from the rank-th on: together they
  /// see every image once per epoch.
  int rank = 0, ranks = 1;
  /// Which parts of all processes' batch this one takes, one after another, where it is cut into `shards` of them:
  /// shard s has every shards-th sample from the s-th on, whoever takes it. Empty: the rank-th of `ranks`.
  std::vector<int64_t> mine = {};
  int64_t shards = 0;
  int workers = 2;
  /// Batches decoded ahead.
  int prefetch = 3;
  /// Where batches go: for a GPU they lie in page-locked memory.
  torch::Device device = torch::kCPU;
};

/// Where a loader stands; saved beside a checkpoint.
struct LoaderState {
  /// Samples that all ranks together have consumed.
  uint64_t position = 0;
  uint64_t seed = 0;
  bool shuffle = true, mirror = false;
  std::string fingerprint;

  nlohmann::json to_json() const;
  /// Error if a field is missing or of another kind.
  static LoaderState from_json(const nlohmann::json& json);
};

struct Batch {
  torch::Tensor images;         ///< B×3×H×W uint8
  std::vector<Sample> samples;  ///< which they are
  /// B×3×H×W float in [-1, 1] on `device`: byte / 127.5 − 1. They travel as bytes.
  torch::Tensor as_float(torch::Device device = torch::kCPU) const;
};

/// The batches do not depend on the number of workers. One thread at a time may call it.
class Loader {
 public:
  Loader(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options);
  /// Continues after the last batch that was taken before `state` was saved; the number of ranks may differ. Error if
  /// the state belongs to other data, or to another seed, shuffling or mirroring than `options`.
  Loader(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options, const LoaderState& state);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Waits for the next batch. Throws the Error of the first image in it that cannot be read, and again at every
  /// further call.
  Batch next();
  LoaderState state() const;

 private:
  struct Work;
  std::shared_ptr<const Dataset> dataset_;
  LoaderOptions options_;
  uint64_t start_ = 0;
  std::string fingerprint_;
  std::unique_ptr<Work> work_;
};

}  // namespace lifted::data
