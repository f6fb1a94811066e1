#!/usr/bin/env bash
# The viewer in a real browser (Debian's Chromium, driven by npm's playwright-core): tests/e2e/viewer.mjs, and a photograph on the built-in model:
# tests/e2e/photograph.mjs.
#   scripts/viewer-e2e.sh [BUILD_FOLDER] [OUTDIR] [NETWORK NETWORK]
# Without networks it makes two small lifted ones and a 2D generator. Screenshots and downloads go to OUTDIR. Exits with 77 where Chromium or npm is missing.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")
build=$(realpath "${1:-$root/build/release}")
out=${2:-$build/e2e/out}
skip() { echo "SKIPPED: the viewer was NOT tried in a browser: $1" >&2; exit 77; }
command -v npm >/dev/null || skip "npm is not installed"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "Chromium is not installed (scripts/install-deps.sh --ci)"

tools="$build/e2e"
mkdir -p "$tools" "$out"
cp "$root"/tests/e2e/*.mjs "$root"/tests/e2e/package*.json "$tools/"
cmp -s "$tools/package-lock.json" "$tools/installed.json" || {
  npm ci --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error --prefix "$tools" >"$tools/npm.log" 2>&1 ||
    skip "npm cannot install playwright-core ($(tail -n 1 "$tools/npm.log"))"
  cp "$tools/package-lock.json" "$tools/installed.json"
}

networks=("${@:3}")
faces=faces
if [ ${#networks[@]} -eq 0 ]; then
  cmake --build "$build" --target make_tiny_networks >"$tools/build.log" || { cat "$tools/build.log" >&2; exit 1; }
  "$build/tests/make_tiny_networks" "$tools"
  faces=""
  networks=("$tools/tiny-1.safetensors" "$tools/tiny-2.safetensors" "$tools/tiny-2d.safetensors")
fi
# serve [NETWORK...]: starts the server; its address is in $tools/url then.
serve() {
  local arguments=()
  for network in "$@"; do arguments+=(--network "$network"); done
  rm -f "$tools/url"  # of an earlier run
  "$build/liftedgan" view "${arguments[@]}" --port 0 >"$tools/url" 2>"$tools/server.log" &
  server=$!
  trap 'kill $server 2>/dev/null || true' EXIT
  for _ in $(seq 300); do
    [ -s "$tools/url" ] && return
    kill -0 $server 2>/dev/null || { cat "$tools/server.log" >&2; exit 1; }
    sleep 0.1
  done
}
stop() {
  kill $server
  wait $server || { echo "error: the server did not end well" >&2; exit 1; }
  trap - EXIT
}
export CHROMIUM=$chromium
serve "${networks[@]}"
node "$tools/viewer.mjs" "$(cat "$tools/url")" "$out" $faces
stop
glbs=("$out/seed0003.glb")
if "$build/liftedgan" inspect builtin >/dev/null 2>&1; then
  serve
  node "$tools/photograph.mjs" "$(cat "$tools/url")" "$out"
  stop
  glbs+=("$out/photo.glb")
else
  echo "photographs: not tried, this build carries no model" >&2
fi
for glb in "${glbs[@]}"; do "$root/scripts/validate-glb.sh" "$glb" || [ $? = 77 ]; done
echo "viewer: tried in $("$chromium" --version 2>/dev/null | head -n 1); pictures in $out"
