#include <gtest/gtest.h>
#include <torch/torch.h>

#include "lifted/base/runtime.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  lifted::set_threads(0);
  torch::manual_seed(0);
  return RUN_ALL_TESTS();
}
