#include "lifted/base/blas_kernels.h"

#include <gtest/gtest.h>

namespace lifted {
namespace {

TEST(BlasKernels, WhatIsNotKnownIsLeftAlone) {
  EXPECT_EQ(better_blas_kernels(""), nullptr);
  EXPECT_EQ(better_blas_kernels("Zen9"), nullptr);
  EXPECT_EQ(better_blas_kernels("NeoverseN1"), nullptr);
}

TEST(BlasKernels, ThoseOfAnOldProcessorAreReplacedByWiderOnesOnce) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "a processor without AVX2 has nothing wider";
  const char* better = better_blas_kernels("Prescott");
  ASSERT_NE(better, nullptr);
  EXPECT_EQ(better_blas_kernels(better), nullptr);
  EXPECT_EQ(better_blas_kernels("SkylakeX"), nullptr);
#else
  GTEST_SKIP() << "only x86 processors are told apart here";
#endif
}

}  // namespace
}  // namespace lifted
