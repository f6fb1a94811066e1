// Plain pickles of NumPy arrays, numbers and text, as Python's pickle.dump writes a dict of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lifted/base/tensor.h"

namespace lifted::formats {

/// A float64 array, a whole number, or text.
using PickledValue = std::variant<torch::Tensor, int64_t, std::string>;

/// A dict as a pickle of protocol 3, which Python 3 with any NumPy reads. Atomic. Error if a tensor is not of float64
/// or has 4 GB or more.
void write_numpy_pickle(const std::filesystem::path& path,
                        const std::vector<std::pair<std::string, PickledValue>>& entries);

}  // namespace lifted::formats
