#!/usr/bin/env bash
# Runs the main job with the model that ships and leaves pictures, animations, a mesh and a page under out/demo.
set -euo pipefail
build=${1:-build/release}
"$build/liftedgan" demo --outdir out/demo --supersampling 2 --ablation models/heads-128-wo-perturb.safetensors --label "without perturbation"
