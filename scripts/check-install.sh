#!/usr/bin/env bash
# Installs the library into a temporary folder, builds examples/embed against it as a stranger's project would, and runs it.
set -euo pipefail
build=$(realpath "${1:?usage: scripts/check-install.sh BUILD_FOLDER}")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
cmake -S examples/embed -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/build"
"$work/build/embed" "$work/head.png"
test -s "$work/head.png"
"$work/prefix/bin/liftedgan" --version
"$work/prefix/bin/liftedgan" inspect builtin >/dev/null # the program behind the launcher
test -s "$work/prefix/share/man/man1/liftedgan.1"
echo "examples/embed: built against the installed package and ran"
