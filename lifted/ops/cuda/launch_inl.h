// Include from .cu files only.
#pragma once

#include <cuda_runtime.h>

#include "lifted/ops/cuda/launch.h"

namespace lifted::ops::cuda {

template <typename Body>
__global__ void __launch_bounds__(256) each_thread(const Body body, int64_t count) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) body(i);
}

template <typename Body>
int launch(const Body& body, int64_t count, void* stream) {
  if (count <= 0) return cudaSuccess;
  constexpr int64_t kBlock = 256, kMostBlocks = 1 << 20;
  const int64_t blocks = (count + kBlock - 1) / kBlock;
  each_thread<<<static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks), kBlock, 0,
                static_cast<cudaStream_t>(stream)>>>(body, count);
  return cudaGetLastError();
}

}  // namespace lifted::ops::cuda

#define LIFTED_INSTANTIATE_LAUNCH(...) \
  template int lifted::ops::cuda::launch(const lifted::ops::cuda::__VA_ARGS__&, int64_t, void*);
/// Of a body that is a template of the type values are stored as.
#define LIFTED_INSTANTIATE_LAUNCH_STORED(body) \
  LIFTED_INSTANTIATE_LAUNCH(body<float>)       \
  LIFTED_INSTANTIATE_LAUNCH(body<double>)      \
  LIFTED_INSTANTIATE_LAUNCH(body<c10::Half>)   \
  LIFTED_INSTANTIATE_LAUNCH(body<c10::BFloat16>)
