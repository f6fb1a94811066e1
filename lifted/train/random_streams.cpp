#include "lifted/train/random_streams.h"

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/nets/init.h"

namespace lifted::train {
namespace {

constexpr int64_t kLargestForeignState = 64;  // bytes; a CPU generator's has 5,056

}  // namespace

uint64_t derived_seed(uint64_t seed, std::string_view name) {
  const std::string text = fmt::format("{}/{}", seed, name);
  return std::stoull(sha256_of(text.data(), text.size()).substr(0, 16), nullptr, 16);
}

at::Generator& RandomStreams::get(const std::string& name) {
  const auto found = streams_.find(name);
  if (found != streams_.end()) return found->second;
  return streams_.emplace(name, nets::seeded_generator(derived_seed(seed_, name))).first->second;
}

double RandomStreams::uniform(const std::string& name) {
  return torch::rand({1}, get(name), torch::kFloat64).item<double>();
}

StateDict RandomStreams::state() const {
  StateDict state;
  for (const auto& [name, generator] : streams_) state[name] = generator.get_state();
  return state;
}

void RandomStreams::load_state(const StateDict& state) {
  streams_.clear();
  for (const auto& [name, value] : state) {
    const torch::Tensor bytes = value.cpu().contiguous();
    if (bytes.numel() > 0 && static_cast<int64_t>(bytes.nbytes()) <= kLargestForeignState) {
      const std::string from = sha256_of(bytes.data_ptr(), bytes.nbytes());
      streams_.emplace(name, nets::seeded_generator(derived_seed(seed_, name + "/" + from)));
      continue;
    }
    try {
      auto generator = nets::seeded_generator(0);
      generator.set_state(bytes);
      streams_.emplace(name, generator);
    } catch (const c10::Error&) {
      fail("training state: the random stream '{}' is not one of this libtorch ({} bytes)", name, bytes.nbytes());
    }
  }
}

}  // namespace lifted::train
