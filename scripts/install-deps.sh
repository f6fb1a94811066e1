#!/bin/sh
# Installs what the project builds and tests with from Debian's packages; does nothing where all is present.
#   scripts/install-deps.sh          what `make build` and `make test` need
#   scripts/install-deps.sh --ci     also the sanitizer, fuzzing and lint tools of .ci/run
set -eu

packages="g++ cmake ninja-build make pkg-config git
  libtorch-dev libgloo-dev libopenblas0-pthread libcli11-dev libfmt-dev libspdlog-dev nlohmann-json3-dev libssl-dev
  zlib1g-dev libpng-dev libjpeg62-turbo-dev libwebp-dev
  libmeshoptimizer-dev libassimp-dev liblmdb-dev
  libavcodec-dev libavformat-dev libavutil-dev libswscale-dev libavfilter-dev
  libopencv-objdetect-dev opencv-data libmicrohttpd-dev libfreetype-dev fonts-dejavu-core libgtest-dev libgmock-dev libbenchmark-dev"
if [ "${1:-}" = "--ci" ]; then
  packages="$packages clang clang-format clang-tidy cppcheck libclang-rt-14-dev chromium zsh fish groff-base
    python3-pip unzip"
fi

# The viewer's page is bundled by npm; any node that is there already will do.
command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || packages="$packages nodejs npm"

missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
echo "installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
