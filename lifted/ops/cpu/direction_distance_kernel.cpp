#include "lifted/ops/cpu/direction_distance_kernel.h"

#include "lifted/ops/core/direction.h"
#include "lifted/ops/cpu/simd.h"

namespace lifted::ops::LIFTED_ISA {
namespace {

struct Place {
  float inverse_x, inverse_target, cosine;
};

Place measure(const float* x, const float* t, int64_t channels) {
  Floats16 xx = broadcast(0), tt = xx, xt = xx;
  int64_t c = 0;
  for (; c + kLanes16 <= channels; c += kLanes16) {
    const Floats16 a = load(x + c), b = load(t + c);
    xx = multiply_add(a, a, xx);
    tt = multiply_add(b, b, tt);
    xt = multiply_add(a, b, xt);
  }
  float sum_xx = horizontal_sum(xx), sum_tt = horizontal_sum(tt), sum_xt = horizontal_sum(xt);
  for (; c < channels; ++c) {
    sum_xx += x[c] * x[c];
    sum_tt += t[c] * t[c];
    sum_xt += x[c] * t[c];
  }
  const float inverse_x = core::inverse_length(sum_xx), inverse_target = core::inverse_length(sum_tt);
  return {inverse_x, inverse_target, sum_xt * inverse_x * inverse_target};
}

}  // namespace

void direction_distance(const DirectionDistanceParams& p) {
  double sum = 0;
  for (int64_t i = p.begin; i < p.end; ++i) {
    const float *x = p.x + i * p.channels, *t = p.target + i * p.channels;
    const Place place = measure(x, t, p.channels);
    const Floats16 inverse_x = broadcast(place.inverse_x), inverse_target = broadcast(place.inverse_target);
    Floats16 squares = broadcast(0);
    int64_t c = 0;
    for (; c + kLanes16 <= p.channels; c += kLanes16) {
      const Floats16 difference = load(x + c) * inverse_x - load(t + c) * inverse_target;
      squares = multiply_add(difference, difference, squares);
    }
    float distance = horizontal_sum(squares);
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
    const Floats16 many_x = broadcast(of_x), many_target = broadcast(of_target);
    int64_t c = 0;
    for (; c + kLanes16 <= p.channels; c += kLanes16) {
      store(gradient + c, multiply_add(load(x + c), many_x, load(t + c) * many_target));
    }
    for (; c < p.channels; ++c) gradient[c] = x[c] * of_x + t[c] * of_target;
  }
}

}  // namespace lifted::ops::LIFTED_ISA
