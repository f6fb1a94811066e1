#!/usr/bin/env bash
# Runs the main job with what ships and leaves pictures, animations and a page under out/demo.
set -euo pipefail
build=${1:-build/release}
"$build/liftedgan" demo --outdir out/demo
