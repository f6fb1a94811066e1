#include "tests/support/gradcheck.h"

#include <algorithm>

namespace lifted::test {
namespace {
using torch::Tensor;

/// Fixed pseudo-random weights, different for every element, without touching the global generator.
Tensor fixed_weights(const Tensor& like) {
  return at::arange(1, like.numel() + 1, at::kDouble).mul(0.7).sin().add(0.3).reshape(like.sizes());
}

Tensor numeric_gradient(const std::function<double()>& value, Tensor& input, double step) {
  auto gradient = at::zeros(input.sizes(), at::kDouble);
  // The input is perturbed in place, in the order of its storage (it may be channels_last, but must be dense).
  double* elements = input.data_ptr<double>();
  auto in_order = at::empty({input.numel()}, at::kDouble).as_strided(input.sizes(), input.strides());
  double* out = in_order.data_ptr<double>();
  for (int64_t i = 0; i < input.numel(); ++i) {
    const double x = elements[i];
    elements[i] = x + step;
    const double above = value();
    elements[i] = x - step;
    const double below = value();
    elements[i] = x;
    out[i] = (above - below) / (2 * step);
  }
  return gradient.copy_(in_order);
}

void expect_same_gradient(const Tensor& analytic, const Tensor& numeric, size_t input,
                          const GradcheckOptions& options) {
  ASSERT_EQ(analytic.sizes(), numeric.sizes()) << "gradient of input " << input;
  if (numeric.numel() == 0) return;
  const double scale = std::max(1.0, numeric.abs().max().item<double>());
  const double difference = (analytic - numeric).abs().max().item<double>();
  EXPECT_LE(difference, options.tolerance * scale) << "gradient of input " << input << ": analytic\n"
                                                   << analytic << "\nnumeric\n"
                                                   << numeric;
}

}  // namespace

void expect_gradients(const TensorFunction& f, std::vector<Tensor> inputs, const GradcheckOptions& options) {
  std::vector<Tensor> wanted;
  for (const auto& input : inputs) {
    ASSERT_TRUE(!input.defined() || input.scalar_type() == at::kDouble) << "gradients are checked in float64";
    if (input.defined() && input.requires_grad()) wanted.push_back(input);
  }
  const auto y = f(inputs);
  const auto r = fixed_weights(y);
  const auto analytic = torch::autograd::grad({(y * r).sum()}, wanted, {}, {}, false, true);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto value = [&] {
      torch::NoGradGuard no_grad;
      return (f(inputs) * r).sum().item<double>();
    };
    const auto numeric = numeric_gradient(value, wanted[i], options.step);
    expect_same_gradient(analytic[i].defined() ? analytic[i] : at::zeros_like(wanted[i]), numeric, i, options);
  }
}

void expect_second_gradients(const TensorFunction& f, std::vector<Tensor> inputs, const GradcheckOptions& options) {
  // The first gradients, as a function of the inputs and of the weights r, checked like any other function.
  auto all = inputs;
  {
    torch::NoGradGuard no_grad;
    all.push_back(fixed_weights(f(inputs)));
  }
  all.back().requires_grad_(true);
  const TensorFunction gradients = [&f](const std::vector<Tensor>& arguments) {
    torch::AutoGradMode enable(true);
    const std::vector<Tensor> own(arguments.begin(), arguments.end() - 1);
    std::vector<Tensor> wanted;
    for (const auto& input : own) {
      if (input.defined() && input.requires_grad()) wanted.push_back(input);
    }
    const auto first = torch::autograd::grad({(f(own) * arguments.back()).sum()}, wanted, {}, true, true, true);
    std::vector<Tensor> flat;
    for (size_t i = 0; i < wanted.size(); ++i) {
      flat.push_back((first[i].defined() ? first[i] : at::zeros_like(wanted[i])).reshape(-1));
    }
    return at::cat(flat);
  };
  expect_gradients(gradients, all, options);
}

}  // namespace lifted::test
