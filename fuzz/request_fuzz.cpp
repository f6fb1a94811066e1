// Any body of a POST is named values, each of which is in its range, or refused.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "lifted/base/error.h"
#include "lifted/viewer/fields.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    auto fields = lifted::viewer::Fields::of_json({reinterpret_cast<const char*>(data), size});
    const auto seed = fields.integer("seed", 0, UINT32_MAX);
    if (seed && (*seed < 0 || *seed > UINT32_MAX)) std::abort();
    const auto psi = fields.number("psi", -2, 2);
    if (psi && !(std::abs(*psi) <= 2)) std::abort();
    fields.choice("what", "image", {"image", "depth"});
    fields.color("background");
    fields.finish();
  } catch (const lifted::Error&) {
  }
  return 0;
}
