#!/usr/bin/env bash
# Everything that only a card can show, in minutes, without a network: operations against the CPU, the same pictures and training curves, resuming,
# what waits for the card, and times beside their floors. Leaves OUT/gpu-check.json and prints its table; exits with 1 on any miss.
#   scripts/gpu-check.sh [--device cuda|cuda:N|cpu] [--build FOLDER] [--out FOLDER]
# FOLDER: what scripts/carry-build.sh made, or a build folder (default: the folder above this script if it has a program, else build/gpu, built here
# if need be). --device cpu rehearses: everything is compared with itself, and what needs a card is said to be left out.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
usage() { sed -n '4s/^# \{0,1\}//p' "$0" >&2; exit 2; }

device=cuda build='' out=out/gpu-check
while [ $# -gt 0 ]; do
  case $1 in
    --device | --build | --out) [ $# -ge 2 ] || usage; declare "${1#--}=$2"; shift ;;
    *) usage ;;
  esac
  shift
done
case $device in
  cpu) kind=cpu ;;
  cuda | cuda:[0-9]*) kind=card ;;
  *) usage ;;
esac
stop() { echo "gpu-check.sh: $*" >&2; exit 1; }
if [ $kind = card ] && ! compgen -G '/dev/nvidia[0-9]*' >/dev/null; then
  stop "--device $device: this machine has no NVIDIA card; --device cpu rehearses without one"
fi
name_of_card() { nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1; }

# shellcheck source=scripts/carried.sh
. "$root/scripts/carried.sh"
build=$(find_build "$root" "$build" build/gpu) || stop "no program: name its folder with --build, or install cmake, ninja and nvcc to build it"
use_libtorch "$build"
for tool in compare_tensors device_timings; do
  [ -x "$build/tests/$tool" ] || cmake --build "$build" --target $tool >&2 || stop "$build: tests/$tool is not there and could not be built"
done
program=$build/liftedgan
rm -rf "$out"
mkdir -p "$out"
out=$(realpath "$out")
rows=$out/rows
: >"$rows"

