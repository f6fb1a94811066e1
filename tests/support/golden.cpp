#include "tests/support/golden.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lifted/base/runtime.h"
#include "lifted/formats/safetensors.h"
#include "test_paths.h"

namespace lifted::test {
namespace fs = std::filesystem;

fs::path source_folder() {
  return LIFTED_SOURCE_DIR;
}

fs::path data_file(const std::string& name) {
  return source_folder() / "tests" / "data" / name;
}

fs::path shared_folder() {
  if (const char* set = std::getenv("LIFTED_SHARED")) return set;
  const fs::path beside = source_folder() / ".." / "shared";
  return fs::is_directory(beside / "golden") ? fs::canonical(beside) : fs::path();
}

namespace {

fs::path unpacked_checkpoints() {
  static const fs::path folder = [] {
    const fs::path script = shared_folder() / "golden" / "unpack.sh";
    fs::path result;
    if (FILE* pipe = popen(("sh '" + script.string() + "'").c_str(), "r")) {
      char line[4096] = {};
      if (fgets(line, sizeof line, pipe)) result = std::string(line, std::strcspn(line, "\n"));
      if (pclose(pipe) != 0) result.clear();
    }
    return result;
  }();
  return folder;
}

}  // namespace

bool shared_files_required() {
  const char* required = std::getenv("LIFTED_REQUIRE_GOLDEN");
  return required && std::string(required) == "1";
}

fs::path golden_file(const std::string& name) {
  const fs::path shared = shared_folder();
  if (shared.empty()) return {};
  const fs::path direct = shared / "golden" / name;
  if (fs::exists(direct)) return direct;
  if (!fs::exists(direct.string() + ".gz")) return {};
  const fs::path unpacked = unpacked_checkpoints() / name;
  return fs::exists(unpacked) ? unpacked : fs::path();
}

torch::Device golden_device() {
  const char* name = std::getenv("LIFTED_TEST_DEVICE");
  return parse_device(name ? name : "cpu");
}

StateDict read_golden(const fs::path& file) {
  StateDict tensors = formats::read_safetensors(file);
  for (auto& [name, tensor] : tensors) tensor = tensor.to(golden_device());
  return tensors;
}

Difference compare(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance) {
  const auto difference =
      (actual.detach().to(torch::kCPU, torch::kFloat64) - expected.detach().to(torch::kCPU, torch::kFloat64))
          .abs()
          .flatten()
          .contiguous();
  Difference result;
  if (difference.numel() == 0) {
    result.within = 1;
    return result;
  }
  const auto sorted = std::get<0>(difference.nan_to_num(1e30, 1e30, 1e30).sort());
  const auto count = sorted.numel();
  const double* values = sorted.data_ptr<double>();
  result.max = values[count - 1];
  result.median = values[count / 2];
  result.p999 = values[std::min(count - 1, static_cast<int64_t>(0.999 * static_cast<double>(count)))];
  result.within =
      static_cast<double>(std::upper_bound(values, values + count, tolerance) - values) / static_cast<double>(count);
  return result;
}

void expect_close(const std::string& name, const torch::Tensor& actual, const torch::Tensor& expected, double tolerance,
                  double share, double median_tolerance) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
  const Difference difference = compare(actual, expected, tolerance);
  std::printf("  %-34s max %.3e  p99.9 %.3e  median %.3e  within %.0e: %.5f %%\n", name.c_str(), difference.max,
              difference.p999, difference.median, tolerance, 100 * difference.within);
  EXPECT_GE(difference.within, share) << name << ": too few elements within " << tolerance;
  EXPECT_LE(difference.median, median_tolerance) << name << ": median difference";
}

torch::Tensor enlarged(const torch::Tensor& image) {
  return image.repeat_interleave(4, 2).repeat_interleave(4, 3);
}

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> counter{0};
  path_ = fs::temp_directory_path() / fmt::format("lifted-test-{}-{}", ::getpid(), counter++);
  fs::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace lifted::test
