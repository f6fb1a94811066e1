// compare_tensors A.safetensors B.safetensors TOLERANCE [SHARE]: the same program's tensors from two devices. One line
// a tensor: its name and the largest difference in units of its own largest value, as the p99.9 too; exits with 1
// unless SHARE of the elements (0.999; pixels along an occlusion's edge may show another triangle) of every tensor are
// within TOLERANCE.
#include <fmt/format.h>

#include <cstdlib>

#include "lifted/base/tensor.h"
#include "lifted/formats/safetensors.h"

namespace lifted {
namespace {

/// Whether enough of them are close. NaN is not close to anything.
bool compare(const std::string& name, const torch::Tensor& a, const torch::Tensor& b, double tolerance, double share) {
  if (a.sizes() != b.sizes() || a.numel() == 0) {
    fmt::print("{:<24} shapes differ\n", name);
    return false;
  }
  const auto expected = a.to(torch::kFloat64), actual = b.to(torch::kFloat64);
  const double scale = std::max(expected.abs().max().item<double>(), 1e-30);
  const auto difference = ((actual - expected).abs() / scale).flatten().nan_to_num(1e30, 1e30, 1e30);
  const double within = (difference <= tolerance).to(torch::kFloat64).mean().item<double>();
  fmt::print("{:<24} max {:.2e}  p99.9 {:.2e}\n", name, difference.max().item<double>(),
             std::get<0>(difference.sort())[(difference.numel() - 1) * 999 / 1000].item<double>());
  return within >= share;
}

int run(const char* first, const char* second, double tolerance, double share) {
  const StateDict a = formats::read_safetensors(first), b = formats::read_safetensors(second);
  bool close = a.size() == b.size() && !a.empty();
  for (const auto& [name, tensor] : a) {
    const auto other = b.find(name);
    close = other != b.end() && compare(name, tensor, other->second, tolerance, share) && close;
  }
  return close ? 0 : 1;
}

}  // namespace
}  // namespace lifted

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  try {
    return lifted::run(argv[1], argv[2], std::atof(argv[3]), argc > 4 ? std::atof(argv[4]) : 0.999);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
