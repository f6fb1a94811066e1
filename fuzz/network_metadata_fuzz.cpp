// Any text is a configuration of a network file's metadata or an Error; one that is read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "lifted/base/json.h"
#include "lifted/model/lift_config.h"
#include "lifted/nets/lifting_config.h"
#include "lifted/nets/stylegan2_config.h"

namespace {

template <typename Config>
void read(const nlohmann::json& json) {
  try {
    const auto config = Config::from_json(json);
    if (Config::from_json(config.to_json()).to_json() != config.to_json()) std::abort();
  } catch (const lifted::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto json = lifted::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (lifted::shown(json).size() > 200) std::abort();
    read<lifted::nets::Stylegan2Config>(json);
    read<lifted::nets::LiftingConfig>(json);
    read<lifted::model::LiftConfig>(json);
  } catch (const lifted::Error&) {
  }
  return 0;
}
