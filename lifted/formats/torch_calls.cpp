// How PyTorch pickles tensors: functions of torch._utils that rebuild them from a storage and a layout.
#include <array>

#include "lifted/formats/python_calls.h"
#include "lifted/formats/pytorch.h"
#include "lifted/formats/stored_tensor.h"

namespace lifted::formats {
namespace {

std::vector<int64_t> integers(const Value& sequence) {
  std::vector<int64_t> numbers;
  require(sequence.as_sequence().size() <= 64, "a tensor of {} dimensions, expected at most 64",
          sequence.as_sequence().size());
  for (const Value& item : sequence.as_sequence()) numbers.push_back(item.as_int());
  return numbers;
}

torch::Tensor rebuild(const PythonCall& call, const torch::Tensor& storage) {
  require(storage.dim() == 1, "{} of something that is no storage", call.name);
  const StridedLayout layout{
      .offset = call.argument(1).as_int(), .sizes = integers(call.argument(2)), .strides = integers(call.argument(3))};
  const torch::Tensor tensor = strided_view(storage, layout);
  call.environment.budget->spend_tensor(tensor.nbytes());
  return tensor;
}

/// _rebuild_tensor(storage, offset, sizes, strides) and _v2(…, requires_grad, hooks, metadata): the rest means nothing
/// here.
Value rebuild_tensor(const PythonCall& call) {
  return Value::of(rebuild(call, call.argument(0).as_tensor()));
}

/// _rebuild_tensor_v3(untyped storage, offset, sizes, strides, requires_grad, hooks, dtype, …).
Value rebuild_tensor_with_dtype(const PythonCall& call) {
  const std::string name =
      call.argument(6).is_string() ? call.argument(6).as_string() : call.argument(6).as_name().text();
  const auto dtype = torch_dtype(name);
  if (!dtype) return unknown_object({"torch", "Tensor of " + name.substr(0, 40)}, call.environment);
  const torch::Tensor& bytes = call.argument(0).as_tensor();
  require(bytes.dim() == 1 && bytes.scalar_type() == torch::kUInt8, "{} expects an untyped storage", call.name);
  const auto item_size = static_cast<int64_t>(c10::elementSize(*dtype));
  require(bytes.numel() % item_size == 0, "a storage of {} bytes for {}", bytes.numel(), name);
  require(
      reinterpret_cast<uintptr_t>(bytes.data_ptr()) % static_cast<uintptr_t>(item_size) == 0 && *dtype != torch::kBool,
      "an untyped storage that cannot be read as {}", name);
  return Value::of(rebuild(call, bytes.view(*dtype)));
}

/// _rebuild_parameter(tensor, requires_grad, hooks) and _with_state: the tensor itself.
Value rebuild_parameter(const PythonCall& call) {
  return call.argument(0).is_object() ? call.argument(0) : Value::of(call.argument(0).as_tensor());
}

/// _rebuild_from_type_v2(function, type, arguments, state): a tensor subclass; its Python attributes are dropped.
Value rebuild_subclass(const PythonCall& call) {
  const Name& function = call.argument(0).as_name();
  require(function.module == "torch._utils", "{} by {}, expected a function of torch._utils", call.name,
          function.text());
  return call_python(function, call.argument(2).as_sequence(), call.environment);
}

/// torch.storage._load_from_bytes(bytes): a whole torch.save file inside the pickle.
Value load_from_bytes(const PythonCall& call) {
  return read_embedded_pytorch(call.argument(0).as_bytes(), call.environment);
}

/// torch.Size(sizes).
Value new_size(const PythonCall& call) {
  const auto& items = call.argument(0).as_sequence();
  call.environment.budget->spend_bytes(items.size() * sizeof(Value));
  return Value::of(Tuple{items});
}

/// torch.device("cuda", 0) becomes the text "cuda:0".
Value new_device(const PythonCall& call) {
  std::string device = call.argument(0).as_string();
  call.environment.budget->spend_bytes(device.size());
  if (call.arguments.size() > 1) device += fmt::format(":{}", call.argument(1).as_int());
  return Value::of(device);
}

/// torch.serialization._get_layout("torch.strided").
Value new_layout(const PythonCall& call) {
  return call.argument(0);
}

constexpr auto kTorchFunctions = std::to_array<PythonEntry>({
    {"torch._utils._rebuild_tensor", rebuild_tensor},
    {"torch._utils._rebuild_tensor_v2", rebuild_tensor},
    {"torch._utils._rebuild_tensor_v3", rebuild_tensor_with_dtype},
    {"torch._utils._rebuild_parameter", rebuild_parameter},
    {"torch._utils._rebuild_parameter_with_state", rebuild_parameter},
    {"torch._tensor._rebuild_from_type", rebuild_subclass},
    {"torch._tensor._rebuild_from_type_v2", rebuild_subclass},
    {"torch.storage._load_from_bytes", load_from_bytes},
    {"torch.serialization._get_layout", new_layout},
    {"torch.Size", new_size},
    {"torch.device", new_device},
});

}  // namespace

std::span<const PythonEntry> torch_functions() {
  return kTorchFunctions;
}

}  // namespace lifted::formats
