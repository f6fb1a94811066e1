#include "lifted/data/heads/morph.h"

namespace lifted::data::heads::LIFTED_ISA {

void add_morphs(const MorphTerm* terms, int count, float* out, int64_t n) {
  constexpr int64_t block = 4096;  // stays in the first-level cache over all terms
  for (int64_t start = 0; start < n; start += block) {
    const int64_t end = start + block < n ? start + block : n;
    for (int k = 0; k < count; ++k) {
      const float* __restrict offsets = terms[k].offsets;
      float* __restrict sum = out;
      const float weight = terms[k].weight;
      for (int64_t i = start; i < end; ++i) sum[i] += weight * offsets[i];
    }
  }
}

}  // namespace lifted::data::heads::LIFTED_ISA
