#!/usr/bin/env bash
# Trains heads on a card for so many minutes (rendering them, where --data names none, comes before) and leaves a checkpoint that is small enough to
# be brought home. Called again with the same OUT it goes on.
#   scripts/gpu-train.sh [--device cuda|cpu] [--build FOLDER] [--size 128|256|…] [--minutes N] [--data FILE] [--gan FILE] [--limit MB] OUT [-- …]
# What follows -- goes to the training in place of this script's choice of sizes and rates. Without --gan a StyleGAN2 is trained on --data
# (default: heads rendered here); with it, that generator is lifted to 3D. Leaves in OUT: network.safetensors (half precision),
# state.safetensors if it is within --limit as well, log.txt, summary.txt.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
usage() { sed -n '4s/^# \{0,1\}//p' "$0" >&2; exit 2; }

options=() # of the training, after --
device=cuda build='' size=128 minutes=10 data='' gan='' limit=60 out=''
while [ $# -gt 0 ]; do
  case $1 in
    --device | --build | --size | --minutes | --data | --gan | --limit) [ $# -ge 2 ] || usage; declare "${1#--}=$2"; shift ;;
    --) shift; options=("$@"); break ;;
    -*) usage ;;
    *) [ -z "$out" ] || usage; out=$1 ;;
  esac
  shift
done
[ -n "$out" ] || usage
for number in "$size" "$limit"; do [[ $number =~ ^[1-9][0-9]*$ ]] || usage; done
[[ $minutes =~ ^[0-9]*[.]?[0-9]+$ ]] || usage
stop() { echo "gpu-train.sh: $*" >&2; exit 1; }
if [[ $device == cuda* ]] && ! compgen -G '/dev/nvidia[0-9]*' >/dev/null; then
  stop "--device $device: this machine has no NVIDIA card; --device cpu rehearses without one"
fi
# shellcheck source=scripts/carried.sh
. "$root/scripts/carried.sh"
build=$(find_build "$root" "$build" build/gpu) || stop "no program: name its folder with --build, or install cmake, ninja and nvcc to build it"
use_libtorch "$build"
program=$build/liftedgan
mkdir -p "$out"
megabytes() { echo $(($(stat -c %s "$1") / 1000000)); }

# ---- data, where none were brought: not counted ----
if [ -z "$gan" ] && [ -z "$data" ]; then
  data=$out/heads-$size.zip
  if [ ! -f "$data" ]; then
    count=$(awk -v m="$minutes" 'BEGIN { n = int(m * 200) + 8; print (n > 20000 ? 20000 : n) }')
    echo "rendering $count heads of $size pixels"
    "$program" heads render --count $count --size "$size" --seed 1 --out "$data" --quiet
  fi
fi

# ---- training, until the time is over: it is asked to stop, and leaves a snapshot ----
if [ -n "$gan" ]; then command=train-lift; else command=train-gan; fi
state() { find "$out/runs" -name 'training-state-*.safetensors' 2>/dev/null | sort | tail -n 1; }
arguments=(--device "$device" --kimg 100000)
if [ -n "$(state)" ]; then
  arguments+=(--resume "$(dirname "$(state)")")
else
  arguments+=(--outdir "$out/runs" --tick 1 --snap 50)
  if [ -n "$gan" ]; then
    [ ${#options[@]} != 0 ] || options=(--preset heads)
    arguments+=(--gan "$gan" "${options[@]}")
  else
    [ ${#options[@]} != 0 ] || options=(--channels "$([ "$device" = cpu ] && echo micro || echo lite)"
      --batch "$([ "$device" = cpu ] && echo 8 || echo 32)" --mirror --aug noaug --gamma 0.5 --ema 5)
    arguments+=(--data "$data" --size "$size" "${options[@]}")
  fi
fi
started=$SECONDS
"$program" $command "${arguments[@]}" >"$out/log.txt" 2>&1 &
trainer=$!
trap 'kill $trainer 2>/dev/null || true' EXIT
deadline=$(awk -v s="$started" -v m="$minutes" 'BEGIN { print s + int(60 * m) }')
while [ $SECONDS -lt $deadline ] && kill -0 $trainer 2>/dev/null; do sleep 1; done
kill -TERM $trainer 2>/dev/null || true
wait $trainer || stop "$command ended badly: $(tail -n 1 "$out/log.txt")"
trap - EXIT

# ---- what is brought home ----
run=$(dirname "$(state)")
snapshot=$(find "$run" -name 'network-snapshot-*.safetensors' | sort | tail -n 1)
[ -n "$snapshot" ] || stop "$run: no network in it"
"$program" convert --network "$snapshot" --half --out "$out/network.safetensors" --quiet
network=$(megabytes "$out/network.safetensors")
[ "$network" -le "$limit" ] || stop "$out/network.safetensors has $network MB, more than --limit $limit"
rm -f "$out/state.safetensors"
if [ $((network + $(megabytes "$(state)"))) -le "$limit" ]; then cp "$(state)" "$out/state.safetensors"; fi
images=$(basename "$(state)" | tr -dc '0-9')
{
  echo "$command, $device: $((10#$images)) images after $((SECONDS - started)) s of this call, $network MB"
  tail -n 1 "$run/stats.jsonl" | sed -nE 's/.*"Timing\/sec_per_kimg":\{"num":1,"mean":([^,]*),.*/seconds per thousand images: \1/p'
} | tee "$out/summary.txt"
