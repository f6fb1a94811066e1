#!/usr/bin/env bash
# Mixed requests, a tenth of them malformed, against the viewer: latencies by kind, and memory before and after (tests/e2e/load.mjs).
#   scripts/viewer-load.sh [REQUESTS] [CONCURRENCY] VIEW_ARGUMENTS…     for example: 10000 32 --network lifted.safetensors --cache 48
# (a cache small enough to be full before memory is read the first time).
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")
program=${LIFTED_PROGRAM:-$root/build/release/liftedgan}
requests=${1:-10000} concurrency=${2:-32}
shift 2 || { sed -n 's/^#   //p' "$0" >&2; exit 2; }
command -v node >/dev/null || { echo "error: node is not installed" >&2; exit 1; }
url=$(mktemp)
"$program" view "$@" --port 0 >"$url" &
server=$!
trap 'kill $server 2>/dev/null || true; rm -f "$url"' EXIT
until [ -s "$url" ]; do
  kill -0 $server 2>/dev/null || exit 1
  sleep 0.1
done
node "$root/tests/e2e/load.mjs" "$(cat "$url")" "$requests" "$concurrency"
kill $server
wait $server || { echo "error: the server did not end well" >&2; exit 1; }
