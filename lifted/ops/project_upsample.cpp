#include "lifted/ops/project_upsample.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

Tensor call_project_upsample(const Tensor& features, const Tensor& weight, const Tensor& x) {
  static const auto op = find_op<ProjectUpsample>("lifted::project_upsample");
  return op.call(features, weight, x);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("project_upsample(Tensor features, Tensor weight, Tensor x) -> Tensor");
  implement<ProjectUpsample>(m, "project_upsample",
                             {.cpu = fp32_kernel<cpu::project_upsample, reference::project_upsample>,
                              .cuda = nullptr,
                              .elsewhere = reference::project_upsample,
                              .autograd = reference_gradient<reference::project_upsample, call_project_upsample>});
}

Tensor project_and_add_upsampled(const Tensor& features, const Tensor& weight, const Tensor& x,
                                 Implementation implementation) {
  TORCH_CHECK(features.dim() == 4 && x.dim() == 4 && weight.dim() == 4 && features.size(1) == weight.size(1) &&
                  x.size(1) == weight.size(0) && features.size(0) == x.size(0) && features.size(2) == 2 * x.size(2) &&
                  features.size(3) == 2 * x.size(3),
              "project_and_add_upsampled: features ", features.sizes(), ", weight ", weight.sizes(), " and x ",
              x.sizes(), " do not fit");
  const auto f =
      implementation == Implementation::reference ? in_fp32<reference::project_upsample> : call_project_upsample;
  return f(features, weight, x);
}

}  // namespace lifted::ops
