// A matrix product by panels of sixteen columns: the inner loop of Winograd convolution.
#pragma once

#include <cstdint>

#include "lifted/ops/cpu/isa.h"

namespace lifted::ops {

/// c[row][column] (+)= Σ_k a[row·a_row + k·a_k] · b[panel·b_panel + k·b_k + column%16], panel = column/16. Every sum
/// runs over k in order, whatever the number of rows.
struct PanelProduct {
  const float *a, *b;
  float* c;
  int64_t rows, depth, panels;
  int64_t a_row, a_k, b_panel, b_k, c_row;
  bool accumulate;
};

LIFTED_DECLARE_ISA(void panel_product(const PanelProduct& p);)

}  // namespace lifted::ops
