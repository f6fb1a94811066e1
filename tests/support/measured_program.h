// Runs the real program and measures what it took.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lifted::test {

struct ProgramResult {
  int exit_code = -1;  // 128 + the signal's number if one ended it
  std::string output, errors;
};

struct MeasuredRun : ProgramResult {
  uint64_t peak_bytes = 0;  // resident memory at its highest
  double user_seconds = 0;
};

/// The file named by LIFTED_PROGRAM, or the release build's.
std::string program_path();

/// The command's exit code, or 128 + the number of the signal that ended it.
int run_in_shell(const std::string& command);

/// The program with these arguments; standard input is closed.
MeasuredRun measured_run(const std::vector<std::string>& arguments);

/// What the run took beyond the program and its libraries, which with CUDA's are half a gigabyte before anything is
/// done: less the peak of a run that finds nothing to do.
uint64_t bytes_beyond_idle(const MeasuredRun& run);

/// Sanitizers keep several times the memory: limits are judged without them.
#if defined(__SANITIZE_ADDRESS__)  // GCC
inline constexpr bool kMemoryIsInstrumented = true;
#elif defined(__has_feature)
inline constexpr bool kMemoryIsInstrumented = __has_feature(address_sanitizer);
#else
inline constexpr bool kMemoryIsInstrumented = false;
#endif

}  // namespace lifted::test
