#include "lifted/formats/stored_tensor.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace lifted::formats {
namespace {

constexpr size_t kMaxDimensions = 64;
constexpr int64_t kMaxBroadcast = int64_t{1} << 20;  // elements a stride of 0 may make out of fewer

using NamedDtype = std::pair<std::string_view, torch::ScalarType>;

constexpr std::array<NamedDtype, 14> kStorages = {{
    {"HalfStorage", torch::kFloat16},
    {"BFloat16Storage", torch::kBFloat16},
    {"FloatStorage", torch::kFloat32},
    {"DoubleStorage", torch::kFloat64},
    {"CharStorage", torch::kInt8},
    {"ShortStorage", torch::kInt16},
    {"IntStorage", torch::kInt32},
    {"LongStorage", torch::kInt64},
    {"ByteStorage", torch::kUInt8},
    {"BoolStorage", torch::kBool},
    {"ComplexFloatStorage", torch::kComplexFloat},
    {"ComplexDoubleStorage", torch::kComplexDouble},
    {"UntypedStorage", torch::kUInt8},
    {"_UntypedStorage", torch::kUInt8},
}};

constexpr std::array<NamedDtype, 18> kDtypes = {{
    {"float16", torch::kFloat16},
    {"half", torch::kFloat16},
    {"bfloat16", torch::kBFloat16},
    {"float32", torch::kFloat32},
    {"float", torch::kFloat32},
    {"float64", torch::kFloat64},
    {"double", torch::kFloat64},
    {"int8", torch::kInt8},
    {"int16", torch::kInt16},
    {"short", torch::kInt16},
    {"int32", torch::kInt32},
    {"int", torch::kInt32},
    {"int64", torch::kInt64},
    {"long", torch::kInt64},
    {"uint8", torch::kUInt8},
    {"bool", torch::kBool},
    {"complex64", torch::kComplexFloat},
    {"complex128", torch::kComplexDouble},
}};

constexpr std::array<NamedDtype, 11> kNumpyDtypes = {{
    {"f2", torch::kFloat16},
    {"f4", torch::kFloat32},
    {"f8", torch::kFloat64},
    {"i1", torch::kInt8},
    {"i2", torch::kInt16},
    {"i4", torch::kInt32},
    {"i8", torch::kInt64},
    {"u1", torch::kUInt8},
    {"b1", torch::kBool},
    {"c8", torch::kComplexFloat},
    {"c16", torch::kComplexDouble},
}};

template <size_t count>
std::optional<torch::ScalarType> find(const std::array<NamedDtype, count>& table, std::string_view name) {
  for (const auto& [known, dtype] : table) {
    if (known == name) return dtype;
  }
  return {};
}

bool has_prefix(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

bool is_aligned(const std::byte* start, size_t item_size) {
  return reinterpret_cast<uintptr_t>(start) % item_size == 0;
}

int64_t multiplied(int64_t a, int64_t b) {
  int64_t product = 0;
  require(!__builtin_mul_overflow(a, b, &product), "a shape with more elements than any memory holds");
  return product;
}

}  // namespace

std::optional<torch::ScalarType> storage_dtype(std::string_view name) {
  if (!has_prefix(name, "torch.")) return {};
  if (!has_prefix(name, "cuda.")) has_prefix(name, "storage.");
  return find(kStorages, name);
}

std::optional<torch::ScalarType> torch_dtype(std::string_view name) {
  return has_prefix(name, "torch.") ? find(kDtypes, name) : std::nullopt;
}

std::optional<torch::ScalarType> numpy_dtype(std::string_view code) {
  return find(kNumpyDtypes, code);
}

bool all_zero_or_one(const ByteSource& bytes) {
  const auto values = bytes.bytes();
  return std::all_of(values.begin(), values.end(), [](std::byte value) { return value <= std::byte{1}; });
}

torch::Tensor flat_tensor(const ByteSource& bytes, torch::ScalarType dtype, ReadBudget* budget) {
  const size_t item_size = c10::elementSize(dtype);
  require(bytes.size() % item_size == 0, "{} bytes, expected a multiple of {} for {}", bytes.size(), item_size,
          c10::toString(dtype));
  const auto count = static_cast<int64_t>(bytes.size() / item_size);
  require(dtype != torch::kBool || all_zero_or_one(bytes), "a boolean that is neither 0 nor 1");
  if (count == 0) return torch::empty({0}, dtype);
  if (is_aligned(bytes.bytes().data(), item_size)) {
    const auto memory = bytes.memory();
    return torch::from_blob(
        memory.get(), {count}, [memory](void*) {}, torch::TensorOptions(dtype));
  }
  if (budget) budget->spend_bytes(bytes.size());
  torch::Tensor copy = torch::empty({count}, dtype);
  std::memcpy(copy.data_ptr(), bytes.bytes().data(), bytes.size());
  return copy;
}

int64_t element_count(std::span<const int64_t> sizes) {
  require(sizes.size() <= kMaxDimensions, "a shape of {} dimensions, expected at most {}", sizes.size(),
          kMaxDimensions);
  int64_t count = 1;
  bool empty = false;
  for (const int64_t size : sizes) {
    require(size >= 0, "a shape with the negative size {}", size);
    empty |= size == 0;
    count = multiplied(count, std::max<int64_t>(size, 1));
  }
  return empty ? 0 : count;
}

std::vector<int64_t> row_major_strides(std::span<const int64_t> sizes) {
  element_count(sizes);
  std::vector<int64_t> strides(sizes.size(), 1);
  for (size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<int64_t>(sizes[i], 1);
  return strides;
}

torch::Tensor strided_view(const torch::Tensor& storage, const StridedLayout& layout) {
  const auto& [offset, sizes, strides] = layout;
  require(sizes.size() == strides.size(), "{} sizes but {} strides", sizes.size(), strides.size());
  const int64_t count = element_count(sizes);
  require(offset >= 0, "the negative storage offset {}", offset);

  int64_t last = offset;
  for (size_t i = 0; i < sizes.size(); ++i) {
    require(strides[i] >= 0, "the negative stride {}", strides[i]);
    const int64_t reach = multiplied(strides[i], std::max<int64_t>(sizes[i] - 1, 0));
    require(!__builtin_add_overflow(last, reach, &last), "a shape that reaches beyond any memory");
  }
  const int64_t stored = storage.numel();
  require(count == 0 || last < stored,
          "a tensor of shape [{}], strides [{}], offset {} reaches element {} of a storage of {}",
          fmt::join(sizes, ", "), fmt::join(strides, ", "), offset, last, stored);
  require(count <= std::max(stored, kMaxBroadcast), "{} elements broadcast out of {}", count, stored);
  if (count == 0) return torch::empty(sizes, storage.options());
  return storage.as_strided(sizes, strides, storage.storage_offset() + offset);
}

}  // namespace lifted::formats
