#include "lifted/train/snapshot.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/formats/safetensors.h"

namespace lifted::train {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kKind = "liftedgan training state 1";
constexpr std::string_view kPrefix = "training-state-", kSuffix = ".safetensors";

/// SHA-256 over the list of every tensor's name, type, shape and SHA-256, and the numbers.
std::string digest(const StateDict& tensors, const std::string& images, const std::string& values) {
  std::string list = images + "\n" + values;
  for (const auto& [name, tensor] : tensors) {
    const auto dense = tensor.detach().to(torch::kCPU).contiguous();
    list += fmt::format("\n{} {} [{}] {}", name, c10::toString(dense.scalar_type()),
                        fmt::join(dense.sizes().vec(), ","), sha256_of(dense.data_ptr(), dense.nbytes()));
  }
  return sha256_of(list.data(), list.size());
}

std::string text_at(const nlohmann::json& metadata, const char* key, const fs::path& path) {
  const auto found = metadata.find(key);
  require(found != metadata.end() && found->is_string(), "{}: no '{}' in its metadata; expected a training state",
          path.string(), key);
  return found->get<std::string>();
}

}  // namespace

std::string training_state_name(int64_t images) {
  return fmt::format("{}{:09d}{}", kPrefix, images, kSuffix);
}

std::string digest_of(const TrainingState& state) {
  return digest(state.tensors, std::to_string(state.images), state.values.dump());
}

fs::path write_training_state(const fs::path& folder, const TrainingState& state, int keep) {
  const fs::path path = folder / training_state_name(state.images);
  const std::string values = state.values.dump(), images = std::to_string(state.images);
  formats::write_safetensors(
      path, state.tensors,
      {{"kind", kKind}, {"images", images}, {"values", values}, {"sha256", digest(state.tensors, images, values)}});
  const auto states = list_training_states(folder);
  for (size_t i = static_cast<size_t>(keep); i < states.size(); ++i) {
    std::error_code ignored;
    if (states[i] != path) fs::remove(states[i], ignored);
  }
  return path;
}

TrainingState read_training_state(const fs::path& path) {
  nlohmann::json metadata;
  TrainingState state;
  state.tensors = formats::read_safetensors(path, &metadata);
  require(text_at(metadata, "kind", path) == kKind, "{}: its kind is not '{}'", path.string(), kKind);
  const std::string values = text_at(metadata, "values", path), images = text_at(metadata, "images", path);
  require(digest(state.tensors, images, values) == text_at(metadata, "sha256", path),
          "{}: its contents do not have the SHA-256 it was written with; the file is damaged", path.string());
  state.values = parse_json(values, path.string() + ": the metadata entry 'values'");
  const nlohmann::json numbers = {{"images", parse_json(images, path.string() + ": the metadata entry 'images'")}};
  read_field(numbers, "images", path.string(), state.images);
  return state;
}

std::vector<fs::path> list_training_states(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code status;
  for (const auto& item : fs::directory_iterator(folder, status)) {
    const std::string name = item.path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) found.push_back(item.path());
  }
  // Longer numbers are larger, equally long ones sort as text.
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    const std::string x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() > y.size() : x > y;
  });
  return found;
}

std::optional<TrainingState> read_newest_training_state(const fs::path& folder,
                                                        const std::function<void(const std::string&)>& rejected) {
  for (const auto& path : list_training_states(folder)) {
    try {
      return read_training_state(path);
    } catch (const Error& error) {
      rejected(error.what());
    }
  }
  return {};
}

StateDict entries_under(const StateDict& state, std::string_view prefix) {
  StateDict entries;
  for (auto at = state.lower_bound(std::string(prefix)); at != state.end() && at->first.starts_with(prefix); ++at) {
    entries[at->first.substr(prefix.size())] = at->second;
  }
  return entries;
}

void add_under(StateDict& state, std::string_view prefix, const StateDict& entries) {
  for (const auto& [name, tensor] : entries) state[std::string(prefix) + name] = tensor;
}

}  // namespace lifted::train
