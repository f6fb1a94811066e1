// What is measured of a data set's features, kept in a folder: measuring many networks on one set looks at it once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "lifted/base/state_dict.h"
#include "lifted/base/tensor.h"
#include "lifted/data/dataset.h"
#include "lifted/metrics/frechet.h"

namespace lifted::metrics {

/// SHA-256 over every image's bytes, in order: equal for equal sets wherever they lie.
std::string content_hash(const data::Dataset& images);
/// SHA-256 over names, shapes and values: which network features came from.
std::string content_hash(const StateDict& network);

class MomentsCache {
 public:
  /// An empty folder keeps nothing.
  explicit MomentsCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// What was kept under a key (any text), or nothing. A damaged file counts as nothing.
  std::optional<Moments> find(const std::string& key) const;
  /// Error if the file cannot be written.
  void keep(const std::string& key, const Moments& moments) const;

  /// The same for features themselves, N×D.
  std::optional<torch::Tensor> find_features(const std::string& key) const;
  void keep_features(const std::string& key, const torch::Tensor& features) const;

  bool is_on() const { return !folder_.empty(); }

 private:
  std::filesystem::path file_of(const char* what, const std::string& key) const;
  std::optional<StateDict> read(const char* what, const std::string& key) const;
  std::filesystem::path folder_;
};

}  // namespace lifted::metrics
