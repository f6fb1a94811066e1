// What is asked of an op's arguments.
#pragma once

#include <type_traits>

#include "lifted/base/torch_compat.h"

namespace lifted::ops {
using torch::Tensor;

inline OptionalTensor optional(const Tensor& tensor) {
  return tensor.defined() ? OptionalTensor(tensor) : OptionalTensor();
}

/// The tensor that an argument is, if it is one.
template <typename T>
const Tensor* tensor_in(const T& argument) {
  if constexpr (std::is_same_v<T, Tensor>) {
    return argument.defined() ? &argument : nullptr;
  } else if constexpr (std::is_same_v<T, OptionalTensor>) {
    return argument.has_value() && argument->defined() ? &*argument : nullptr;
  } else {
    return nullptr;
  }
}

template <typename Test, typename... Args>
bool any_tensor(const Test& test, const Args&... args) {
  const auto ask = [&](const Tensor* tensor) { return tensor && test(*tensor); };
  return (ask(tensor_in(args)) || ...);
}

/// Whether torch would record an operation on these.
template <typename... Args>
bool wants_gradient(const Args&... args) {
  return torch::GradMode::is_enabled() && any_tensor([](const Tensor& t) { return t.requires_grad(); }, args...);
}

}  // namespace lifted::ops
