// What the program says when it cannot go on.
#pragma once

namespace lifted::app {

/// Prints the exception in flight to stderr as one "error: …" line and returns the exit code: 2 for UsageError, else 1.
/// Of libtorch's errors the first line stays, and memory that cannot be had is said in words; LIFTED_BACKTRACE=1 prints
/// the whole of them. Call in a catch block.
int report_failure();

}  // namespace lifted::app
