#include "lifted/ops/cuda/device_name.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAFunctions.h>

namespace lifted::ops {

std::string cuda::card_name(int index) {
  const int count = c10::cuda::device_count();
  if (count == 0 || index >= count) return "";
  return at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(index < 0 ? c10::cuda::current_device() : index))
      ->name;
}

}  // namespace lifted::ops
