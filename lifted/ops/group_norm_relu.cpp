#include "lifted/ops/group_norm_relu.h"

#include "lifted/ops/backends.h"
#include "lifted/ops/dispatch.h"

namespace lifted::ops {
namespace {

Tensor call_group_norm_relu(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  static const auto op = find_op<GroupNormRelu>("lifted::group_norm_relu");
  return op.call(x, groups, weight, bias, eps);
}

Tensor call_group_norm_relu_conv(const Tensor& x, int64_t groups, const Tensor& norm_weight, const Tensor& norm_bias,
                                 double eps, const Tensor& weight, const OptionalTensor& bias) {
  static const auto op = find_op<GroupNormReluConv>("lifted::group_norm_relu_conv");
  return op.call(x, groups, norm_weight, norm_bias, eps, weight, bias);
}

void check_norm(const char* op, const Tensor& x, const GroupNorm& norm) {
  TORCH_CHECK(x.dim() == 4 && norm.groups > 0 && x.size(1) % norm.groups == 0, op, ": x must be B×C×H×W with C in ",
              norm.groups, " groups, got ", x.sizes());
  TORCH_CHECK(norm.weight.sizes() == at::IntArrayRef(x.size(1)) && norm.bias.sizes() == norm.weight.sizes(), op,
              ": weight and bias must have shape [", x.size(1), "]");
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(lifted, m) {
  m.def("group_norm_relu(Tensor(a!) x, int groups, Tensor weight, Tensor bias, float eps) -> Tensor");
  m.def(
      "group_norm_relu_conv(Tensor x, int groups, Tensor norm_weight, Tensor norm_bias, float eps, Tensor weight, "
      "Tensor? bias) -> Tensor");
  implement<GroupNormRelu>(m, "group_norm_relu",
                           {.cpu = fp32_kernel<cpu::group_norm_relu, reference::group_norm_relu>,
                            .cuda = LIFTED_CUDA_KERNEL(cuda::group_norm_relu),
                            .elsewhere = reference::group_norm_relu,
                            .autograd = reference_gradient<reference::group_norm_relu, call_group_norm_relu>});
  implement<GroupNormReluConv>(
      m, "group_norm_relu_conv",
      {.cpu = fp32_kernel<cpu::group_norm_relu_conv, reference::group_norm_relu_conv>,
       .cuda = nullptr,
       .elsewhere = reference::group_norm_relu_conv,
       .autograd = reference_gradient<reference::group_norm_relu_conv, call_group_norm_relu_conv>});
}

Tensor group_norm_relu(Tensor&& x, const GroupNorm& norm, Implementation implementation) {
  check_norm("group_norm_relu", x, norm);
  const auto f =
      implementation == Implementation::reference ? in_fp32<reference::group_norm_relu> : call_group_norm_relu;
  return f(x, norm.groups, norm.weight, norm.bias, norm.eps);
}

Tensor group_norm_relu_conv(const Tensor& x, const GroupNorm& norm, const Tensor& weight, const Tensor& bias,
                            Implementation implementation) {
  check_norm("group_norm_relu_conv", x, norm);
  TORCH_CHECK(weight.dim() == 4 && weight.size(0) == 1 && weight.size(1) == x.size(1) &&
                  weight.size(2) == weight.size(3) && weight.size(2) % 2 == 1,
              "group_norm_relu_conv: weight must be 1×", x.size(1), "×k×k with odd k, got ", weight.sizes());
  const auto f = implementation == Implementation::reference ? in_fp32<reference::group_norm_relu_conv>
                                                             : call_group_norm_relu_conv;
  return f(x, norm.groups, norm.weight, norm.bias, norm.eps, weight, optional(bias));
}

}  // namespace lifted::ops
