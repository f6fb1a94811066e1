#include "lifted/ops/convolution_choice.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/base/json.h"
#include "lifted/base/runtime.h"
#include "lifted/ops/cpu/direct_conv.h"
#include "lifted/ops/cpu/isa.h"
#include "lifted/ops/cpu/winograd.h"

namespace lifted::ops {
namespace {
using Algorithm = ConvolutionAlgorithm;
using Policy = ConvolutionPolicy;

constexpr std::array kAlgorithms = {Algorithm::libtorch, Algorithm::libtorch_planar, Algorithm::direct,
                                    Algorithm::winograd};
constexpr std::array kAlgorithmNames = {"libtorch", "libtorch, planar", "direct", "Winograd"};
/// Fewer channels than this leave most of a vector empty.
constexpr int64_t kThin = 8;

std::optional<Algorithm> algorithm_named(const nlohmann::json& name) {
  for (const Algorithm algorithm : kAlgorithms) {
    if (name == kAlgorithmNames[static_cast<size_t>(algorithm)]) return algorithm;
  }
  return std::nullopt;
}

double fastest_of_three(const std::function<void()>& run) {
  run();  // what is made once is made now
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace

std::string ConvolutionKind::name() const {
  constexpr std::array kMaps = {"forward", "input gradient", "weight gradient"};
  return fmt::format("{} {}→{} {}×{}/{}+{}×{} at {}×{}", kMaps[static_cast<size_t>(map)], in, out, kernel_y, kernel_x,
                     stride, padding_y, padding_x, height, width);
}

ConvolutionPolicy convolution_policy() {
  static const Policy policy = [] {
    const char* name = std::getenv("LIFTED_CONVOLUTION");
    const std::string wanted = name && *name ? name : "winograd";
    constexpr std::array kNames = {"libtorch", "direct", "winograd", "measured"};
    const auto* const found = std::ranges::find(kNames, wanted);
    if (found == kNames.end())
      usage_error("LIFTED_CONVOLUTION={}: expected libtorch, direct, winograd or measured", wanted);
    return static_cast<Policy>(found - kNames.begin());
  }();
  return policy;
}

bool can_compute(Algorithm algorithm, const ConvolutionKind& k) {
  if (algorithm == Algorithm::direct) {
    const bool thin = std::min(k.in, k.out) < kThin, pointwise = k.kernel_y * k.kernel_x == 1;
    return direct_conv_takes(k.in, k.out) && (!thin || (pointwise && k.map != ConvolutionMap::weight_gradient));
  }
  if (algorithm == Algorithm::winograd) {
    return k.kernel_y == 3 && k.kernel_x == 3 && k.stride == 1 && k.padding_x == k.padding_y && k.padding_x <= 2 &&
           winograd_takes(k.in, k.out, std::min(k.height, k.width));
  }
  return true;
}

Algorithm algorithm_by_rule(const ConvolutionKind& kind, Policy policy) {
  if (policy >= Policy::winograd && can_compute(Algorithm::winograd, kind)) return Algorithm::winograd;
  if (policy >= Policy::direct && can_compute(Algorithm::direct, kind)) return Algorithm::direct;
  return Algorithm::libtorch;
}

MeasuredConvolutions::MeasuredConvolutions(std::filesystem::path file, std::string machine)
    : file_(std::move(file)), machine_(std::move(machine)) {
  read();
}

Algorithm MeasuredConvolutions::fastest(const ConvolutionKind& kind, const std::function<void(Algorithm)>& run) {
  const std::string name = kind.name();
  if (const auto known = known_.find(name); known != known_.end() && can_compute(known->second, kind)) {
    return known->second;
  }
  Algorithm best = algorithm_by_rule(kind, Policy::winograd);
  double least = 0.95 * fastest_of_three([&] { run(best); });
  for (const Algorithm algorithm : kAlgorithms) {
    if (algorithm == best || !can_compute(algorithm, kind)) continue;
    const double seconds = fastest_of_three([&] { run(algorithm); });
    if (seconds < least) best = algorithm, least = seconds;
  }
  known_[name] = best;
  write();
  return best;
}

/// What cannot be read is measured again.
void MeasuredConvolutions::read() {
  try {
    if (file_.empty() || !std::filesystem::exists(file_)) return;
    const nlohmann::json stored = read_json_file(file_);
    const auto mine = stored.find(machine_);
    if (mine == stored.end() || !mine->is_object()) return;
    for (const auto& [name, algorithm] : mine->items()) {
      if (const auto known = algorithm_named(algorithm)) known_[name] = *known;
    }
  } catch (const std::exception&) {
    known_.clear();
  }
}

/// Beside what other machines and numbers of threads have there.
void MeasuredConvolutions::write() const {
  try {
    if (file_.empty()) return;
    nlohmann::json stored = nlohmann::json::object();
    try {
      if (std::filesystem::exists(file_)) stored = read_json_file(file_);
    } catch (const std::exception&) {  // is written anew
    }
    if (!stored.is_object()) stored = nlohmann::json::object();
    auto& mine = stored[machine_] = nlohmann::json::object();
    for (const auto& [name, algorithm] : known_) mine[name] = kAlgorithmNames[static_cast<size_t>(algorithm)];
    std::filesystem::create_directories(file_.parent_path());
    write_file_atomically(file_, stored.dump(1) + "\n", Flush::never);
  } catch (const std::exception&) {  // The next program measures again.
  }
}

Algorithm measured_algorithm(const ConvolutionKind& kind, const std::function<void(Algorithm)>& run) {
  static std::mutex mutex;
  static std::map<int, MeasuredConvolutions> by_threads;
  const std::lock_guard lock(mutex);
  const int threads = at::get_num_threads();
  auto found = by_threads.find(threads);
  if (found == by_threads.end()) {
    const auto folder = user_cache_folder();
    const auto machine =
        fmt::format("{}, {}, {}, {} threads", processor_name(), isa_name(isa_level()), libtorch_build(), threads);
    found = by_threads.try_emplace(threads, folder.empty() ? folder : folder / "convolutions.json", machine).first;
  }
  return found->second.fastest(kind, run);
}

std::string convolution_algorithms() {
  if (convolution_policy() == Policy::measured) {
    return fmt::format("what measured fastest ({})", (user_cache_folder() / "convolutions.json").string());
  }
  std::string names;
  const Policy policy = convolution_policy();
  if (policy >= Policy::winograd && winograd_takes(16, 16, 64)) names += "Winograd F(4×4, 3×3), ";
  if (policy >= Policy::direct && direct_conv_takes(16, 16)) names += "direct, ";
  return names + "libtorch";
}

}  // namespace lifted::ops
