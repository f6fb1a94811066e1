#include "lifted/train/borrowed_noise.h"

namespace lifted::train {
namespace {
using torch::Tensor;

constexpr int64_t kSmallestMap = 8;

}  // namespace

BorrowedNoise::BorrowedNoise(const nets::Stylegan2Generator& generator, at::Generator random) {
  const torch::NoGradGuard guard;
  for (const auto& item : generator->named_buffers()) {
    if (item.key().find("noises.") == std::string::npos) continue;
    maps_.push_back(item.value());
    values_.push_back(item.value().clone());
    maps_.back().copy_(torch::randn(item.value().sizes(), random));
    maps_.back().requires_grad_(true);
  }
}

BorrowedNoise::~BorrowedNoise() {
  const torch::NoGradGuard guard;
  for (size_t i = 0; i < maps_.size(); ++i) {
    maps_[i].requires_grad_(false);
    maps_[i].copy_(values_[i]);
  }
}

void BorrowedNoise::normalize() {
  const torch::NoGradGuard guard;
  for (auto& map : maps_) {
    map.sub_(map.mean());
    map.mul_(map.square().mean().rsqrt());
  }
}

Tensor noise_autocorrelation(const Tensor& noise) {
  Tensor map = noise, sum;
  while (true) {
    for (const int64_t axis : {2, 3}) {
      const Tensor term = (map * map.roll(1, axis)).mean().square();
      sum = sum.defined() ? sum + term : term;
    }
    if (map.size(2) <= kSmallestMap) return sum;
    map = torch::avg_pool2d(map, 2);
  }
}

}  // namespace lifted::train
