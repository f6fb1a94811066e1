#!/usr/bin/env bash
# The same benchmark program of two build folders, one round after the other in turn, on one thread: medians of its processor time.
#   scripts/compare-builds.sh build/release build/torch2 5 pipeline_bench --benchmark_filter='/8$'
set -euo pipefail
[ $# -ge 4 ] || { echo "usage: scripts/compare-builds.sh BUILD_A BUILD_B ROUNDS PROGRAM [OPTION...]" >&2; exit 2; }
a=$1 b=$2 rounds=$3 program=$4
shift 4
times=$(mktemp)
trap 'rm -f "$times"' EXIT
for ((round = 0; round < rounds; ++round)); do
  for build in "$a" "$b"; do
    OMP_NUM_THREADS=1 "$build/bench/$program" --benchmark_format=csv "$@" 2>/dev/null |
      awk -F, -v build="$build" '/^name,iterations/ { on = 1; next } on { gsub(/"/, "", $1); print build "," $1 "," $4 "," $5 }' >>"$times"
  done
done
echo "| $program | $a | $b | ratio |"
echo "|---|---|---|---|"
cut -d, -f2 "$times" | awk '!seen[$0]++' | while read -r name; do
  median() { awk -F, -v b="$1" -v n="$name" '$1 == b && $2 == n { print $3 }' "$times" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
  unit=$(awk -F, -v n="$name" '$2 == n { print $4; exit }' "$times")
  ma=$(median "$a") mb=$(median "$b")
  awk -v n="$name" -v a="$ma" -v b="$mb" -v u="$unit" 'BEGIN { printf "| %s | %.4g %s | %.4g %s | %.2f |\n", n, a, u, b, u, b / a }'
done
