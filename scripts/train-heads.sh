#!/bin/sh
# Synthetic heads from nothing to a measured 3D model: images, face network, StyleGAN2, lifting, both grown to twice the size, an
# ablation, an encoder and a landmark network for photographs, metrics, a page of figures.
# Stopped at any moment, the same command goes on where it was.
set -eu

usage() {
  cat <<END
usage: scripts/train-heads.sh [--quick] [--face-model FILE] [--program FILE] OUTDIR
  --quick            32 pixels, grown to 64, narrow networks, short trainings, no face network: a quarter of an hour on two cores
  --face-model FILE  an ICT-FaceKit folder or what 'heads pack' made of one (default: the built-in head)
  --program FILE     the liftedgan binary (default: build/release/liftedgan)
Sizes and lengths can be set by environment: SIZE COUNT CHANNELS GAN_KIMG LIFT_KIMG GROWN_GAN_KIMG GROWN_LIFT_KIMG ABLATION_KIMG
PERSON_KIMG PEOPLE_KIMG ENCODER_KIMG LANDMARK_KIMG LANDMARK_COUNT SEED
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
  ABLATION_KIMG=${ABLATION_KIMG:-0} PERSON_KIMG=${PERSON_KIMG:-0} PEOPLE_KIMG=${PEOPLE_KIMG:-0} SAMPLES=1k
  ENCODER_KIMG=${ENCODER_KIMG:-10} LANDMARK_KIMG=${LANDMARK_KIMG:-0} GROWN_GAN_KIMG=${GROWN_GAN_KIMG:-2} GROWN_LIFT_KIMG=${GROWN_LIFT_KIMG:-1}
else
  SIZE=${SIZE:-64} COUNT=${COUNT:-70000} CHANNELS=${CHANNELS:-tiny} GAN_KIMG=${GAN_KIMG:-200} LIFT_KIMG=${LIFT_KIMG:-60}
  ABLATION_KIMG=${ABLATION_KIMG:-$LIFT_KIMG} PERSON_KIMG=${PERSON_KIMG:-15} PEOPLE_KIMG=${PEOPLE_KIMG:-90} SAMPLES=10k
  ENCODER_KIMG=${ENCODER_KIMG:-100} LANDMARK_KIMG=${LANDMARK_KIMG:-150} GROWN_GAN_KIMG=${GROWN_GAN_KIMG:-270} GROWN_LIFT_KIMG=${GROWN_LIFT_KIMG:-30}
fi
SEED=${SEED:-1} LANDMARK_COUNT=${LANDMARK_COUNT:-20000}
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
style_gan() { # STAGE KIMG DATA ARGUMENTS...
  stage=$1 length=$2 data=$3
  shift 3
  train "$stage" "$length" 2 train-gan --data "$out/$data" --size "$SIZE" --channels "$CHANNELS" --batch 8 --mirror --aug noaug \
    --gamma 0.3 --ema 5 "$@"
}
preset=heads
lift() { # STAGE KIMG ARGUMENTS...: of the stage $gan, from $init if there is one
  stage=$1 length=$2
  shift 2
  train "$stage" "$length" 0.4 train-lift --gan "$(newest "$gan")" --preset "$preset" ${init:+--init "$init"} \
    ${embedding:+--embedding "$embedding"} "$@"
}
gan=gan init='' lifted=lift data=heads.zip
style_gan gan "$GAN_KIMG" heads.zip
lift lift "$LIFT_KIMG"
if [ "$GROWN_GAN_KIMG" != 0 ]; then
  begun=$(find "$out/gan" -name 'training-state-*.safetensors' | sort | tail -n 1)
  SIZE=$((2 * SIZE))
  gan=gan-$SIZE init=$(newest lift) lifted=lift-$SIZE data=heads-$SIZE.zip
  render "$data" $((COUNT < 20000 ? COUNT : 20000)) --seed "$SEED"
  style_gan "$gan" "$GROWN_GAN_KIMG" "$data" --grow --resume "$begun"
  lift "$lifted" "$GROWN_LIFT_KIMG"
fi
network=$(newest "$lifted") ablation=''
if [ "$PERSON_KIMG" != 0 ]; then
  lifted_from=$init init=$network preset=heads-person
  lift "$lifted-person" "$PERSON_KIMG"
  network=$(newest "$lifted-person") init=$lifted_from preset=heads
fi
if [ "$ABLATION_KIMG" != 0 ]; then
  lift "$lifted-wo-perturb" "$ABLATION_KIMG" --wo perturb
  ablation=$(newest "$lifted-wo-perturb")
fi
if [ "$ENCODER_KIMG" != 0 ]; then
  train encoder "$ENCODER_KIMG" 2 train-encoder --network "$network" --data "$out/$data" ${embedding:+--embedding "$embedding"}
  cp "$(newest encoder)" "$out/heads-$SIZE-encoder.safetensors"
fi
if [ "$LANDMARK_KIMG" != 0 ]; then
  if [ ! -e "$out/faces.jsonl" ]; then
    echo "== $LANDMARK_COUNT faces with landmarks"
    "$program" heads render --count "$LANDMARK_COUNT" --size 128 --seed "$SEED" ${face_model:+--face-model "$face_model"} --out "$out/faces.zip"
    "$program" heads labels --landmarks --count "$LANDMARK_COUNT" --size 128 --seed "$SEED" ${face_model:+--face-model "$face_model"} \
      --out "$out/faces.jsonl"
  fi
  train landmarks "$LANDMARK_KIMG" 2 train-landmarks --data "$out/faces.zip" --labels "$out/faces.jsonl"
  cp "$(newest landmarks)" "$out/landmarks.safetensors"
fi
echo "== metrics of $network"
"$program" metrics --network "$network" --data "$out/$data" --metrics "agreement,fd_random${SAMPLES}_full" --trunc 0.7 \
  --cache "$out/cache" | tee "$out/metrics.json"
"$program" demo --network "$network" ${ablation:+--ablation "$ablation" --label "without perturbation"} --outdir "$out/demo"
"$program" convert --network "$network" --half --out "$out/heads-$SIZE.safetensors"
echo "done: $out/heads-$SIZE.safetensors, shown in $out/demo/index.html"
