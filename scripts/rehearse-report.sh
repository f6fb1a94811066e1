#!/bin/sh
# docs/reproducing.md from the archives to the last figure, in miniature: sets, weights and judges that it makes itself
# in the real formats and under the real names, 32 pixels, a few steps. What comes out is checked for being there, not
# for being good.
#   scripts/rehearse-report.sh OUT [PROGRAM]
# PROGRAM: the liftedgan binary (default: build/release/liftedgan) in the folder where it was built. Leaves
# OUT/report/index.html. An earlier rehearsal in OUT is removed.
set -eu

[ $# -ge 1 ] && [ $# -le 2 ] || { echo "usage: scripts/rehearse-report.sh OUT [PROGRAM]" >&2; exit 2; }
program=$(realpath "${2:-$(dirname "$0")/../build/release/liftedgan}")
maker=$(dirname "$program")/tests/make_public_files
[ -x "$program" ] || { echo "error: $program: no such program; build it with 'cmake --build build/release'" >&2; exit 1; }
cmake --build "$(dirname "$program")" --target make_public_files >&2
if [ -e "$1" ]; then
  [ -e "$1/.rehearsal" ] || { echo "error: $1: exists and holds no rehearsal; name another folder" >&2; exit 1; }
  rm -rf "$1"
fi
mkdir -p "$1"
cd "$1"
touch .rehearsal
trap '[ $? = 0 ] || echo "error: not finished; the last lines of $PWD/log.txt may say why" >&2' EXIT

step() { echo "== $(date +%T) $*"; }
fail() { echo "error: $*" >&2; exit 1; }
liftedgan() {
  echo "+ liftedgan $*" >>commands.txt
  "$program" "$@" --quiet >>log.txt 2>&1 || { tail -n 20 log.txt >&2; fail "liftedgan $*"; }
}
newest() { find "$1" -name 'network-snapshot-*.safetensors' | sort | tail -n 1; }  # of a folder of runs
count_is() { # FILE COUNT: what dataset inspect counts
  "$program" dataset inspect --data "$1" --out "$1.json" >>log.txt
  grep -q "\"readable\": $2" "$1.json" || fail "$1: not $2 readable images"
}

step "archives as they are downloaded"
count=48
liftedgan heads render --count $count --size 512 --seed 1 --out heads
"$maker" sets heads .
"$maker" judges judges 32
vgg=judges/vgg16-397923af.pth embedding=judges/lresnet_casia.pth.tar
inception=judges/pt_inception-2015-12-05-6726825d.pth

step "data"
liftedgan dataset make --data images1024x1024 --out ffhq32.zip --size 32
liftedgan dataset make --data afhq/train/cat --out cats32.zip --size 32
# The smallest face network sees 64 pixels: CelebA, which has the identities, is made in that size.
liftedgan dataset make --data img_align_celeba --out celeba64.zip --size 64 --transform center-crop
awk 'BEGIN { print "{\"labels\": [" } { printf "%s[\"%s\", %d]", (NR > 1 ? ",\n" : ""), $1, $2 }
  END { print "]}" }' identity_CelebA.txt >img_align_celeba/dataset.json
liftedgan dataset make --data img_align_celeba --out people64.zip --size 64 --transform center-crop
liftedgan dataset inspect --data ffhq32.zip --sheet ffhq32.jpg
for set in ffhq32.zip cats32.zip celeba64.zip people64.zip afhq_dog_lmdb; do count_is "$set" $count; done

step "2D generators"
train_gan() { # DOMAIN DATA SIZE ARGUMENTS...: 20 steps
  domain=$1 data=$2 size=$3
  shift 3
  liftedgan train-gan --data "$data" --size "$size" --channels micro --batch 8 --mirror --kimg 0.16 --tick 0.08 --snap 1 \
    --outdir "gan/$domain" "$@"
}
train_gan ffhq ffhq32.zip 32 --aug noaug
train_gan cats cats32.zip 32 --aug ada
train_gan celeba celeba64.zip 64 --aug noaug
train_gan dogs afhq_dog_lmdb 32 --aug ada --batch-part 4
liftedgan generate --network "$(newest gan/ffhq)" --seeds 0-15 --trunc 1 --outdir out/ffhq-2d

step "a face network"
liftedgan train-embedding --data people64.zip --arch small --batch 8 --held-out 0.2 --kimg 0.08 --tick 0.04 --snap 1 \
  --outdir embedding
people=$(newest embedding)

step "lifting and ablations"
liftedgan ablate --gan "$(newest gan/ffhq)" --preset ffhq --vgg $vgg --embedding $embedding --batch 4 --steps 8 --tick 0.016 \
  --samples 8 --outdir ablations
lift() { # NAME ARGUMENTS...: 8 steps
  name=$1
  shift
  liftedgan train-lift --batch 4 --kimg 0.032 --tick 0.016 --vgg $vgg --outdir "lift/$name" "$@"
  cp "$(newest "lift/$name")" "lift/$name.safetensors"
}
for model in full wo_flip wo_perturb wo_idt wo_rega; do
  cp "$(newest ablations/$model)" ablations/$model.safetensors
done
lift cats --gan "$(newest gan/cats)" --preset afhq-cat
lift dogs --gan "$(newest gan/dogs)" --preset afhq-dog
lift celeba --gan "$(newest gan/celeba)" --preset celeba --embedding "$people"

step "the originals, as the authors keep them"
original() { # DOMAIN GAN SIZE ARGUMENTS...
  domain=$1 gan=$2 size=$3
  shift 3
  lift "$domain-of-another-seed" --seed 7 "$@"
  mkdir -p "original/$domain" "$(dirname "$gan")"
  "$maker" checkpoint "lift/$domain-of-another-seed.safetensors" "$gan" "original/$domain/checkpoint_010.pth"
  cat >"original/$domain/config.py" <<END
''' Config Proto '''
import os
image_size = $size
min_depth = 0.9
max_depth = 1.1
border_depth = 1.05
xyz_rotation_range = 60  # (-r,r) in degrees
lam_rec = 5.0
renderer_params = {
    'image_size': $size,
    'fov': 10, # in degrees
    'min_depth': min_depth,
    'max_depth': max_depth,
    'border_depth': border_depth,
}
END
}
ffhq=stylegan2-ffhq-cropped-300000.pt cats=stylegan2-cats-cropped-300000.pt
celeba=checkpoint_stylegan_celeba/090000.pt dogs=checkpoint_stylegan_training_afhq_dog/030000.pt
original ffhq $ffhq 32 --gan "$(newest gan/ffhq)" --preset ffhq --embedding $embedding
original cats $cats 32 --gan "$(newest gan/cats)" --preset paper-afhq-cat
original celeba $celeba 64 --gan "$(newest gan/celeba)" --preset celeba --embedding "$people"
original dogs $dogs 32 --gan "$(newest gan/dogs)" --preset afhq-dog
# --init: the stand-ins have no Adam state for --resume to go on from.
lift ffhq-goes-on --gan $ffhq --init original/ffhq/checkpoint_010.pth --preset ffhq --embedding $embedding
liftedgan inspect original/ffhq/checkpoint_010.pth

step "FID by published statistics"
liftedgan metrics --data ffhq32.zip --inception $inception --metrics fid1k_full --protocol published \
  --save-stats inception_ffhq_32.pkl
liftedgan generate --network original/ffhq/checkpoint_010.pth --gan $ffhq --seeds 0-31 --trunc 1 --outdir out/ffhq
mkdir out/ffhq-faces
cp out/ffhq/seed*.png out/ffhq-faces
liftedgan metrics --images out/ffhq-faces --stats inception_ffhq_32.pkl --inception $inception --metrics fid1k_full
"$program" metrics --images out/ffhq-faces --data ffhq32.zip --inception $inception --metrics fid1k_full --cache cache \
  --quiet >fid.json 2>>log.txt
grep -q '"fid1k_full":[0-9]' fid.json || fail "fid.json: holds no FID"
# A network: a thousand samples of it, through an untrained network that takes seconds where Inception takes minutes.
liftedgan metrics --network ablations/full.safetensors --data ffhq32.zip --metrics fd_random1k_full --trunc 1 --cache cache

step "figures one by one"
two="--network original/ffhq/checkpoint_010.pth --network ablations/full.safetensors --gan $ffhq --labels original,reproduced"
for axis in none yaw pitch light interpolate; do
  # shellcheck disable=SC2086
  liftedgan compare $two --axis $axis --seeds 0-1 --format gif --outdir figures/two-$axis
done
liftedgan compare --network ablations/full.safetensors --network ablations/wo_flip.safetensors \
  --network ablations/wo_perturb.safetensors --network ablations/wo_idt.safetensors \
  --network ablations/wo_rega.safetensors --axis yaw --seeds 0-1 --format gif --outdir figures/5
for axis in yaw pitch; do
  liftedgan rotate --network lift/cats.safetensors --axis $axis --seeds 0-1 --outdir figures/7-$axis
  liftedgan rotate --network lift/celeba.safetensors --axis $axis --seeds 0-1 --outdir figures/9-$axis
done
liftedgan relight --network lift/cats.safetensors --seeds 0-1 --outdir figures/8
liftedgan generate --network lift/celeba.safetensors --seeds 0-7 --outdir figures/9-faces
liftedgan relight --network lift/celeba.safetensors --seeds 0-1 --outdir figures/9-light

step "the page"
liftedgan presets
liftedgan reproduce --init example.json
model() { printf '{"network": "%s", "gan": "%s"}' "$1" "$2"; }
own() { printf '{"network": "%s"}' "$1"; }
cat >report.json <<END
{
  "seeds": "0-7", "trunc": 0.7, "samples": 16,
  "metrics": "fd_random1k_full,agreement", "metrics_trunc": 1, "protocol": "published",
  "domains": {
    "faces": {
      "title": "FFHQ", "data": "ffhq32.zip",
      "original": $(model original/ffhq/checkpoint_010.pth $ffhq), "reproduced": $(own ablations/full.safetensors),
      "ablations": {
        "wo_flip": $(own ablations/wo_flip.safetensors), "wo_perturb": $(own ablations/wo_perturb.safetensors),
        "wo_idt": $(own ablations/wo_idt.safetensors), "wo_rega": $(own ablations/wo_rega.safetensors)
      }
    },
    "cats": {
      "title": "AFHQ Cat", "data": "cats32.zip",
      "original": $(model original/cats/checkpoint_010.pth $cats), "reproduced": $(own lift/cats.safetensors)
    },
    "celeba": {
      "title": "CelebA", "data": "celeba64.zip",
      "original": $(model original/celeba/checkpoint_010.pth $celeba), "reproduced": $(own lift/celeba.safetensors)
    },
    "dogs": {
      "title": "AFHQ Dog", "data": "afhq_dog_lmdb",
      "original": $(model original/dogs/checkpoint_010.pth $dogs), "reproduced": $(own lift/dogs.safetensors)
    }
  }
}
END
liftedgan reproduce --manifest report.json --cache cache --outdir report

step "what it made"
page=report/index.html
row() { grep -F "$1" $page >/dev/null || fail "$page: has no '$1'"; }
! grep -q 'class="empty"' $page || fail "$page: has an empty place"
! grep -qF '(domains.' $page || fail "$page: Table 2 lacks a count"
for number in 1 2 3; do row "<h2>Table $number:"; done
for number in 1 2 3 4 5 6 7 8 9; do row "<b>Figure $number:"; done
for preset in ffhq celeba afhq-cat afhq-dog paper-ffhq paper-celeba paper-afhq-cat; do row "<th>$preset</th>"; done
row "<td>FFHQ</td><td>70,000</td><td>1024x1024</td><td>ffhq32.zip</td><td>$count</td><td>32x32</td>"
row "<td>AFHQ Cat</td><td>about 5,000</td><td>512x512</td><td>cats32.zip</td><td>$count</td><td>32x32</td>"
row "<td>CelebA</td><td>202,599</td><td>178x218</td><td>celeba64.zip</td><td>$count</td><td>64x64</td>"
# Table 3: experiment, data set, two published columns, ours reproduced, ours original.
number='<td>[0-9][0-9.]*</td>' none='<td>–</td>'
for setting in wo_flip wo_perturb wo_idt wo_rega; do
  grep -q "<td>$setting</td><td>FFHQ</td>$number$number$number$none" $page || fail "Table 3: no numbers of $setting"
done
grep -q "<td>full</td><td>FFHQ</td>$number$number$number$number" $page || fail "Table 3: no numbers of full"
for title in "AFHQ Cat" CelebA "AFHQ Dog"; do
  grep -q "<td>full</td><td>$title</td>$none$none$number$number" $page || fail "Table 3: no numbers of $title"
done
for figure in 2 3_yaw 3_pitch 4 5 6 7_yaw 7_pitch 8 9_faces 9_yaw 9_pitch 9_light; do
  ls report/figure$figure.* >/dev/null 2>&1 || fail "report: has no figure$figure"
done
for picture in $(sed -n '/"pictures"/,/}/s/^ *"\(.*\)": "[0-9a-f]*",*$/\1/p' report/reproduce.json); do
  [ -s "report/$picture" ] || fail "report/$picture: is not there or empty"
  echo "$picture" >>pictures.txt
done
[ "$(wc -l <pictures.txt)" -ge 30 ] || fail "report/reproduce.json: names fewer than 30 pictures"

step "made again"
liftedgan reproduce --check --outdir report
step "done: $(wc -l <commands.txt) commands, $(wc -l <pictures.txt) pictures; open $PWD/$page"
