#!/bin/sh
# Synthetic heads from nothing to a measured 3D model: images, face network, StyleGAN2, lifting, an ablation of it, metrics,
# a page of figures.
# Stopped at any moment, the same command goes on where it was.
set -eu

usage() {
  cat <<END
usage: scripts/train-heads.sh [--quick] [--face-model FILE] [--program FILE] OUTDIR
  --quick            32 pixels, narrow networks, short trainings, no face network: a quarter of an hour on two cores
  --face-model FILE  an ICT-FaceKit folder or what 'heads pack' made of one (default: the built-in head)
  --program FILE     the liftedgan binary (default: build/release/liftedgan)
Sizes and lengths can be set by environment: SIZE COUNT CHANNELS GAN_KIMG LIFT_KIMG ABLATION_KIMG PEOPLE_KIMG SEED
END
  exit "${1:-2}"
}

quick=0 face_model='' program="$(dirname "$0")/../build/release/liftedgan" out=''
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) quick=1 ;;
    --face-model) face_model=$2; shift ;;
    --program) program=$2; shift ;;
    -h | --help) usage 0 ;;
    -*) echo "error: $1: unknown option" >&2; usage ;;
    *) out=$1 ;;
  esac
  shift
done
[ -n "$out" ] || usage
[ -x "$program" ] || { echo "error: $program: no such program; build it with 'make build'" >&2; exit 1; }

if [ "$quick" = 1 ]; then
  SIZE=${SIZE:-32} COUNT=${COUNT:-6000} CHANNELS=${CHANNELS:-micro} GAN_KIMG=${GAN_KIMG:-40} LIFT_KIMG=${LIFT_KIMG:-20}
  ABLATION_KIMG=${ABLATION_KIMG:-0} PEOPLE_KIMG=${PEOPLE_KIMG:-0} SAMPLES=1k
else
  SIZE=${SIZE:-64} COUNT=${COUNT:-70000} CHANNELS=${CHANNELS:-tiny} GAN_KIMG=${GAN_KIMG:-200} LIFT_KIMG=${LIFT_KIMG:-60}
  ABLATION_KIMG=${ABLATION_KIMG:-$LIFT_KIMG} PEOPLE_KIMG=${PEOPLE_KIMG:-90} SAMPLES=10k
fi
SEED=${SEED:-1}
mkdir -p "$out"

# A set of images; finished files only appear under their name.
render() { # NAME COUNT ARGUMENTS...
  name=$1 count=$2
  shift 2
  [ -e "$out/$name" ] && return
  echo "== $count images: $name"
  "$program" heads render --count "$count" --size "$SIZE" ${face_model:+--face-model "$face_model"} --out "$out/$name" "$@"
}

# Starts a training in OUTDIR/STAGE, or goes on with the one there; prints nothing on stdout.
train() { # STAGE KIMG TICK COMMAND ARGUMENTS...
  stage=$1 kimg=$2 tick=$3 command=$4
  shift 4
  run=$(find "$out/$stage" -mindepth 2 -maxdepth 2 -name 'training-state-*' 2>/dev/null | sort | tail -n 1)
  echo "== $command until $kimg kimg"
  if [ -n "$run" ]; then
    "$program" "$command" --resume "$(dirname "$run")" --kimg "$kimg" --tick "$tick" --snap 5
  else
    "$program" "$command" --outdir "$out/$stage" --kimg "$kimg" --tick "$tick" --snap 5 --seed "$SEED" "$@"
  fi
}
newest() { find "$out/$1" -name 'network-snapshot-*.safetensors' | sort | tail -n 1; }

render heads.zip "$COUNT" --seed "$SEED"
embedding=''
if [ "$PEOPLE_KIMG" != 0 ]; then
  render people.zip 24000 --images-per-identity 10 --seed $((SEED + 1))
  train embedding "$PEOPLE_KIMG" 4 train-embedding --data "$out/people.zip" --arch small
  embedding=$(newest embedding)
fi
train gan "$GAN_KIMG" 2 train-gan --data "$out/heads.zip" --size "$SIZE" --channels "$CHANNELS" --batch 8 --mirror --aug noaug \
  --gamma 0.3 --ema 5
lift() { # STAGE KIMG ARGUMENTS...
  stage=$1 length=$2
  shift 2
  train "$stage" "$length" 0.4 train-lift --gan "$(newest gan)" --preset heads ${embedding:+--embedding "$embedding"} "$@"
}
lift lift "$LIFT_KIMG"
network=$(newest lift) ablation=''
if [ "$ABLATION_KIMG" != 0 ]; then
  lift lift-wo-perturb "$ABLATION_KIMG" --wo perturb
  ablation=$(newest lift-wo-perturb)
fi
echo "== metrics of $network"
"$program" metrics --network "$network" --data "$out/heads.zip" --metrics "agreement,fd_random${SAMPLES}_full" --trunc 0.7 \
  --cache "$out/cache" | tee "$out/metrics.json"
"$program" demo --network "$network" ${ablation:+--ablation "$ablation" --label "without perturbation"} --outdir "$out/demo"
"$program" convert --network "$network" --half --out "$out/heads-$SIZE.safetensors"
echo "done: $out/heads-$SIZE.safetensors, shown in $out/demo/index.html"
