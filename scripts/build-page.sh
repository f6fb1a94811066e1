#!/usr/bin/env bash
# Bundles the viewer's page (web/src, TypeScript and three.js) into a folder: index.html, viewer.js, viewer.css, icon.svg.
#   scripts/build-page.sh FOLDER            npm's packages are kept in FOLDER/packages, as web/package-lock.json names them
#   scripts/build-page.sh --without FOLDER  a note in place of the page: no npm needed
set -euo pipefail
without=0
[ "${1:-}" != --without ] || { without=1; shift; }
out=${1:?usage: scripts/build-page.sh [--without] FOLDER}
web=$(realpath "$(dirname "$0")/../web")
mkdir -p "$out"
out=$(realpath "$out")

if [ "$without" = 1 ]; then
  cp "$web/src/icon.svg" "$out/icon.svg"
  : >"$out/viewer.js"
  : >"$out/viewer.css"
  cat >"$out/index.html" <<'HTML'
<!doctype html><html lang="en"><meta charset="utf-8"><title>LiftedGAN viewer</title>
<h1>Built without its page</h1><p>This program was configured with -DLIFTED_BUILD_PAGE=OFF. Its API is at /api/v1/ (docs/viewer.md).</p></html>
HTML
  exit 0
fi

refuse() {
  { echo "error: cannot build the viewer's page: $1"
    echo "       scripts/install-deps.sh installs node and npm; npm fetches the packages of web/package-lock.json once, then works offline."
    echo "       To build the program without its page: cmake --preset release -DLIFTED_BUILD_PAGE=OFF"; } >&2
  exit 1
}
command -v node >/dev/null && command -v npm >/dev/null || refuse "node or npm is not installed"

packages="$out/packages"
mkdir -p "$packages"
if ! cmp -s "$web/package-lock.json" "$packages/installed.json"; then
  cp "$web/package.json" "$web/package-lock.json" "$packages/"
  npm ci --prefer-offline --no-audit --no-fund --loglevel=error --prefix "$packages" >"$out/npm.log" 2>&1 ||
    refuse "npm ci failed: $(tail -n 3 "$out/npm.log" | tr '\n' ' ')"
  cp "$web/package-lock.json" "$packages/installed.json"
fi

# Sources beside the packages, so that both tools resolve them.
rm -rf "$packages/src"
cp -r "$web/src" "$web/tsconfig.json" "$packages/"
cd "$packages"
node_modules/.bin/tsc --noEmit -p . || refuse "the TypeScript above does not type-check"
node_modules/.bin/esbuild src/viewer.ts --bundle --minify --target=es2021 --format=esm --legal-comments=eof \
  --log-level=warning --outfile="$out/viewer.js.new" || refuse "esbuild failed"
node_modules/.bin/esbuild src/viewer.css --minify --log-level=warning --outfile="$out/viewer.css.new" || refuse "esbuild failed"
mv "$out/viewer.js.new" "$out/viewer.js"
mv "$out/viewer.css.new" "$out/viewer.css"
cp src/index.html "$out/index.html"
cp src/icon.svg "$out/icon.svg"
