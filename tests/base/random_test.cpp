#include "lifted/base/random.h"

#include <gtest/gtest.h>

namespace lifted {

// numpy.random.RandomState(0).randn(4), as printed by numpy.
TEST(NumpyRandomState, MatchesNumpy) {
  NumpyRandomState state(0);
  EXPECT_NEAR(state.normal(), 1.764052345967664, 1e-15);
  EXPECT_NEAR(state.normal(), 0.4001572083672233, 1e-15);
  EXPECT_NEAR(state.normal(), 0.9787379841057392, 1e-15);
  EXPECT_NEAR(state.normal(), 2.240893199201458, 1e-15);
}

TEST(NumpyRandomState, UniformMatchesNumpy) {
  NumpyRandomState state(42);
  EXPECT_NEAR(state.uniform(), 0.3745401188473625, 1e-15);
  EXPECT_NEAR(state.uniform(), 0.9507143064099162, 1e-15);
}

}  // namespace lifted
