#include "lifted/train/random_streams.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include "lifted/base/error.h"
#include "lifted/base/file.h"

namespace lifted::train {
namespace {

/// A generator of its own. Those of other devices are copies of the device's default one, which the public interface
/// can make.
at::Generator new_generator(torch::Device device, uint64_t seed) {
  if (device.is_cpu()) return at::detail::createCPUGenerator(seed);
  auto generator = at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(seed);
  return generator;
}

}  // namespace

uint64_t derived_seed(uint64_t seed, std::string_view name) {
  const std::string text = fmt::format("{}/{}", seed, name);
  return std::stoull(sha256_of(text.data(), text.size()).substr(0, 16), nullptr, 16);
}

at::Generator& RandomStreams::get(const std::string& name, torch::Device device) {
  const auto found = streams_.find(name);
  if (found != streams_.end()) return found->second;
  return streams_.emplace(name, new_generator(device, derived_seed(seed_, name))).first->second;
}

double RandomStreams::uniform(const std::string& name) {
  return torch::rand({1}, get(name), torch::kFloat64).item<double>();
}

StateDict RandomStreams::state() const {
  StateDict state;
  for (const auto& [name, generator] : streams_) state[name] = generator.get_state();
  return state;
}

void RandomStreams::load_state(const StateDict& state, torch::Device device) {
  streams_.clear();
  for (const auto& [name, value] : state) {
    try {
      // A stream that lives on the device has the short state of its kind.
      auto generator = new_generator(value.numel() > 64 ? torch::Device(torch::kCPU) : device, 0);
      generator.set_state(value.contiguous());
      streams_.emplace(name, generator);
    } catch (const c10::Error&) {
      fail("training state: the random stream '{}' is not one of this libtorch or device ({} bytes)", name,
           value.numel());
    }
  }
}

}  // namespace lifted::train
