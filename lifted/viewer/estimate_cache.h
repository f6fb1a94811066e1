// What latents mean in 3D, remembered while there is room.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "lifted/model/lifted_gan.h"

namespace lifted::viewer {

/// One network's view of one latent.
struct Sample {
  torch::Tensor styles;      ///< 1×w_dim
  model::Estimate estimate;  ///< batch 1; undefined tensors for a 2D generator
  torch::Tensor teacher;     ///< 1×3×S×S, the 2D generator's image; undefined until asked for

  int64_t bytes() const;
};

struct CacheStatistics {
  size_t entries = 0;
  int64_t bytes = 0, limit = 0;
  uint64_t hits = 0, misses = 0;
};

/// Least recently used entries leave when the bytes exceed the limit; the newest always stays. Not thread-safe.
class EstimateCache {
 public:
  explicit EstimateCache(int64_t limit_bytes) { statistics_.limit = limit_bytes; }

  /// Null if absent.
  std::shared_ptr<Sample> find(const std::string& key);
  void insert(const std::string& key, std::shared_ptr<Sample> sample);
  /// Counts again what an entry holds, after it has grown.
  void update(const std::string& key);
  const CacheStatistics& statistics() const { return statistics_; }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<Sample> sample;
    int64_t bytes;
  };
  void trim();

  std::list<Entry> entries_;  // newest first
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;
  CacheStatistics statistics_;
};

}  // namespace lifted::viewer
