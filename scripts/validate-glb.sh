#!/usr/bin/env bash
# Runs the Khronos glTF validator (npm package gltf-validator) over GLB files; fails on any error or warning it reports.
#   scripts/validate-glb.sh FILE.glb…
# Without npm, or where the package cannot be fetched, it says so loudly and exits with 77.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: scripts/validate-glb.sh FILE.glb…" >&2; exit 2; }
skip() { echo "SKIPPED: the glTF files were NOT validated: $1" >&2; exit 77; }
command -v npm >/dev/null && command -v node >/dev/null || skip "npm is not installed"

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
npm install --silent --no-audit --no-fund --prefix "$tools" gltf-validator@2.0.0-dev.3.10 >"$tools/npm.log" 2>&1 ||
  skip "npm cannot install gltf-validator ($(tail -n 1 "$tools/npm.log"))"
cat >"$tools/validate.js" <<'JS'
const fs = require('fs');
const validator = require('gltf-validator');
(async () => {
  let bad = 0;
  for (const file of process.argv.slice(2)) {
    const { issues, info } = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)), { uri: file });
    console.log(`${file}: ${issues.numErrors} errors, ${issues.numWarnings} warnings, ${issues.numInfos} infos; ` +
                `${info.totalVertexCount} vertices, ${info.totalTriangleCount} triangles`);
    for (const message of issues.messages) console.log(`  ${message.code} ${message.pointer ?? ''}: ${message.message}`);
    bad += issues.numErrors + issues.numWarnings;
  }
  process.exit(bad > 0 ? 1 : 0);
})().catch((error) => { console.error(String(error)); process.exit(1); });
JS
node "$tools/validate.js" "$@"
