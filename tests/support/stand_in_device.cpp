#include "tests/support/stand_in_device.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <mutex>
#include <set>

namespace lifted::test {
namespace {
using at::Tensor;
using c10::IValue;
using torch::jit::Stack;

constexpr auto kStandIn =
    c10::DeviceType::XPU;  // a type that copies between devices and set_data() know, without kernels here
constexpr auto kKey = c10::DispatchKey::XPU;

c10::impl::DeviceGuardImplRegistrar guard_registrar(kStandIn, new c10::impl::NoOpDeviceGuardImpl<kStandIn>());

// ---- Waits ----

std::mutex waits_mutex;
std::map<std::string, int64_t> waits;

void count_wait(const std::string& what) {
  const std::lock_guard lock(waits_mutex);
  ++waits[what];
}

/// Ops that read values to know the size of their result, or wait for a solver, on a GPU.
const std::set<std::string> kWaiting = {"aten::nonzero",      "aten::masked_select", "aten::_unique2",
                                        "aten::unique_dim",   "aten::equal",         "aten::_linalg_svd",
                                        "aten::_linalg_svd.U"};

// ---- The same memory seen from either side ----

bool stands_in(const Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kStandIn;
}

/// `tensor` with the same memory, as one of the other device.
Tensor mirrored(const Tensor& tensor, c10::DispatchKey key, c10::Device device) {
  auto* kept = new Tensor(tensor.detach());
  c10::DataPtr data(
      const_cast<void*>(tensor.storage().data()), kept, [](void* held) { delete static_cast<Tensor*>(held); }, device);
  c10::Storage storage(c10::Storage::use_byte_size_t(), tensor.storage().nbytes(), std::move(data),
                       /*allocator=*/nullptr, /*resizable=*/false);
  Tensor result =
      at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), tensor.dtype());
  auto* impl = result.unsafeGetTensorImpl();
  impl->set_sizes_and_strides(tensor.sizes(), tensor.strides());
  impl->set_storage_offset(tensor.storage_offset());
  return result;
}

Tensor onto(const Tensor& cpu) {
  return cpu.defined() ? mirrored(cpu, kKey, stand_in_device()) : cpu;
}
/// An empty tensor may be one that an op is to resize.
Tensor off(const Tensor& tensor) {
  if (!stands_in(tensor)) return tensor;
  return tensor.numel() == 0 ? at::empty(tensor.sizes(), tensor.options().device(at::kCPU))
                             : mirrored(tensor, c10::DispatchKey::CPU, at::kCPU);
}

// ---- Every op that has no kernel of its own ----

class Call {
 public:
  Call(const c10::OperatorHandle& op, Stack* stack) : op_(op), stack_(stack), schema_(op.schema()) {
    first_ = stack->size() - schema_.arguments().size();
  }

  void run(const c10::OperatorHandle& kernel) {
    for (size_t i = first_; i < stack_->size(); ++i) look_at((*stack_)[i]);
    if (name() == "lifted::rasterize") off_device_ = false;  // takes its background's colours from the CPU
    TORCH_CHECK(!(on_device_ && off_device_), name(),
                ": expected all tensors on the same device, found one on the CPU");
    TORCH_CHECK(!(on_device_ && has_generator_), name(), ": a CPU generator cannot draw on the device");
    if (kWaiting.count(name())) count_wait(name());
    if (name() == "aten::_local_scalar_dense") count_wait("read");
    for (size_t i = first_; i < stack_->size(); ++i) {
      arguments_.push_back((*stack_)[i]);
      (*stack_)[i] = taken_off((*stack_)[i]);
      off_.push_back((*stack_)[i]);
    }
    kernel.callBoxed(stack_);
    put_results_on();
  }

 private:
  std::string name() const {
    const auto& full = op_.operator_name();
    return full.name;
  }

  void look_at(const Tensor& tensor) {
    if (!tensor.defined()) return;
    if (stands_in(tensor)) on_device_ = true;
    if (tensor.is_cpu() && tensor.dim() > 0) off_device_ = true;
  }
  void look_at(const IValue& value) {
    if (value.isTensor()) look_at(value.toTensor());
    if (value.isTensorList())
      for (const Tensor& tensor : value.toTensorVector()) look_at(tensor);
    if (value.isOptionalTensorList())
      for (const auto& tensor : value.toOptionalTensorVector())
        if (tensor) look_at(*tensor);
    if (value.isDevice() && value.toDevice().type() == kStandIn) on_device_ = true;
    if (value.isGenerator()) has_generator_ = true;
  }

  static IValue taken_off(const IValue& value) {
    if (value.isTensor()) return off(value.toTensor());
    if (value.isDevice()) return value.toDevice().type() == kStandIn ? IValue(c10::Device(at::kCPU)) : value;
    if (value.isTensorList()) {
      c10::List<Tensor> list;
      for (const Tensor& tensor : value.toTensorVector()) list.push_back(off(tensor));
      return list;
    }
    if (value.isOptionalTensorList()) {
      c10::List<c10::optional<Tensor>> list;
      for (const auto& tensor : value.toOptionalTensorVector())
        list.push_back(tensor ? c10::optional<Tensor>(off(*tensor)) : c10::nullopt);
      return list;
    }
    return value;
  }

