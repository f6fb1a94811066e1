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

std::filesystem::path MomentsCache::file_of(const char* what, const std::string& key) const {
  return folder_ / fmt::format("{}-{}.safetensors", what, sha256_of(key.data(), key.size()).substr(0, 32));
}

std::optional<StateDict> MomentsCache::read(const char* what, const std::string& key) const {
  if (!is_on() || !std::filesystem::exists(file_of(what, key))) return {};
  const std::string file = file_of(what, key).string();
  try {
    nlohmann::json metadata;
    StateDict state = formats::read_safetensors(file, &metadata);
    const std::string kept = metadata.value("key", "");
    require(kept == key, "{}: was measured of something else, or by another network: {}", file, kept);
    return state;
  } catch (const Error& error) {
    log_warning("{}; measuring the images again", error.what());
    return {};
  }
}

std::optional<Moments> MomentsCache::find(const std::string& key) const {
  const auto state = read("moments", key);
  if (!state) return {};
  try {
    return Moments::from_state(*state);
  } catch (const Error& error) {
    log_warning("{}: {}; measuring the images again", file_of("moments", key).string(), error.what());
    return {};
  }
}

void MomentsCache::keep(const std::string& key, const Moments& moments) const {
  if (is_on()) formats::write_safetensors(file_of("moments", key), moments.state(), {{"key", key}});
}

std::optional<torch::Tensor> MomentsCache::find_features(const std::string& key) const {
  const auto state = read("features", key);
  const bool fits = state && state->contains("features") && state->at("features").dim() == 2;
  return fits ? std::optional(state->at("features")) : std::nullopt;
}

void MomentsCache::keep_features(const std::string& key, const torch::Tensor& features) const {
  if (is_on()) formats::write_safetensors(file_of("features", key), {{"features", features}}, {{"key", key}});
}

}  // namespace lifted::metrics
