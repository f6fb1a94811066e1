// compare_states A B [TOLERANCE]: how two training states differ. Exit code 1 if a tensor differs by more than
// TOLERANCE (0) of its norm.
#include <cstdio>
#include <cstdlib>

#include "lifted/train/snapshot.h"

int main(int argc, char** argv) {
  using lifted::train::read_training_state;
  const double tolerance = argc > 3 ? std::atof(argv[3]) : 0;
  const auto a = read_training_state(argv[1]), b = read_training_state(argv[2]);
  double largest = 0;
  int different = 0;
  bool same_names = a.tensors.size() == b.tensors.size() && a.images == b.images;
  for (const auto& [name, tensor] : a.tensors) {
    if (!b.tensors.contains(name)) {
      same_names = false;
      continue;
    }
    const auto x = tensor.to(torch::kFloat64), y = b.tensors.at(name).to(torch::kFloat64);
    if (x.equal(y)) continue;
    ++different;
    largest = std::max(largest, ((x - y).norm() / x.norm().clamp_min(1e-12)).item<double>());
  }
  std::printf("%lld images, %zu tensors, %d differ, by at most %.2g of their norm; counters %s\n",
              static_cast<long long>(a.images), a.tensors.size(), different, largest,
              a.values.at("task") == b.values.at("task") ? "equal" : "differ");
  return same_names && largest <= tolerance ? 0 : 1;
}
