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
  grown="$work/grown/$name"
  mkdir -p "$grown"
  case $name in
    face_model_fuzz) longest=262144 ;;  # the hair's base alone takes 167,000
    *) longest=65536 ;;
  esac
  if OMP_NUM_THREADS=1 LSAN_OPTIONS="suppressions=$PWD/scripts/lsan.supp:print_suppressions=0" \
    "$work/fuzz/$name" "$grown" "fuzz/corpus/$name" -max_total_time="$seconds" -rss_limit_mb=3000 -malloc_limit_mb=1500 \
    -timeout=20 -max_len="$longest" -print_final_stats=1 -artifact_prefix="$work/findings/$name-" >"$work/logs/$name.log" 2>&1; then
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
