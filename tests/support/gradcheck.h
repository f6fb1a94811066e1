// Numeric checks of first and second derivatives, in float64 with central differences.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "lifted/base/tensor.h"

namespace lifted::test {

/// A function of tensors whose derivatives are checked with respect to every argument that requires a gradient.
using TensorFunction = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

struct GradcheckOptions {
  double step = 1e-5;
  double tolerance = 1e-6;  // of |analytic − numeric|, absolute and relative to the largest gradient
};

/// Checks d<f(inputs), r>/d inputs for a fixed random r. Inputs: float64.
void expect_gradients(const TensorFunction& f, std::vector<torch::Tensor> inputs, const GradcheckOptions& options = {});

/// Checks the gradients of the gradients of <f(inputs), r>, with respect to the inputs and to r.
void expect_second_gradients(const TensorFunction& f, std::vector<torch::Tensor> inputs,
                             const GradcheckOptions& options = {});

}  // namespace lifted::test
