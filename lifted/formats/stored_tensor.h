// From bytes to tensors: storages (flat runs of numbers) and the strided views on them that checkpoints describe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lifted/base/tensor.h"
#include "lifted/formats/byte_source.h"
#include "lifted/formats/pickle.h"

namespace lifted::formats {

/// The dtype of "torch.FloatStorage", "torch.cuda.HalfStorage", "torch.UntypedStorage" (uint8)…; none for other names.
std::optional<torch::ScalarType> storage_dtype(std::string_view python_name);
/// The dtype of "torch.float32", "torch.int64"…; none for other names.
std::optional<torch::ScalarType> torch_dtype(std::string_view python_name);
/// The dtype of NumPy's "f4", "i8", "b1"… (kind and bytes); none for other codes.
std::optional<torch::ScalarType> numpy_dtype(std::string_view code);

/// A flat tensor over the bytes, sharing their memory where its alignment allows, copied otherwise. The number of bytes
/// must be a multiple of the element size. Error if a bool is neither 0 nor 1.
torch::Tensor flat_tensor(const ByteSource& bytes, torch::ScalarType dtype, ReadBudget* budget = nullptr);

/// Whether the bytes are valid booleans.
bool all_zero_or_one(const ByteSource& bytes);

/// How a tensor lies in its storage; all counts in elements.
struct StridedLayout {
  int64_t offset = 0;
  std::vector<int64_t> sizes = {}, strides = {};
};

/// The view of `storage` (flat) with this layout. Error if any element would lie outside, if a count is negative, or if
/// a broadcast (stride 0) makes far more elements than are stored.
torch::Tensor strided_view(const torch::Tensor& storage, const StridedLayout& layout);

/// Strides of a dense row-major tensor. Error if a size is negative or the number of elements overflows.
std::vector<int64_t> row_major_strides(std::span<const int64_t> sizes);

/// The number of elements; Error as above.
int64_t element_count(std::span<const int64_t> sizes);

}  // namespace lifted::formats
