// How a run may round: chosen once, written to its record.
#pragma once

#include <optional>
#include <string>

#include "lifted/base/tensor.h"

namespace lifted {

/// What StyleGAN2's blocks of high resolution compute in (nets/half_blocks.h), and whether a GPU may round the factors
/// of float32 products to 10 bits (tf32).
enum class Precision { fp32, tf32, bf16, fp16 };

/// "fp32", "tf32", "bf16", "fp16". UsageError naming `option` for another word.
Precision parse_precision(const std::string& name, const char* option = "--precision");
const char* name_of(Precision precision);
/// bf16's or fp16's type; nothing for the others.
std::optional<torch::ScalarType> half_type(Precision precision);

/// What libtorch may do on a GPU. A CPU does neither.
struct NumericsPolicy {
  bool tf32 = false;
  bool deterministic = true;  // libraries take only algorithms that sum in one order, and none by a race of timings

  static NumericsPolicy of(Precision precision) { return {.tf32 = precision == Precision::tf32}; }
  bool operator==(const NumericsPolicy&) const = default;
};

/// Of the whole process. prepare_process() sets the default: TF32, which libtorch has on in convolutions, is off.
void set_numerics(const NumericsPolicy& policy);
/// As libtorch has it now.
NumericsPolicy numerics();

/// A policy while it lives: what is measured amid a training in TF32 is measured without.
class WithNumerics {
 public:
  explicit WithNumerics(const NumericsPolicy& policy) : before_(numerics()) { set_numerics(policy); }
  ~WithNumerics() { set_numerics(before_); }
  WithNumerics(const WithNumerics&) = delete;
  WithNumerics& operator=(const WithNumerics&) = delete;

 private:
  NumericsPolicy before_;
};

}  // namespace lifted
