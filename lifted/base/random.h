// Seeded random streams. Nothing that the library computes depends on a global generator.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace lifted {

/// The stream of numpy.random.RandomState(seed), which StyleGAN's tools draw latents from.
class NumpyRandomState {
 public:
  explicit NumpyRandomState(uint32_t seed) : engine_(seed) {}

  /// Uniform in [0, 1) with 53 random bits, as random_sample().
  double uniform();
  /// Standard normal by the polar method, as randn().
  double normal();

 private:
  std::mt19937 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// `count` numbers of numpy.random.RandomState(seed).randn(count), rounded to float.
std::vector<float> numpy_randn(uint32_t seed, int64_t count);

}  // namespace lifted
