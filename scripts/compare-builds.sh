#!/usr/bin/env bash
# The same benchmark program of two build folders, one round after the other in turn, on one thread: medians of its processor time.
#   scripts/compare-builds.sh build/release build/torch2 5 pipeline_bench --benchmark_filter='/8/'
set -euo pipefail
[ $# -ge 4 ] || { echo "usage: scripts/compare-builds.sh BUILD_A BUILD_B ROUNDS PROGRAM [OPTION...]" >&2; exit 2; }
a=$1 b=$2 rounds=$3 program=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for build in "$a" "$b"; do
  [ -x "$build/bench/$program" ] || { echo "error: $build/bench/$program: no such program; build the target $program" >&2; exit 1; }
done
for ((round = 0; round < rounds; ++round)); do
  for build in "$a" "$b"; do
    OMP_NUM_THREADS=1 "$build/bench/$program" --benchmark_format=csv "$@" >"$work/csv" 2>"$work/log" ||
      { cat "$work/log" >&2; echo "error: $build/bench/$program failed" >&2; exit 1; }
    # name,iterations,real_time,cpu_time,time_unit,…; no name here has a comma.
    awk -F, -v build="$build" '/^name,iterations/ { on = 1; next } on { gsub(/"/, "", $1); print build "," $1 "," $4 "," $5 }' \
      "$work/csv" >>"$work/times"
  done
done
[ -s "$work/times" ] || { echo "error: $program measured nothing: $*" >&2; exit 1; }
median() { # BUILD NAME
  awk -F, -v b="$1" -v n="$2" '$1 == b && $2 == n { print $3 }' "$work/times" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
echo "| $program | $a | $b | ratio |"
echo "|---|---|---|---|"
cut -d, -f2 "$work/times" | awk '!seen[$0]++' | while read -r name; do
  unit=$(awk -F, -v n="$name" '$2 == n { print $4; exit }' "$work/times")
  awk -v n="$name" -v a="$(median "$a" "$name")" -v b="$(median "$b" "$name")" -v u="$unit" \
    'BEGIN { printf "| %s | %.4g %s | %.4g %s | %.2f |\n", n, a, u, b, u, b / a }'
done