  /// Results that are arguments stay those; an argument that was resized takes its new memory.
  void put_results_on() {
    const auto& returns = schema_.returns();
    const size_t first = stack_->size() - returns.size();
    for (size_t i = 0; i < returns.size(); ++i) {
      IValue& value = (*stack_)[first + i];
      if (returns[i].alias_info() && returns[i].alias_info()->isWrite()) {
        value = written_argument(*returns[i].alias_info());
      } else if (value.isTensor() && on_device_) {
        value = onto(value.toTensor());
      } else if (value.isTensorList() && on_device_) {
        c10::List<Tensor> list;
        for (const Tensor& tensor : value.toTensorVector()) list.push_back(onto(tensor));
        value = list;
      }
    }
  }

  IValue written_argument(const c10::AliasInfo& alias) {
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const auto* of = schema_.arguments()[i].alias_info();
      if (!of || !of->isWrite() || of->beforeSets() != alias.beforeSets()) continue;
      if (arguments_[i].isTensor()) adopt(arguments_[i].toTensor(), off_[i].toTensor());
      return arguments_[i];
    }
    TORCH_CHECK(false, name(), ": writes to what is no argument");
  }
  static void adopt(const Tensor& argument, const Tensor& result) {
    if (!stands_in(argument) || argument.sizes() == result.sizes()) return;
    const Tensor fresh = onto(result);
    auto* impl = argument.unsafeGetTensorImpl();
    impl->set_storage_keep_dtype(fresh.storage());
    impl->set_sizes_and_strides(fresh.sizes(), fresh.strides());
    impl->set_storage_offset(fresh.storage_offset());
  }

  const c10::OperatorHandle& op_;
  Stack* stack_;
  const c10::FunctionSchema& schema_;
  size_t first_ = 0;
  bool on_device_ = false, off_device_ = false, has_generator_ = false;
  std::vector<IValue> arguments_, off_;
};

void fallback(const c10::OperatorHandle& op, Stack* stack) {
  Call(op, stack).run(op);
}

// ---- What is no call of a CPU kernel on the same memory ----

c10::TensorOptions cpu_options(c10::optional<at::ScalarType> type) {
  return c10::TensorOptions().dtype(type).device(at::kCPU);
}

Tensor empty(at::IntArrayRef size, c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
             c10::optional<at::Device>, c10::optional<bool>, c10::optional<at::MemoryFormat> format) {
  return onto(at::empty(size, cpu_options(type), format));
}
Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, c10::optional<at::ScalarType> type,
                     c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>) {
  return onto(at::empty_strided(size, stride, cpu_options(type)));
}
Tensor copy_from(const Tensor& from, const Tensor& to, bool non_blocking) {
  if (!stands_in(to)) count_wait("read");
  if (!stands_in(from) && !non_blocking) count_wait("write");
  if (to.numel() > 0) off(to).copy_(off(from));
  return to;
}
Tensor convolution(const Tensor& x, const Tensor& weight, const c10::optional<Tensor>& bias, at::IntArrayRef stride,
                   at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
                   int64_t groups) {
  const auto off_bias = bias ? c10::optional<Tensor>(off(*bias)) : c10::nullopt;
  return onto(
      at::convolution(off(x), off(weight), off_bias, stride, padding, dilation, transposed, output_padding, groups));
}
std::tuple<Tensor, Tensor, Tensor> convolution_backward(const Tensor& y, const Tensor& x, const Tensor& weight,
                                                        at::IntArrayRef stride, at::IntArrayRef padding,
                                                        at::IntArrayRef dilation, bool transposed,
                                                        at::IntArrayRef output_padding, int64_t groups,
                                                        std::array<bool, 3> wanted) {
  const std::vector<int64_t> bias = {transposed ? weight.size(1) * groups : weight.size(0)};
  const auto [dx, dw, db] = at::convolution_backward(off(y), off(x), off(weight), at::IntArrayRef(bias), stride,
                                                     padding, dilation, transposed, output_padding, groups, wanted);
  return {onto(dx), onto(dw), onto(db)};
}

TORCH_LIBRARY_IMPL(_, XPU, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>());
}
TORCH_LIBRARY_IMPL(aten, XPU, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("_copy_from", copy_from);
  m.impl("convolution_overrideable", convolution);
  m.impl("convolution_backward_overrideable", convolution_backward);
}

}  // namespace

torch::Device stand_in_device() {
  return {kStandIn, 0};
}

std::map<std::string, int64_t> take_waits() {
  const std::lock_guard lock(waits_mutex);
  return std::exchange(waits, {});
}

}  // namespace lifted::test
