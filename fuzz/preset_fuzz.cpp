// Any text is a preset whose values are in their ranges, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "lifted/app/presets.h"
#include "lifted/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto preset = lifted::app::parse_preset({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (preset.contains("batch") && preset["batch"].get<double>() < 1) std::abort();
  } catch (const lifted::Error&) {
  }
  return 0;
}
