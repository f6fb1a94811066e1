// NumPy's scalars and arrays inside pickles: arrays become tensors, scalars become numbers.
#include <algorithm>
#include <array>

#include "lifted/formats/python_calls.h"
#include "lifted/formats/stored_tensor.h"

namespace lifted::formats {
namespace {

constexpr const char* kModule = "numpy";

struct NumpyDtype {
  std::string_view code;  // NumPy's kind and bytes
  torch::ScalarType type;
};

constexpr auto kNumpyDtypes = std::to_array<NumpyDtype>({
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
});

bool is_numpy(const Value& value, std::string_view class_name) {
  return value.is_object() && value.as_object().module == kModule && value.as_object().class_name == class_name;
}

/// The torch dtype of a numpy.dtype object, which is kept as Object{"numpy", "dtype", arguments = (code,), state}.
torch::ScalarType torch_dtype_of(const Value& dtype) {
  if (!is_numpy(dtype, "dtype")) fail("expected a numpy.dtype, found {}", dtype.summary());
  const std::string& code = dtype.as_object().arguments.as_sequence().at(0).as_string();
  const Value& state = dtype.as_object().state;
  const bool big_endian = state.is_sequence() && state.as_sequence().size() > 1 && state.as_sequence()[1].is_string() &&
                          state.as_sequence()[1].as_string() == ">";
  require(!big_endian && !code.starts_with('>'), "a big-endian NumPy array, which is not supported");
  const bool has_order = code.starts_with('<') || code.starts_with('|') || code.starts_with('=');
  const std::string_view plain = std::string_view(code).substr(has_order ? 1 : 0);
  for (const NumpyDtype& known : kNumpyDtypes) {
    if (known.code == plain) return known.type;
  }
  fail("NumPy data of dtype '{}', which is not supported", code);
}

/// numpy.dtype(code, align, copy).
Value new_dtype(const PythonCall& call) {
  call.environment.budget->spend_bytes(call.argument(0).as_string().size());
  return Value::of(Object{.module = kModule,
                          .class_name = "dtype",
                          .arguments = Value::of(Tuple{{Value::of(std::string(call.argument(0).as_string()))}})});
}

/// numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b"b"): an array whose state follows.
Value new_array(const PythonCall& call) {
  require(call.argument(0).as_name().text() == "numpy.ndarray", "{} of {}, expected numpy.ndarray", call.name,
          call.argument(0).as_name().text());
  return Value::of(Object{.module = kModule, .class_name = "ndarray"});
}

/// numpy.core.multiarray.scalar(dtype, bytes).
Value new_scalar(const PythonCall& call) {
  const auto dtype = torch_dtype_of(call.argument(0));
  const ByteSource& bytes = call.argument(1).as_bytes();
  require(bytes.size() == c10::elementSize(dtype), "a NumPy scalar of {} bytes for {}", bytes.size(),
          dtype_name(dtype));
  const torch::Tensor number = flat_tensor(bytes, dtype);
  if (dtype == torch::kBool) return Value::of(number.item<bool>());
  if (c10::isIntegralType(dtype, false)) return Value::of(number.item<int64_t>());
  require(c10::isFloatingType(dtype), "a complex NumPy scalar, which is not supported");
  return Value::of(number.item<double>());
}

torch::Tensor array_from(const std::vector<int64_t>& shape, const Value& dtype, bool column_major,
                         const ByteSource& bytes, const PickleEnvironment& environment) {
  const torch::Tensor flat = flat_tensor(bytes, torch_dtype_of(dtype), environment.budget.get());
  require(flat.numel() == element_count(shape), "a NumPy array of shape [{}] with {} elements", fmt::join(shape, ", "),
          flat.numel());
  if (!column_major) return strided_view(flat, {.sizes = shape, .strides = row_major_strides(shape)});
  const std::vector<int64_t> reversed(shape.rbegin(), shape.rend());
  auto strides = row_major_strides(reversed);
  std::reverse(strides.begin(), strides.end());
  return strided_view(flat, {.sizes = shape, .strides = strides});
}

std::vector<int64_t> shape_of(const Value& sequence) {
  std::vector<int64_t> shape;
  require(sequence.as_sequence().size() <= 64, "an array of {} dimensions, expected at most 64",
          sequence.as_sequence().size());
  for (const Value& size : sequence.as_sequence()) shape.push_back(size.as_int());
  return shape;
}

/// numpy.core.numeric._frombuffer(bytes, dtype, shape, order): protocol 5's form of an array.
Value array_from_buffer(const PythonCall& call) {
  const bool column_major = call.argument(3).as_string() == "F";
  return Value::of(array_from(shape_of(call.argument(2)), call.argument(1), column_major, call.argument(0).as_bytes(),
                              call.environment));
}

constexpr auto kNumpyFunctions = std::to_array<PythonEntry>({
    {"numpy.dtype", new_dtype},
    {"numpy.core.multiarray._reconstruct", new_array},
    {"numpy.core.multiarray.scalar", new_scalar},
    {"numpy.core.numeric._frombuffer", array_from_buffer},
    // As NumPy 2 writes them.
    {"numpy._core.multiarray._reconstruct", new_array},
    {"numpy._core.multiarray.scalar", new_scalar},
    {"numpy._core.numeric._frombuffer", array_from_buffer},
});

}  // namespace

std::span<const PythonEntry> numpy_functions() {
  return kNumpyFunctions;
}

bool set_numpy_state(Value& object, const Value& state, const PickleEnvironment& environment) {
  if (is_numpy(object, "dtype")) {
    std::get<Object>(object.node().content).state = state;
    return true;
  }
  if (!is_numpy(object, "ndarray")) return false;
  // (version, shape, dtype, is column-major, bytes)
  const auto& parts = state.as_sequence();
  require(parts.size() == 5, "a NumPy array's state of {} parts, expected 5", parts.size());
  object.node().content =
      array_from(shape_of(parts[1]), parts[2], parts[3].as_bool(), parts[4].as_bytes(), environment);
  return true;
}

}  // namespace lifted::formats
