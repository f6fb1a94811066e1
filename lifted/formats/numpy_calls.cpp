// NumPy's scalars and arrays inside pickles: arrays become tensors, scalars become numbers.
#include <algorithm>
#include <array>
#include <optional>

#include "lifted/formats/python_calls.h"
#include "lifted/formats/stored_tensor.h"

namespace lifted::formats {
namespace {

constexpr const char* kModule = "numpy";

bool is_numpy(const Value& value, std::string_view class_name) {
  return value.is_object() && value.as_object().module == kModule && value.as_object().class_name == class_name;
}

/// The torch dtype of a numpy.dtype object, which is kept as Object{"numpy", "dtype", arguments = (code,), state}.
/// None for those that torch does not have, and for big-endian numbers.
std::optional<torch::ScalarType> torch_dtype_of(const Value& dtype) {
  if (!is_numpy(dtype, "dtype")) fail("expected a numpy.dtype, found {}", dtype.summary());
  const std::string& code = dtype.as_object().arguments.as_sequence().at(0).as_string();
  const Value& state = dtype.as_object().state;
  const bool big_endian = state.is_sequence() && state.as_sequence().size() > 1 && state.as_sequence()[1].is_string() &&
                          state.as_sequence()[1].as_string() == ">";
  if (big_endian || code.starts_with('>')) return {};
  const bool has_order = code.starts_with('<') || code.starts_with('|') || code.starts_with('=');
  const std::string_view plain = std::string_view(code).substr(has_order ? 1 : 0);
  return numpy_dtype(plain);
}

/// An array or a scalar of a dtype that is not supported: random states and the like, which nobody asks for.
Object unread(std::string_view what, const Value& dtype) {
  const std::string& code = dtype.as_object().arguments.as_sequence().at(0).as_string();
  return {.module = kModule, .class_name = fmt::format("{} of dtype '{}'", what, code.substr(0, 40)), .known = false};
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
  const Value& type = call.argument(0);
  if (type.kind() != Value::Kind::name) return type;
  if (type.as_name().text() != "numpy.ndarray") return unknown_object(type.as_name(), call.environment);
  return Value::of(Object{.module = kModule, .class_name = "ndarray"});
}

/// numpy.core.multiarray.scalar(dtype, bytes).
Value new_scalar(const PythonCall& call) {
  const auto dtype = torch_dtype_of(call.argument(0));
  const bool readable = dtype && !c10::isComplexType(*dtype) && call.argument(1).kind() == Value::Kind::bytes;
  if (!readable) return Value::of(unread("scalar", call.argument(0)));
  const ByteSource& bytes = call.argument(1).as_bytes();
  require(bytes.size() == c10::elementSize(*dtype), "a NumPy scalar of {} bytes for {}", bytes.size(),
          dtype_name(*dtype));
  const torch::Tensor number = flat_tensor(bytes, *dtype);
  if (dtype == torch::kBool) return Value::of(number.item<bool>());
  if (c10::isIntegralType(*dtype, false)) return Value::of(number.item<int64_t>());
  return Value::of(number.item<double>());
}

Node::Content array_from(const std::vector<int64_t>& shape, const Value& dtype, bool column_major, const Value& content,
                         const PickleEnvironment& environment) {
  const auto type = torch_dtype_of(dtype);
  if (!type || content.kind() != Value::Kind::bytes) return unread("ndarray", dtype);
  const ByteSource& bytes = content.as_bytes();
  environment.budget->spend_tensor(bytes.size());
  const torch::Tensor flat = flat_tensor(bytes, *type, environment.budget.get());
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
  return std::visit(
      [](auto content) { return Value::of(std::move(content)); },
      array_from(shape_of(call.argument(2)), call.argument(1), column_major, call.argument(0), call.environment));
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
  object.node().content = array_from(shape_of(parts[1]), parts[2], parts[3].as_bool(), parts[4], environment);
  return true;
}

}  // namespace lifted::formats
