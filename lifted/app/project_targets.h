// The pictures that `project` is given, as squares of the network's size.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lifted/app/portrait_options.h"
#include "lifted/base/tensor.h"
#include "lifted/data/convert.h"
#include "lifted/formats/image.h"

namespace lifted::app {

struct Targets {
  std::vector<std::string> names;      // what results are called
  std::vector<formats::Image> images;  // size × size
  std::vector<data::BrokenImage> failed;

  size_t size() const { return names.size(); }
  /// N×3×S×S in [-1, 1].
  torch::Tensor tensors() const;
};

struct TargetOptions {
  std::vector<std::filesystem::path> files;  // pictures, and folders of them
  bool align = false;                        // faces; otherwise the largest centred square
  PortraitSettings portraits;
};

/// UsageError if results of two files would have the same name, Error with the first reason if nothing can be used.
/// Pictures that cannot are listed in `failed`.
Targets read_targets(const TargetOptions& options, int size);

}  // namespace lifted::app
