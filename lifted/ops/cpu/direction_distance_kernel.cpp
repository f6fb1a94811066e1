#include "lifted/ops/cpu/direction_distance_kernel.h"

#include <cmath>

#include "lifted/ops/cpu/vector16.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

constexpr float kShortest = 1e-12f;  // vectors below have no direction

float inverse_length(float square) {
  const float length = std::sqrt(square);
  return length <= kShortest ? 0.0f : 1 / length;
}

struct Place {
  float inverse_x, inverse_target, cosine;
};

Place measure(const float* x, const float* t, int64_t channels) {
  Vector16 xx{}, tt{}, xt{};
  int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) {
    const Vector16 a = load16(x + c), b = load16(t + c);
    xx = multiply_add(a, a, xx);
    tt = multiply_add(b, b, tt);
    xt = multiply_add(a, b, xt);
  }
  float sum_xx = sum16(xx), sum_tt = sum16(tt), sum_xt = sum16(xt);
  for (; c < channels; ++c) {
    sum_xx += x[c] * x[c];
    sum_tt += t[c] * t[c];
    sum_xt += x[c] * t[c];
  }
  const float inverse_x = inverse_length(sum_xx), inverse_target = inverse_length(sum_tt);
  return {inverse_x, inverse_target, sum_xt * inverse_x * inverse_target};
}

}  // namespace

void direction_distance(const DirectionDistanceParams& p) {
  double sum = 0;
  for (int64_t i = p.begin; i < p.end; ++i) {
    const float *x = p.x + i * p.channels, *t = p.target + i * p.channels;
    const Place place = measure(x, t, p.channels);
    const Vector16 inverse_x = fill16(place.inverse_x), inverse_target = fill16(place.inverse_target);
    Vector16 squares{};
    int64_t c = 0;
    for (; c + kLanes <= p.channels; c += kLanes) {
      const Vector16 difference = load16(x + c) * inverse_x - load16(t + c) * inverse_target;
      squares = multiply_add(difference, difference, squares);
    }
    float distance = sum16(squares);
    for (; c < p.channels; ++c) {
      const float difference = x[c] * place.inverse_x - t[c] * place.inverse_target;
      distance += difference * difference;
    }
    sum += p.weight ? p.weight[i] * distance : distance;
  }
  *p.sum = sum;
}

void direction_distance_gradient(const DirectionDistanceParams& p) {
  for (int64_t i = p.begin; i < p.end; ++i) {
    const float *x = p.x + i * p.channels, *t = p.target + i * p.channels;
    float* gradient = p.gradient + i * p.channels;
    const Place place = measure(x, t, p.channels);
    // What is left of 2·(x̂ − t̂) across x̂ is 2·(cos·x̂ − t̂); dividing by |x| makes it a derivative.
    const float factor = 2 * p.scale * (p.weight ? p.weight[i] : 1.0f) * place.inverse_x;
    const float of_x = factor * place.cosine * place.inverse_x, of_target = -factor * place.inverse_target;
    const Vector16 many_x = fill16(of_x), many_target = fill16(of_target);
    int64_t c = 0;
    for (; c + kLanes <= p.channels; c += kLanes) {
      store16(gradient + c, multiply_add(load16(x + c), many_x, load16(t + c) * many_target));
    }
    for (; c < p.channels; ++c) gradient[c] = x[c] * of_x + t[c] * of_target;
  }
}

}  // namespace lifted::ops::LIFTED_ISA
