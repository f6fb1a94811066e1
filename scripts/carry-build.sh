#!/usr/bin/env bash
# Makes a folder that runs gpu-check.sh and gpu-train.sh on a bare machine with a card, a driver and a Python that has torch of the same version as
# the libtorch used here: the program without its optional parts, the test programs, shared libraries besides libtorch's, scripts and a network.
#   scripts/carry-build.sh OUT [BUILD_FOLDER]          of BUILD_FOLDER (default: build/carry), configured here if it is not there
# LIFTED_LIBTORCH: the folder of that libtorch (default: build/libtorch, see install-torch.sh). LIFTED_GOLDEN: a folder of reference files to take
# along.
set -euo pipefail
[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '4s/^# //p' "$0" >&2; exit 2; }
out=$1
cd "$(dirname "$0")/.."
build=${2:-build/carry}
stop() { echo "carry-build.sh: $*" >&2; exit 1; }
readonly limit=$((60 << 20))

libtorch=$(realpath "${LIFTED_LIBTORCH:-build/libtorch}") || stop "no libtorch: scripts/install-torch.sh brings one"
if [ ! -f "$build/CMakeCache.txt" ]; then
  # shellcheck disable=SC2016  # $ORIGIN is the loader's
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLIFTED_MINIMAL=ON -DLIFTED_BUILD_BENCH=OFF -DLIFTED_LIBTORCH="$libtorch" \
    -DCMAKE_BUILD_RPATH='$ORIGIN/../lib;$ORIGIN/../../lib' >/dev/null
fi
programs=(test_ops test_model compare_tensors device_timings)
cmake --build "$build" -j "${JOBS:-$(nproc)}" --target liftedgan "${programs[@]}"

if [ -e "$out" ]; then
  [ -f "$out/carried.txt" ] || stop "$out: exists and holds nothing carried; name another folder"
  rm -rf "$out"
fi
mkdir -p "$out"/{libexec/liftedgan,tests,lib,scripts,models}
cp "$build/liftedgan" "$out/"
cp "$build/libexec/liftedgan/liftedgan" "$out/libexec/liftedgan/"
for program in "${programs[@]}"; do cp "$build/tests/$program" "$out/tests/"; done
cp scripts/gpu-check.sh scripts/gpu-train.sh scripts/carried.sh "$out/scripts/"
cp models/heads-128.safetensors "$out/models/"
strip "$out/liftedgan" "$out/libexec/liftedgan/liftedgan" "$out"/tests/*

# What the programs load, but for the C and C++ libraries, libtorch's own and NVIDIA's, which the other machine has.
needed() { ldd "$out/libexec/liftedgan/liftedgan" "$out"/tests/* | awk '$2 == "=>" { print $1, $3 }' | sort -u; }
of_that_machine='^(linux-vdso|ld-linux.*|lib(c|m|dl|rt|util|pthread|stdc\+\+|gcc_s|torch.*|c10.*|caffe2.*|gomp.*|shm|cu.*|nv.*|nccl))\.so|^lib(gomp|cu|nv|nccl)'
while read -r name path; do
  [ "$path" != not ] || stop "$name is found nowhere"
  if ! [[ $name =~ $of_that_machine ]]; then cp -L "$path" "$out/lib/$name"; fi
done < <(needed)
# A library that is loaded for another's sake looks beside itself.
for library in "$out"/lib/*; do
  while read -r name; do
    [[ $name =~ $of_that_machine ]] || [ -f "$out/lib/$name" ] || stop "${library##*/} needs $name, which was not taken along"
  done < <(readelf -d "$library" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p')
done

if [ -n "${LIFTED_GOLDEN:-}" ]; then
  mkdir -p "$out/shared/golden"
  for file in estimate.safetensors render.safetensors generator.safetensors sweeps.safetensors liftedgan-256.pth.gz stylegan2-256.pt.gz unpack.sh; do
    cp "$LIFTED_GOLDEN/$file" "$out/shared/golden/"
  done
fi
{
  echo "made $(date -u +%F) of $(git describe --always --dirty 2>/dev/null || echo 'an unknown revision')"
  "$build/liftedgan" doctor | grep -E '^(liftedgan|libtorch|left out)'
} >"$out/carried.txt"
size=$(du -sb "$out" | cut -f1)
echo "$out: $((size >> 20)) MiB; then there: scripts/gpu-check.sh"
[ "$size" -le "$limit" ] || stop "$out is larger than $((limit >> 20)) MiB"
