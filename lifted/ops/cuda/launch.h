// The seam between the card's compiler and the rest: kernels know no torch, their callers no CUDA C++.
#pragma once

#include <cstdint>

namespace lifted::ops::cuda {

/// Runs body(0) … body(count − 1) on `stream` (a cudaStream_t) of the current device; returns a cudaError_t. Defined in
/// launch_inl.h and instantiated in <op>.cu for each of the op's bodies.
template <typename Body>
int launch(const Body& body, int64_t count, void* stream);

}  // namespace lifted::ops::cuda
