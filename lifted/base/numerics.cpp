#include "lifted/base/numerics.h"

#include <ATen/Context.h>

#include <array>
#include <utility>

#include "lifted/base/error.h"
#include "lifted/base/torch_compat.h"

namespace lifted {
namespace {

constexpr std::array<std::pair<const char*, Precision>, 4> kPrecisions = {
    {{"fp32", Precision::fp32}, {"tf32", Precision::tf32}, {"bf16", Precision::bf16}, {"fp16", Precision::fp16}}};

}  // namespace

Precision parse_precision(const std::string& name, const char* option) {
  for (const auto& [known, precision] : kPrecisions) {
    if (name == known) return precision;
  }
  usage_error("{} {}: expected fp32, tf32, bf16 or fp16", option, name);
}

const char* name_of(Precision precision) {
  for (const auto& [name, known] : kPrecisions) {
    if (precision == known) return name;
  }
  return "fp32";
}

std::optional<torch::ScalarType> half_type(Precision precision) {
  if (precision == Precision::bf16) return torch::kBFloat16;
  if (precision == Precision::fp16) return torch::kHalf;
  return {};
}

void set_numerics(const NumericsPolicy& policy) {
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(policy.tf32);
  context.setAllowTF32CuBLAS(policy.tf32);
  // Sums of half products stay in float32.
  context.setAllowFP16ReductionCuBLAS(false);
#if LIFTED_TORCH_VERSION >= 200
  context.setAllowBF16ReductionCuBLAS(false);
#endif
  context.setDeterministicCuDNN(policy.deterministic);
  context.setBenchmarkCuDNN(false);
}

NumericsPolicy numerics() {
  const at::Context& context = at::globalContext();
  return {.tf32 = context.allowTF32CuDNN(), .deterministic = context.deterministicCuDNN()};
}

}  // namespace lifted
