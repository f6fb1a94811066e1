// Adam's update on a card: a thread an element of one of up to 64 tensors, which lie one after the other in the count.
#pragma once

#include <cstdint>

#include "lifted/ops/core/adam.h"

namespace lifted::ops::cuda {

struct AdamTensor {
  float* parameter;
  const float* gradient;  // null: zero
  float* mean;            // null where beta1 is 0
  float* square;
  int64_t end;  // the count up to and with this tensor
  float step_size, square_root_correction;
};

struct AdamUpdateThread {
  static constexpr int kMost = 64;  // what a kernel's arguments (4 KB) hold

  AdamTensor tensors[kMost];
  int count;
  const bool* proceed;  // null: true
  float beta1, beta2, epsilon, weight_decay;

  LIFTED_BODY void operator()(int64_t i) const {
    if (proceed && !*proceed) return;
    int first = 0;
    for (int last = count - 1; first < last;) {
      const int middle = (first + last) / 2;
      if (i < tensors[middle].end) {
        last = middle;
      } else {
        first = middle + 1;
      }
    }
    const AdamTensor& t = tensors[first];
    const int64_t at = first == 0 ? i : i - tensors[first - 1].end;
    const core::AdamFactors factors{beta1, beta2, epsilon, weight_decay, t.step_size, t.square_root_correction};
    core::adam_element(factors, t.gradient ? t.gradient[at] : 0.0f, t.parameter + at, t.mean ? t.mean + at : nullptr,
                       t.square + at);
  }
};

}  // namespace lifted::ops::cuda
