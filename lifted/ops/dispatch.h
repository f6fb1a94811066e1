// How ops are entered. Every op is registered with torch's dispatcher as lifted::<op>, in ops/<op>.cpp, by one table
// that says what computes it where; nothing else in ops/ asks for a tensor's device.
#pragma once

#include <torch/library.h>

#include <tuple>
#include <type_traits>

#include "lifted/base/torch_compat.h"
#include "lifted/ops/arguments.h"

namespace lifted::ops {
/// What computes an op; all have its signature.
template <typename Signature>
struct Backends {
  Signature* cpu;
  Signature* cuda;       ///< null where built without CUDA kernels
  Signature* elsewhere;  ///< devices without one of the above; composed of torch's operations
  Signature* autograd;   ///< records the derivative and calls what is below
};

template <typename Signature>
void implement(torch::Library& library, const char* op, const Backends<Signature>& backends) {
  library.impl(op, torch::dispatch(c10::DispatchKey::CPU, backends.cpu));
  if (backends.cuda) library.impl(op, torch::dispatch(c10::DispatchKey::CUDA, backends.cuda));
  library.impl(op, torch::dispatch(c10::DispatchKey::CompositeExplicitAutograd, backends.elsewhere));
  library.impl(op, torch::dispatch(c10::DispatchKey::Autograd, backends.autograd));
}

/// An entry of `Backends::cuda`.
#if defined(LIFTED_CUDA)
#define LIFTED_CUDA_KERNEL(function) (function)
inline constexpr bool kHasCudaKernels = true;
#else
#define LIFTED_CUDA_KERNEL(function) nullptr
inline constexpr bool kHasCudaKernels = false;
#endif

template <typename Signature>
auto find_op(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

// ---- entries made of others ----

inline bool is_narrow(const Tensor& t) {
  return t.scalar_type() == at::kHalf || t.scalar_type() == at::kBFloat16;
}

inline bool is_narrow_on_cpu(const Tensor& t) {
  return t.is_cpu() && is_narrow(t);
}

template <typename T>
T widened(const T& argument) {
  if constexpr (std::is_same_v<T, Tensor> || std::is_same_v<T, OptionalTensor>) {
    const Tensor* tensor = tensor_in(argument);
    return tensor && is_narrow_on_cpu(*tensor) ? T(tensor->to(at::kFloat)) : argument;
  } else {
    return argument;
  }
}

inline Tensor narrowed(const Tensor& t, at::ScalarType type) {
  return t.defined() && t.is_floating_point() ? t.to(type) : t;
}
template <typename... Tensors>
std::tuple<Tensors...> narrowed(const std::tuple<Tensors...>& all, at::ScalarType type) {
  return std::apply([&](const auto&... each) { return std::tuple<Tensors...>{narrowed(each, type)...}; }, all);
}

template <typename... Args>
at::ScalarType first_type(const Args&... args) {
  at::ScalarType type = at::kFloat;
  any_tensor([&](const Tensor& t) { return type = t.scalar_type(), true; }, args...);
  return type;
}

template <auto kFunction, typename Signature = std::remove_pointer_t<decltype(kFunction)>>
struct InFp32;
template <auto kFunction, typename Result, typename... Args>
struct InFp32<kFunction, Result(Args...)> {
  static Result run(Args... args) {
    if (!any_tensor(is_narrow_on_cpu, args...)) return kFunction(args...);
    return narrowed(kFunction(widened<std::decay_t<Args>>(args)...), first_type(args...));
  }
};
/// The function, which on a CPU computes 16-bit tensors in fp32 and rounds once, at the end, as a GPU's kernels do:
/// libtorch has but some operations for them there. Results have the type of the first tensor.
template <auto kFunction>
constexpr auto* in_fp32 = &InFp32<kFunction>::run;

template <auto kKernel, auto kReference, typename Signature = std::remove_pointer_t<decltype(kKernel)>>
struct Fp32Kernel;
template <auto kKernel, auto kReference, typename Result, typename... Args>
struct Fp32Kernel<kKernel, kReference, Result(Args...)> {
  static Result choose(Args... args) {
    const auto is_other = [](const Tensor& t) { return t.scalar_type() != at::kFloat; };
    return any_tensor(is_other, args...) ? kReference(args...) : kKernel(args...);
  }
};
/// The CPU's entry of an op whose kernel takes fp32: the reference for other types.
template <auto kKernel, auto kReference>
constexpr auto* fp32_kernel = in_fp32<&Fp32Kernel<kKernel, kReference>::choose>;

template <auto kReference, auto kCall, typename Signature = std::remove_pointer_t<decltype(kReference)>>
struct ReferenceGradient;
template <auto kReference, auto kCall, typename Result, typename... Args>
struct ReferenceGradient<kReference, kCall, Result(Args...)> {
  static Result run(Args... args) {
    if (wants_gradient(args...)) return in_fp32<kReference>(args...);
    at::AutoDispatchBelowADInplaceOrView below;
    return kCall(args...);
  }
};
/// The autograd entry of an op without a derivative of its own: where one is wanted the reference runs, recorded by
/// torch.
template <auto kReference, auto kCall>
constexpr auto* reference_gradient = &ReferenceGradient<kReference, kCall>::run;

}  // namespace lifted::ops
