#include "lifted/viewer/estimate_cache.h"

#include <set>

namespace lifted::viewer {

int64_t Sample::bytes() const {
  // What is kept alive: a tensor may be a small part of a large storage, which others share.
  std::set<const void*> counted;
  int64_t total = 0;
  for (const torch::Tensor* part :
       {&styles, &teacher, &estimate.canon_depth, &estimate.canon_albedo, &estimate.canon_light, &estimate.view,
        &estimate.neutral_style, &estimate.trans_map, &estimate.canon_im_raw, &estimate.features}) {
    if (part->defined() && counted.insert(part->storage().data()).second)
      total += static_cast<int64_t>(part->storage().nbytes());
  }
  return total;
}

std::shared_ptr<Sample> EstimateCache::find(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) {
    ++statistics_.misses;
    return nullptr;
  }
  ++statistics_.hits;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->sample;
}

void EstimateCache::insert(const std::string& key, std::shared_ptr<Sample> sample) {
  const int64_t bytes = sample->bytes();
  entries_.push_front({key, std::move(sample), bytes});
  index_[key] = entries_.begin();
  statistics_.bytes += bytes;
  trim();
}

void EstimateCache::update(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  const int64_t bytes = found->second->sample->bytes();
  statistics_.bytes += bytes - found->second->bytes;
  found->second->bytes = bytes;
  trim();
}

void EstimateCache::trim() {
  while (statistics_.bytes > statistics_.limit && entries_.size() > 1) {
    statistics_.bytes -= entries_.back().bytes;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  statistics_.entries = entries_.size();
}

}  // namespace lifted::viewer
