#include "lifted/ops/cpu/isa.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace lifted::ops {
namespace {

IsaLevel processor_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw")) {
    return IsaLevel::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return IsaLevel::avx2;
#endif
  return IsaLevel::baseline;
}

IsaLevel chosen_level() {
  const char* asked = std::getenv("LIFTED_ISA");
  if (!asked) return processor_level();
  const std::string name = asked;
  const IsaLevel level = name == "avx512" ? IsaLevel::avx512 : name == "avx2" ? IsaLevel::avx2 : IsaLevel::baseline;
  return std::min(level, processor_level());
}

}  // namespace

IsaLevel isa_level() {
  static const IsaLevel level = chosen_level();
  return level;
}

const char* isa_name(IsaLevel level) {
  return level == IsaLevel::avx512 ? "avx512" : level == IsaLevel::avx2 ? "avx2" : "baseline";
}

}  // namespace lifted::ops
