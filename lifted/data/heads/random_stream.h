// Independent random streams addressed by (data set seed, identity or image index, purpose): any sample can be drawn
// without the others.
#pragma once

#include <array>
#include <cstdint>

namespace lifted::data::heads {

/// What a stream is for. Shape to Eyes and Noise are addressed by the identity, the others by the image.
enum class Purpose : uint64_t {
  shape = 1,
  skin = 2,
  hair = 3,
  beard = 4,
  eyes = 5,
  expression = 6,
  view = 7,
  light = 8,
  background = 9,
  noise = 10,
  cloth = 11
};

/// xoshiro256** seeded through splitmix64.
class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t id, Purpose purpose);

  uint64_t next();
  /// [0, 1) with 53 bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal(double mean = 0, double deviation = 1);
  double beta(double a, double b);
  /// 0 … count-1.
  int index(int count);
  bool chance(double probability) { return uniform() < probability; }
  uint32_t seed30() { return static_cast<uint32_t>(next() >> 34); }

 private:
  double gamma(double shape);
  std::array<uint64_t, 4> state_;
};

/// One step of the splitmix64 generator applied to x.
uint64_t splitmix64(uint64_t x);

}  // namespace lifted::data::heads
