#!/usr/bin/env bash
# Runs every benchmark program of a build folder, one after the other.
set -euo pipefail
build=${1:-build/release}
for program in "$build"/bench/*_bench; do
  printf '\n== %s\n' "$(basename "$program")"
  "$program"
done