# ---- one row for every thing that was looked at ----
row() { # STAGE WHAT FIGURE LIMIT VERDICT
  printf '%s\t%s\t%s\t%s\t%s\n' "$@" >>"$rows"
}
started=$SECONDS
stage() { stage=$1; printf '== %3d s  %s\n' "$((SECONDS - started))" "$1"; }
passes() { # WHAT COMMAND...: a row for whether it succeeds
  local what=$1 log=$out/${stage// /-}.log
  shift
  if "$@" >>"$log" 2>&1; then row "$stage" "$what" "ok" "" pass; else row "$stage" "$what" "failed, see ${log##*/}" "" MISS; fi
}
within() { # WHAT FIGURE LIMIT: a row for whether FIGURE is a number of at most LIMIT
  row "$stage" "$1" "$2" "$3" "$(awk -v a="$2" -v b="$3" 'BEGIN { print (a ~ /^[0-9.]+(e[-+]?[0-9]+)?$/ && a + 0 <= b + 0) ? "pass" : "MISS" }')"
}
left_out() { row "$stage" "$1" "" "" "left out: $2"; }
liftedgan() { "$program" "$@" --quiet; }
ran() { # LOG: how many tests passed; fails where none did or one failed
  awk '/^\[  PASSED  \]/ { passed = $4 } /^\[  FAILED  \]/ { failed = 1 } END { print passed + 0; exit failed || !passed }' "$1"
}
tests() { # WHAT PROGRAM FILTER: a row for a group of tests. Those that were skipped say nothing.
  local log=$out/${stage// /-}-$1.log passed
  if [ ! -x "$build/tests/$2" ]; then left_out "$1" "tests/$2 is not here"; return; fi
  LIFTED_TEST_DEVICE=$device "$build/tests/$2" --gtest_filter="$3" >"$log" 2>&1 || true
  if ! grep -q '^\[ RUN' "$log"; then left_out "$1" "no such tests in this build"; return; fi
  if [ $kind = cpu ] && ! grep -q '^\[       OK' "$log"; then left_out "$1" "needs a card"; return; fi
  if passed=$(ran "$log"); then row "$stage" "$1" "$passed tests" "" pass; else row "$stage" "$1" "see ${log##*/}" "" MISS; fi
}

stage "machine"
"$program" doctor >"$out/doctor.txt" 2>&1 || stop "liftedgan doctor fails: $(tail -n 1 "$out/doctor.txt")"
card=CPU
if [ $kind = card ]; then
  card=$(name_of_card)
  grep -q '^GPU .*CUDA device' "$out/doctor.txt" || stop "the program's libtorch sees no card: $(grep '^GPU' "$out/doctor.txt")"
fi
echo "$card; $(sed -n 's/^libtorch *//p' "$out/doctor.txt")"

stage "operations"
tests parity test_ops 'DeviceParity*'

stage "pictures"
network=$(network_of "$root" "$build")
# The published code's own numbers, where they were carried (LIFTED_SHARED), on this device and without TF32.
if [ -d "${LIFTED_SHARED:=$build/shared}/golden" ]; then
  export LIFTED_SHARED
  tests goldens test_model 'Golden.Generator:Golden.Estimate:Golden.Render:Golden.Sweeps'
else
  left_out goldens "no reference files were carried"
fi
for where in cpu "$device"; do
  liftedgan generate --network "$network" --seeds 0-3 --batch 4 --device "$where" --tensors "$out/$where.safetensors" --outdir "$out/faces-$where" \
    >"$out/pictures.log" 2>&1 || stop "generate --device $where: $(tail -n 1 "$out/pictures.log")"
done
passes "generate, CPU and $device" "$build/tests/compare_tensors" "$out/cpu.safetensors" "$out/$device.safetensors" 2e-3

# ---- trainers: 20 steps on either side ----
# At their usual rates 20 steps of a training multiply a difference of the last bit a thousand times and more (AVX2 against plain SSE on one
# processor: 0.14 in a loss of StyleGAN2). At 1e-5 those two stay within 7e-4, and norms of gradients within 2e-3; lifting's, which occlusions make
# jump, within 2.2e-2. A card is as near, but for lifting's losses (1.5e-3): that has a tenth of the rate.
stage "training data"
data=$out/heads
passes "heads render" liftedgan heads render --count 64 --images-per-identity 8 --size 64 --seed 1 --ground-truth --out "$data"
"$program" heads labels --count 64 --images-per-identity 8 --seed 1 --out "$out/labels.jsonl" --quiet
steps=(--batch 8 --tick 0.008 --snap 0)
train() { # FOLDER DEVICE KIMG TRAINER
  local folder=$out/$1/$4 where=$2 arguments=("${steps[@]}" --kimg "$3" --device "$2" --outdir "$out/$1/$4")
  case $4 in
    gan) arguments+=(--data "$data" --size 64 --channels micro --lr 1e-5) ;;
    embedding) arguments+=(--data "$data" --arch small --held-out 0.25 --lr 1e-5) ;;
    probe) arguments+=(--data "$data" --labels "$out/labels.jsonl" --arch small --held-out 0.25 --lr 1e-5) ;;
    depth) arguments+=(--data "$data" --held-out 0.25 --lr 1e-5) ;;
    lift)
      arguments+=(--gan "$(newest gan)" --embedding "$(newest embedding)" --preset heads --set learning_rate=1e-6) ;;
  esac
  liftedgan "train-$4" "${arguments[@]}" >"$folder-$where.log" 2>&1 || { tail -n 3 "$folder-$where.log" >&2; return 1; }
}
newest() { find "$out/cpu/$1" -name 'network-snapshot-*.safetensors' | sort | tail -n 1; } # TRAINER: what the CPU's run made
run_of() { echo "$out/$1/$2"/00000-*; }                                                    # FOLDER TRAINER
# The worst |a − b| / max(1, |a|) over two runs' steps; or what is missing.
worst() { # PREFIX STATS STATS
  awk -v prefix="$1" '
    FNR == 1 { ++file }
    {
      if ($0 !~ /"Progress\/kimg"/) next
      step = ++count[file]
      for (text = $0; match(text, "\"" prefix "[^\"]*\":[{]\"num\":[0-9]+,\"mean\":[^,]+,"); text = substr(text, RSTART + RLENGTH)) {
        entry = substr(text, RSTART + 1, RLENGTH - 2)
        name = entry
        sub(/".*/, "", name)
        sub(/.*"mean":/, "", entry)
        if (file == 1) { first[step, name] = entry; ++expected; continue }
        ++found
        if (!((step, name) in first) || entry !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/) { print "missing " name; failed = 1; exit }
        a = first[step, name] + 0
        scale = a < 0 ? -a : a
        d = (a - entry) / (scale > 1 ? scale : 1)
        if (d < 0) d = -d
        if (d > largest) largest = d
      }
    }
    END { if (!failed) print expected && expected == found ? largest + 0 : "of different length" }' "$2" "$3"
}

mkdir -p "$out/cpu" "$out/there" "$out/half"
for trainer in gan embedding probe depth lift; do
  stage "train-$trainer"
  mkdir -p "$out/cpu/$trainer" "$out/there/$trainer" "$out/half/$trainer"
  if train cpu cpu 0.16 $trainer && train there "$device" 0.16 $trainer; then
    cpu=$(run_of cpu $trainer) there=$(run_of there $trainer)
    within "losses, 20 steps" "$(worst Loss/ "$cpu/stats.jsonl" "$there/stats.jsonl")" 1e-3
    within "gradients, 20 steps" "$(worst Gradient/ "$cpu/stats.jsonl" "$there/stats.jsonl")" "$([ $trainer = lift ] && echo 1e-1 || echo 1e-2)"
  else
    row "$stage" "20 steps" "a run failed" "" MISS
  fi
done

# ---- resuming: ten steps, then ten more, are twenty ----
resumes() { # TRAINER
  local half there
  there=$(run_of there "$1")
  train half "$device" 0.08 "$1" || { row "$stage" "$1" "a run failed" "" MISS; return; }
  half=$(run_of half "$1")
  liftedgan "train-$1" --resume "$half" --kimg 0.16 --device "$device" >"$half/resume.log" 2>&1 ||
    { row "$stage" "$1" "does not resume" "" MISS; return; }
  within "$1: losses" "$(worst Loss/ "$there/stats.jsonl" "$half/stats.jsonl")" 1e-3
  if "$build/tests/compare_tensors" "$there"/training-state-000000160.safetensors "$half"/training-state-000000160.safetensors 0 1 \
    >"$half/state.log" 2>&1; then
    row "$stage" "$1: state" "bit for bit" "" pass
  elif [ $kind = cpu ]; then
    row "$stage" "$1: state" "differs, see state.log" "" MISS
  else
    row "$stage" "$1: state" "not bit for bit" "" "noted"
  fi
}
stage "resuming"
resumes gan
resumes lift

stage "waits"
for trainer in gan lift; do
  if [ $kind = cpu ]; then left_out "$trainer" "needs a card"; continue; fi
  mkdir -p "$out/waits/$trainer"
  LIFTED_SYNC_WARNINGS=1 train waits "$device" 0.064 $trainer || true
  grep -i 'synchroniz' "$out/waits/$trainer-$device.log" | sed 's/0x[0-9a-f]*//g' | sort | uniq -c | sort -rn >"$out/waits-$trainer.txt" || true
  waits=$(awk '{ n += $1 } END { print n + 0 }' "$out/waits-$trainer.txt")
  row "$stage" "$trainer: 8 steps" "$waits waits, $(wc -l <"$out/waits-$trainer.txt") places" "" noted
done

# ---- times ----
stage "times of operations"
if [ $kind = cpu ]; then size=(quick); else size=(); fi
timeout 150 "$build/tests/device_timings" "$device" "${size[@]}" >"$out/timings.jsonl" 2>"$out/timings.log" ||
  row "$stage" "all" "see timings.log" "" MISS
field() { sed -nE "s/.*\"$1\":\"?([^,\"}]*).*/\1/p" <<<"$2"; } # NAME JSON
while read -r line; do
  what="$(field op "$line"), $(field precision "$line")"
  if [ -n "$(field rate "$line")" ]; then
    row "$stage" "$what" "$(awk -v r="$(field rate "$line")" 'BEGIN { printf "%.4g G/s", r / 1e9 }')" "" noted
  elif [ -n "$(field error "$line")" ]; then
    # fp32 must run everywhere; what has no smaller form says so.
    row "$stage" "$what" "refused" "" "$([ "$(field precision "$line")" = fp32 ] && echo MISS || echo noted)"
  elif [ -n "$(field images_per_second "$line")" ]; then
    row "$stage" "$what" "$(awk -v r="$(field images_per_second "$line")" 'BEGIN { printf "%.4g images/s", r }')" "" noted
  else
    row "$stage" "$what" "$(awk -v s="$(field seconds "$line")" -v f="$(field floor "$line")" \
      'BEGIN { printf "%.4g ms", 1e3 * s; if (f > 0) printf ", %.1f x its floor", s / f }')" "" noted
  fi
done <"$out/timings.jsonl"

stage "times of training"
pace() { # STATS: images a second, the best of the later steps
  sed -nE 's/.*"Timing\/sec_per_kimg":\{"num":1,"mean":([^,]*),.*/\1/p' "$1" | tail -n +6 | sort -g |
    awk 'NR == 1 { printf "%.4g images/s", 1000 / $1 }'
}
for trainer in gan embedding probe depth lift; do
  stats=$(run_of there $trainer)/stats.jsonl
  [ -f "$stats" ] && row "$stage" "train-$trainer, 64 pixels, batch 8" "$(pace "$stats")" "" noted
done

# ---- last, as it takes longest ----
stage "sanitizer"
if [ $kind = cpu ]; then
  left_out rasterizer "needs a card"
elif command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck; do
    passes "$tool of the rasterizer" timeout 120 compute-sanitizer --tool $tool --error-exitcode 1 "$build/tests/test_ops" \
      --gtest_filter='DeviceParity*asteriz*'
  done
else
  left_out rasterizer "compute-sanitizer is not installed"
fi

# ---- what came of it ----
seconds=$((SECONDS - started))
stage "time"
if [ $kind = card ]; then within "seconds" "$seconds" 480; else row "$stage" "seconds" "$seconds" "" noted; fi
misses=$(awk -F'\t' '$5 == "MISS"' "$rows" | wc -l)
awk -F'\t' -v card="$card" -v seconds="$seconds" -v misses="$misses" '
  function text(s) { gsub(/["\\]/, "\\\\&", s); gsub(/[[:cntrl:]]/, " ", s); return "\"" s "\"" }
  BEGIN { printf "{\"machine\": %s, \"seconds\": %d, \"misses\": %d, \"rows\": [", text(card), seconds, misses }
  {
    printf "%s\n  {\"stage\": %s, \"what\": %s, ", (NR > 1 ? "," : ""), text($1), text($2)
    printf "\"figure\": %s, \"limit\": %s, \"verdict\": %s}", text($3), text($4), text($5)
  }
  END { print "\n]}" }' "$rows" >"$out/gpu-check.json"
echo
awk -F'\t' '{ printf "%-20s %-42s %-34s %-12s %s\n", $1, $2, $3, ($4 == "" ? "" : "at most " $4), $5 }' "$rows"
echo
echo "$card: $misses misses in $seconds s; $out/gpu-check.json"
[ "$misses" = 0 ]
