// Where the reference data lives, and how tensors are compared with it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "lifted/base/state_dict.h"

namespace lifted::test {

/// The checkout the tests were built from.
std::filesystem::path source_folder();

/// tests/data/<name>: small fixtures that ship with the project.
std::filesystem::path data_file(const std::string& name);

/// The shared reference folder (environment variable LIFTED_SHARED, else ../shared beside the project), or empty.
std::filesystem::path shared_folder();

/// Whether tests must fail where shared files are absent: LIFTED_REQUIRE_GOLDEN=1.
bool shared_files_required();

/// A tensor file of the golden set, or an unpacked checkpoint of it (unpacked into a cache folder on first use); empty
/// if the shared folder is absent.
std::filesystem::path golden_file(const std::string& name);

/// Where golden comparisons compute: LIFTED_TEST_DEVICE (scripts/gpu-check.sh), else the CPU. And a golden file's
/// tensors there.
torch::Device golden_device();
StateDict read_golden(const std::filesystem::path& file);

/// How two tensors differ: |a − b| over all elements, in float64.
struct Difference {
  double max = 0, median = 0, p999 = 0;
  /// Share of the elements within the tolerance given to compare().
  double within = 0;
};
Difference compare(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance);

/// Prints one line per compared tensor ("canon_depth  max … p99.9 … median …") and fails the test if shapes differ, if
/// the median exceeds `median_tolerance`, or if fewer than `share` of the elements are within `tolerance`.
void expect_close(const std::string& name, const torch::Tensor& actual, const torch::Tensor& expected, double tolerance,
                  double share = 1.0, double median_tolerance = 1e9);

/// Each pixel four times as wide and high: golden images of StyleGAN2 are stored at a quarter of their size.
torch::Tensor enlarged(const torch::Tensor& image);

/// A folder of its own for one test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace lifted::test

/// Leaves the test, saying loudly what is missing: as skipped, or where LIFTED_REQUIRE_GOLDEN is 1 (.ci/run) as failed.
#define LIFTED_LEAVE_WITHOUT(what)                                                                             \
  do {                                                                                                         \
    if (::lifted::test::shared_files_required()) GTEST_FAIL() << what << ", and LIFTED_REQUIRE_GOLDEN is set"; \
    GTEST_SKIP() << "SKIPPED: " << what << " (set LIFTED_SHARED)";                                             \
  } while (false)

#define LIFTED_GOLDEN_OR_SKIP(variable, name)                               \
  const std::filesystem::path variable = ::lifted::test::golden_file(name); \
  if (variable.empty()) LIFTED_LEAVE_WITHOUT("golden file " << name << " is absent")
