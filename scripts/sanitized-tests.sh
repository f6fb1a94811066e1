#!/usr/bin/env bash
# Runs the default tests of a sanitizer build. Heavy ones (whole pipelines, 256 pixels, training runs, what libtorch computes
# for long) are left to the release build: they run the same code of ours as the small ones and take many times longer here.
set -euo pipefail
build=${1:?usage: scripts/sanitized-tests.sh BUILD_FOLDER}
cd "$(dirname "$0")/.."
export ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=0:detect_stack_use_after_return=0"
export LSAN_OPTIONS="suppressions=$PWD/scripts/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
export OMP_WAIT_POLICY=passive  # two tests at a time, each with as many threads as there are cores: waiting threads must not spin
ctest --test-dir "$build" -LE "slow|heavy" --output-on-failure -j 2
