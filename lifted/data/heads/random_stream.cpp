#include "lifted/data/heads/random_stream.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace lifted::data::heads {

uint64_t splitmix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

RandomStream::RandomStream(uint64_t seed, uint64_t id, Purpose purpose) {
  uint64_t state = splitmix64(splitmix64(splitmix64(seed) ^ id) ^ static_cast<uint64_t>(purpose));
  for (uint64_t& word : state_) word = state = splitmix64(state);
}

uint64_t RandomStream::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9, t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double RandomStream::uniform() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

double RandomStream::normal(double mean, double deviation) {
  const double radius = std::sqrt(-2 * std::log(1 - uniform())), angle = 2 * std::numbers::pi * uniform();
  return mean + deviation * radius * std::cos(angle);
}

// Marsaglia and Tsang's method, for shape >= 1.
double RandomStream::gamma(double shape) {
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(), v = std::pow(1 + c * x, 3), u = uniform();
    if (v > 0 && std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double RandomStream::beta(double a, double b) {
  const double x = gamma(a);
  return x / (x + gamma(b));
}

int RandomStream::index(int count) {
  return static_cast<int>(uniform() * count);
}

}  // namespace lifted::data::heads
