// What ops/cuda/*_threads.h are given to launch with.
#pragma once

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "lifted/ops/cuda/launch.h"

namespace lifted::ops::cuda {

/// On the current stream of the current device.
struct OnCard {
  template <typename Body>
  void operator()(const Body& body, int64_t count) const {
    C10_CUDA_CHECK(static_cast<cudaError_t>(launch(body, count, c10::cuda::getCurrentCUDAStream().stream())));
  }
};
constexpr OnCard on_card;

}  // namespace lifted::ops::cuda
