#!/bin/sh
# Runs every fuzz target on its kept corpus (fuzz/corpus/<name>), two at a time; fails on any finding and leaves it in build/fuzz/findings.
#   scripts/fuzz.sh [SECONDS]     per target, default 60
set -eu

seconds=${1:-60}
cd "$(dirname "$0")/.."
[ -f build/fuzz/CMakeCache.txt ] || cmake --preset fuzz
cmake --build build/fuzz --target fuzzers

work=build/fuzz
mkdir -p "$work/findings" "$work/logs"

# Runs one target: new inputs go to a folder of their own, the kept corpus is only read.
run_one() {
  name=$1
  [ -x "$work/fuzz/$name" ] || { echo "$name: not built (-DLIFTED_FUZZ_NETWORKS=ON)"; return; }
  grown="$work/grown/$name"
  mkdir -p "$grown"
  if OMP_NUM_THREADS=1 ASAN_OPTIONS=quarantine_size_mb=64 LSAN_OPTIONS="suppressions=$PWD/scripts/lsan.supp:print_suppressions=0" \
    "$work/fuzz/$name" "$grown" "fuzz/corpus/$name" -max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=512 \
    -timeout=20 -max_len=1048576 -print_final_stats=1 -artifact_prefix="$work/findings/$name-" >"$work/logs/$name.log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/logs/$name.log") runs, nothing found"
  else
    echo "$name: FINDING, see $work/logs/$name.log" >&2
    tail -n 30 "$work/logs/$name.log" >&2
    return 1
  fi
}

# Two at a time; a failing one fails the script after its partner has ended.
failed=0
set -- fuzz/*_fuzz.cpp
while [ $# -gt 0 ]; do
  first=$(basename "$1" .cpp)
  shift
  run_one "$first" &
  one=$!
  two=""
  if [ $# -gt 0 ]; then
    second=$(basename "$1" .cpp)
    shift
    run_one "$second" &
    two=$!
  fi
  wait "$one" || failed=1
  [ -z "$two" ] || wait "$two" || failed=1
done
exit $failed
