// Arithmetic of one element, the same for the processor's kernels and the card's: no torch, no containers, C++17.
#pragma once

// A function. Internal linkage: copies compiled for different instruction sets must not be shared.
#if defined(__CUDACC__)
#define LIFTED_HD static inline __host__ __device__
#else
#define LIFTED_HD [[gnu::always_inline]] static inline
#endif

// What one thread of a kernel does: operator()(int64_t thread) of a struct that holds the kernel's arguments.
#if defined(__CUDACC__)
#define LIFTED_BODY __host__ __device__
#else
#define LIFTED_BODY
#endif

namespace lifted::ops::core {

/// The type in which values stored as T are computed.
template <typename T>
struct WideOf {
  using type = float;
};
template <>
struct WideOf<double> {
  using type = double;
};
template <typename T>
using Wide = typename WideOf<T>::type;

}  // namespace lifted::ops::core
