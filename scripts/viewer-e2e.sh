#!/usr/bin/env bash
# The viewer in a real browser (Debian's Chromium, driven by npm's playwright-core): tests/e2e/viewer.mjs.
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
  "$build/tests/make_tiny_networks" "$tools"
  faces=""
  networks=("$tools/tiny-1.safetensors" "$tools/tiny-2.safetensors" "$tools/tiny-2d.safetensors")
fi
rm -f "$tools/url"  # of an earlier run
arguments=()
for network in "${networks[@]}"; do arguments+=(--network "$network"); done
"$build/liftedgan" view "${arguments[@]}" --port 0 >"$tools/url" 2>"$tools/server.log" &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  [ -s "$tools/url" ] && break
  kill -0 $server 2>/dev/null || { cat "$tools/server.log" >&2; exit 1; }
  sleep 0.1
done
CHROMIUM=$chromium node "$tools/viewer.mjs" "$(cat "$tools/url")" "$out" $faces
kill $server
wait $server || { echo "error: the server did not end well" >&2; exit 1; }
trap - EXIT
"$root/scripts/validate-glb.sh" "$out/seed0003.glb" || [ $? = 77 ]
echo "viewer: tried in $("$chromium" --version 2>/dev/null | head -n 1); pictures in $out"
