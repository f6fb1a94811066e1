#include "lifted/train/random_streams.h"

#include <fmt/format.h>

#include "lifted/base/file.h"
#include "lifted/nets/init.h"
#include "lifted/ops/counter_normal.h"

namespace lifted::train {

uint64_t derived_seed(uint64_t seed, std::string_view name) {
  const std::string text = fmt::format("{}/{}", seed, name);
  return std::stoull(sha256_of(text.data(), text.size()).substr(0, 16), nullptr, 16);
}

RandomStreams::RandomStreams(uint64_t seed, int64_t step, int64_t shard)
    : seed_(seed), place_(fmt::format("/step {}/shard {}", step, shard)) {}

at::Generator& RandomStreams::get(const std::string& name) {
  const auto found = streams_.find(name);
  if (found != streams_.end()) return found->second;
  return streams_.emplace(name, nets::seeded_generator(derived_seed(seed_, name + place_))).first->second;
}

torch::Tensor RandomStreams::normal(const std::string& name, at::IntArrayRef sizes, torch::Device device) {
  const int64_t count = c10::multiply_integers(sizes);
  uint64_t& block = blocks_[name];
  const auto numbers = ops::counter_normal(count, derived_seed(seed_, name + place_ + "/normal"), block, device);
  block += static_cast<uint64_t>(count + 3) / 4;
  return numbers.view(sizes);
}

double RandomStreams::uniform(const std::string& name) {
  return torch::rand({1}, get(name), torch::kFloat64).item<double>();
}

}  // namespace lifted::train
