#include "lifted/ops/cuda/device_name.h"

#include <ATen/cuda/CUDAContext.h>

namespace lifted::ops {

std::string cuda::card_name(int index) {
  const auto* properties = index < 0 ? at::cuda::getCurrentDeviceProperties()
                                     : at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(index));
  return properties->name;
}

}  // namespace lifted::ops
