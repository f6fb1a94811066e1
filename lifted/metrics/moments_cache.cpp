#include "lifted/metrics/moments_cache.h"

#include <fmt/ranges.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/log.h"
#include "lifted/formats/safetensors.h"

namespace lifted::metrics {

std::string content_hash(const data::Dataset& images) {
  std::string hashes;
  for (int64_t i = 0; i < images.size(); ++i) {
    const Bytes bytes = images.archive().bytes(i);
    hashes += sha256_of(bytes.data(), bytes.size());
  }
  return sha256_of(hashes.data(), hashes.size());
}

std::string content_hash(const StateDict& network) {
  std::string text;
  for (const auto& [name, tensor] : network) {
    const auto values = tensor.detach().cpu().contiguous();
    text += fmt::format("{} {} ", name, fmt::join(values.sizes(), "x"));
    text += sha256_of(values.data_ptr(), values.nbytes());
  }
  return sha256_of(text.data(), text.size());
}

std::filesystem::path MomentsCache::file_of(const std::string& key) const {
  return folder_ / ("moments-" + sha256_of(key.data(), key.size()).substr(0, 32) + ".safetensors");
}

std::optional<Moments> MomentsCache::find(const std::string& key) const {
  if (!is_on() || !std::filesystem::exists(file_of(key))) return {};
  try {
    nlohmann::json metadata;
    const StateDict state = formats::read_safetensors(file_of(key), &metadata);
    require(metadata.value("key", "") == key, "{}: is about something else", file_of(key).string());
    return Moments::from_state(state);
  } catch (const Error& error) {
    log_warning("{}; measuring the images again", error.what());
    return {};
  }
}

void MomentsCache::keep(const std::string& key, const Moments& moments) const {
  if (is_on()) formats::write_safetensors(file_of(key), moments.state(), {{"key", key}});
}

}  // namespace lifted::metrics
