#!/usr/bin/env bash
# scripts/distributed-check.sh FOLDER [PROGRAM] [PART…]: training and measuring in several processes, with the figures of docs/distributed.md.
# Parts: ranks, resume, kills, ends, cut, share, speed (all of them: some minutes). `cut` needs root and `ip netns`.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:?a folder}")
program=$(realpath "${2:-build/release/liftedgan}")
compare=$(dirname "$program")/tests/compare_states
cmake --build "$(dirname "$program")" --target compare_states >&2
shift $(($# < 2 ? $# : 2))
parts=${*:-ranks resume kills ends cut share speed}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OMP_WAIT_POLICY=passive
mkdir -p "$out"
failures=0

say() { printf '%s\n' "$*"; }
check() { if "${@:2}"; then say "ok    $1"; else say "FAIL  $1"; failures=$((failures + 1)); fi; }
state() { find "$1" -name 'training-state-*' | sort | tail -1; }
run_of() { find "$1" -mindepth 1 -maxdepth 1 -type d | sort | head -1; }
same() { # what, run, run
  local line
  line=$("$compare" "$(state "$2")" "$(state "$3")" "${4:-0}") && say "ok    $1: $line" || { say "FAIL  $1: $line"; failures=$((failures + 1)); }
}
launch() { local n=$1; shift; "$program" launch --nproc "$n" -- "$@"; }

[ -f "$out/heads32.zip" ] || "$program" -q heads render --count 96 --size 32 --seed 1 --out "$out/heads32.zip"
gan_options=(--data "$out/heads32.zip" --size 32 --channels micro --batch 8 --shards 4 --mirror --seed 3 --tick 0.08 --device cpu)
train_gan() { # folder, ranks, kimg, options
  local folder=$1 ranks=$2 kimg=$3
  rm -rf "$folder"
  launch "$ranks" -q train-gan --outdir "$folder" "${gan_options[@]}" --kimg "$kimg" "${@:4}" 2>"$folder.log" || { cat "$folder.log"; return 1; }
}
steps50=0.4 # thousand images of 8

ranks() {
  for n in 1 2 4; do train_gan "$out/gan$n" $n $steps50; done
  same "train-gan, 50 steps, 2 ranks against 1" "$out/gan1" "$out/gan2"
  same "train-gan, 50 steps, 4 ranks against 1" "$out/gan1" "$out/gan4"
  gan=$(find "$out/gan1" -name 'network-snapshot-*' | tail -1)
  for n in 1 2 4; do
    rm -rf "$out/lift$n"
    launch $n -q train-lift --gan "$gan" --preset heads --batch 8 --shards 4 --seed 3 --tick 0.08 --snap 0 --device cpu --kimg $steps50 \
      --outdir "$out/lift$n" 2>"$out/lift$n.log" || cat "$out/lift$n.log"
  done
  same "train-lift, 50 steps, 2 ranks against 1" "$out/lift1" "$out/lift2"
  same "train-lift, 50 steps, 4 ranks against 1" "$out/lift1" "$out/lift4"
}

resume() {
  [ -d "$out/gan1" ] || train_gan "$out/gan1" 1 $steps50
  train_gan "$out/moved" 1 0.16
  launch 4 -q train-gan --resume "$(run_of "$out/moved")" --kimg 0.28 2>>"$out/moved.log"
  launch 2 -q train-gan --resume "$(run_of "$out/moved")" --kimg $steps50 2>>"$out/moved.log"
  same "1, 4, then 2 ranks by resuming, against 1 throughout" "$out/gan1" "$out/moved"
  if launch 3 -q train-gan --resume "$(run_of "$out/moved")" --kimg 0.5 2>"$out/three.log"; then say "FAIL  3 ranks"; else say "said  $(grep -m1 error "$out/three.log")"; fi
}

kills() {
  local kills=${KILLS:-20} kimg=${KILLS_KIMG:-1.6}
  train_gan "$out/calm" 2 "$kimg" --snap 1
  rm -rf "$out/killed"
  "$program" launch --nproc 2 --max-restarts $((kills + 5)) -- -q train-gan --outdir "$out/killed" "${gan_options[@]}" --kimg "$kimg" --snap 1 \
    2>"$out/killed.log" &
  local launcher=$! done_kills=0 victim
  while [ $done_kills -lt "$kills" ] && kill -0 $launcher 2>/dev/null; do
    sleep "$(shuf -i 15-60 -n 1 | sed 's/\(.*\)\(.\)$/\1.\2/')"
    victim=$(pgrep -P $launcher | shuf -n 1 || true)
    [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null && done_kills=$((done_kills + 1))
  done
  check "the launcher ended well after $done_kills kills, $(grep -c 'restart' "$out/killed.log") restarts" wait $launcher
  grep -m1 'was killed' "$out/killed.log" | sed 's/^/said  /'
  same "2 ranks, $done_kills times killed, against undisturbed" "$out/calm" "$out/killed"
}

# All ranks' last sentences, which must be one.
one_sentence() { # name, log files
  local name=$1 sentences
  shift
  sentences=$(grep -h '^error: ' "$@" | grep -v 'error: launch:' | sort | uniq -c)
  check "$name: one sentence" test "$(wc -l <<<"$sentences")" = 1
  sed 's/^ */said  /' <<<"$sentences"
}
# Two ranks by hand, each with an environment and arguments of its own; $extra_0 and $extra_1.
two_ranks() { # name, common arguments
  local name=$1 rank
  shift
  rm -f "$out/$name".list* "$out/$name".*.log
  for rank in 0 1; do
    local -n extra=extra_$rank
    (
      ulimit -f "${file_limit:-unlimited}"
      RANK=$rank WORLD_SIZE=2 LOCAL_RANK=$rank LOCAL_WORLD_SIZE=2 LIFTED_INIT_FILE="$out/$name.list" timeout 120 "$program" -q "$@" "${extra[@]}"
    ) 2>"$out/$name.$rank.log" >/dev/null &
  done
  wait
}

ends() {
  extra_0=(--batch 8) extra_1=(--batch 16)
  two_ranks options train-gan --data "$out/heads32.zip" --outdir "$out/other" --size 32 --channels micro --kimg 0.1 --device cpu
  one_sentence "other options" "$out"/options.?.log
  [ -f "$out/other32.zip" ] || "$program" -q heads render --count 90 --size 32 --seed 2 --out "$out/other32.zip"
  extra_0=(--data "$out/heads32.zip") extra_1=(--data "$out/other32.zip")
  two_ranks data train-gan --outdir "$out/other" --size 32 --channels micro --batch 8 --kimg 0.1 --device cpu
  one_sentence "other data" "$out"/data.?.log
  extra_0=() extra_1=()
  two_ranks nan train-gan --outdir "$out/other" "${gan_options[@]}" --lr 1 --gamma 1e6 --kimg 0.4
  one_sentence "NaN (everywhere; of one rank: test train/world)" "$out"/nan.?.log
  local small="$out/small"
  mkdir -p "$small"
  if mount -t tmpfs -o size=6m tmpfs "$small" 2>/dev/null; then
    two_ranks full train-gan --outdir "$small/runs" "${gan_options[@]}" --kimg 0.1
    umount "$small"
    one_sentence "full disk" "$out"/full.?.log
  else
    say "left  full disk: no tmpfs can be mounted"
  fi
}

# Two "machines": network namespaces joined by a pair of virtual interfaces, cut in the middle.
cut() {
  local a=lifted-a b=lifted-b
  ip netns add $a 2>/dev/null && ip netns add $b || { say "left  cut: no network namespaces"; return; }
  trap 'ip netns del lifted-a 2>/dev/null; ip netns del lifted-b 2>/dev/null' EXIT
  ip link add lifted0 netns $a type veth peer name lifted1 netns $b || { say "left  cut: no veth pair"; return; }
  ip -n $a addr add 10.77.0.1/24 dev lifted0 && ip -n $b addr add 10.77.0.2/24 dev lifted1
  ip -n $a link set lifted0 up && ip -n $b link set lifted1 up && ip -n $a link set lo up && ip -n $b link set lo up
  rm -rf "$out/cut"
  local rank space
  both() { # arguments
    for rank in 0 1; do
      space=$([ $rank = 0 ] && echo $a || echo $b)
      RANK=$rank WORLD_SIZE=2 LOCAL_RANK=0 LOCAL_WORLD_SIZE=1 MASTER_ADDR=10.77.0.1 MASTER_PORT=29517 LIFTED_WAIT_SECONDS=10 LIFTED_START_SECONDS=30 \
        ip netns exec $space timeout 180 "$program" -q train-gan "$@" 2>"$out/cut.$rank.log" &
    done
  }
  both --outdir "$out/cut" "${gan_options[@]}" --snap 1 --kimg 4
  for _ in $(seq 300); do [ -n "$(state "$out/cut" 2>/dev/null)" ] && break; sleep 0.1; done
  sleep 2
  local start=$SECONDS
  ip -n $b link set lifted1 down
  wait
  local took=$((SECONDS - start)) # 10 s of silence, 4 to agree on who is lost, 5 for the other to leave the list
  check "both ended $took s after the cut, at most 22" test $took -le 22
  sed -n 's/^error: /said  /p' "$out/cut.0.log" "$out/cut.1.log"
  check "rank 0 names rank 1" grep -q 'error: rank 1 of 2' "$out/cut.0.log"
  check "rank 1 names rank 0" grep -q 'error: rank 0 of 2' "$out/cut.1.log"
  ip -n $b link set lifted1 up
  local newest
  newest=$(basename "$(state "$out/cut")" | tr -dc 0-9)
  both --resume "$(run_of "$out/cut")" --kimg "$(awk "BEGIN { print ($newest + 160) / 1000 }")"
  wait
  check "goes on from the snapshot of $((10#$newest)) images" test "$(basename "$(state "$out/cut")")" \> "training-state-$newest.safetensors"
  ip netns del $a; ip netns del $b
  trap - EXIT
}

share() {
  local n
  for n in 1 4; do
    rm -rf "$out/share$n"; mkdir -p "$out/share$n"
    launch $n -q metrics --network builtin --trunc 1 --data "$out/heads128.zip" --metrics fd_random1k_full,kd_random1k_full,pr_random1k3_full --batch 16 \
      >"$out/share$n/metrics.json"
    launch $n -q generate --seeds 0-23 --batch 4 --outdir "$out/share$n/faces" --tensors "$out/share$n/faces.safetensors"
    launch $n -q heads render --count 300 --size 32 --seed 5 --images-per-identity 5 --ground-truth --out "$out/share$n/heads"
    launch $n -q dataset make --data "$out/heads128.zip" --size 32 --out "$out/share$n/set.zip"
    rm -f "$out/share$n/faces/run.json"
  done
  cat "$out/share1/metrics.json" "$out/share4/metrics.json"
  check "metrics of 4 ranks are those of 1 to 1e-9" awk '
    { gsub(/"total_time":[^}]*/, ""); line[NR] = $0 }
    function numbers(text, into,   n) { n = 0; while (match(text, /-?[0-9]+\.[0-9]+(e[-+]?[0-9]+)?/)) { into[++n] = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH) } return n }
    END { n = numbers(line[1], a); if (n != numbers(line[2], b) || n < 4) exit 1
          for (i = 1; i <= n; ++i) { d = a[i] - b[i]; if (d < 0) d = -d; if (d > 1e-9 * (a[i] < 0 ? -a[i] : a[i])) exit 1 } }' \
    "$out/share1/metrics.json" "$out/share4/metrics.json"
  check "generate: pictures and sheet" diff -rq "$out/share1/faces" "$out/share4/faces"
  check "generate: tensors" cmp "$out/share1/faces.safetensors" "$out/share4/faces.safetensors"
  check "heads render: images, labels and ground truth" diff -rq "$out/share1/heads" "$out/share4/heads"
  check "dataset make" cmp "$out/share1/set.zip" "$out/share4/set.zip"
}

# Two ranks of one thread against one process of two threads, in turn.
speed() {
  local round
  local gan_options=(--data "$out/heads32.zip" --size 32 --channels micro --batch 8 --mirror --seed 3 --device cpu)
  for round in 1 2; do
    OMP_NUM_THREADS=2 train_gan "$out/threads" 1 0.8 --shards 1 --tick 0.4
    OMP_NUM_THREADS=1 train_gan "$out/processes" 2 0.8 --shards 2 --tick 0.4
    for folder in threads processes; do
      tail -1 "$(run_of "$out/$folder")/stats.jsonl" | tr '{,' '\n\n' | awk -v what="$folder" '
        /"Timing\/sec_per_kimg"/ { key = "seconds/kimg" } /"Timing\/waiting_share"/ { key = "waiting share" } /"Timing\/sent_mb_per_step"/ { key = "MB/step" }
        /"mean"/ && key { sub(/.*:/, ""); printf "%s: %s %.3f\n", what, key, $0; key = "" }'
    done
  done
}

case " $parts " in *" share "*) [ -f "$out/heads128.zip" ] || "$program" -q heads render --count 200 --size 128 --seed 1 --out "$out/heads128.zip" ;; esac
for part in $parts; do
  say "== $part"
  "$part"
done
[ $failures = 0 ] || { say "$failures failed"; exit 1; }
