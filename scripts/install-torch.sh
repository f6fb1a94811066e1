#!/usr/bin/env bash
# Brings a libtorch from PyPI into build/libtorch-VERSION and points build/libtorch at it, where `cmake --preset torch2` looks.
#   scripts/install-torch.sh [VERSION]          the newest 2.x, or that one (2.7 or later); what runs on a CPU: 500 MB
#   scripts/install-torch.sh --cuda [VERSION]   all of it with NVIDIA's libraries and compiler: 4.3 GB
# PyPI's wheels for x86-64 are built with CUDA, but what computes on the CPU needs only the few small libraries of NVIDIA's
# that libtorch_cpu.so itself names. Exit 3: there is no network or no such version.
set -euo pipefail
cd "$(dirname "$0")/.."

cuda=""
if [ "${1:-}" = "--cuda" ]; then cuda=1; shift; fi
wanted='torch>=2.7,<3'
[ -z "${1:-}" ] || wanted="torch==$1"
unreachable() { echo "install-torch.sh: $*" >&2; exit 3; }
fail() { echo "install-torch.sh: $*" >&2; exit 1; }

python3 -m pip --version >/dev/null 2>&1 || fail "needs python3 with pip (Debian: python3-pip)"
for tool in unzip readelf; do command -v $tool >/dev/null || fail "needs $tool"; done
mkdir -p build
work=$(mktemp -d build/install-torch.XXXXXX)
trap 'rm -rf "$work"' EXIT

download() { # REQUIREMENT: prints the wheel's path
  local folder
  folder=$(mktemp -d "$work/wheel.XXXXXX")
  python3 -m pip download --quiet --disable-pip-version-check --timeout 30 --retries 2 --no-deps --only-binary :all: -d "$folder" "$1" >&2 ||
    unreachable "pip brought no $1"
  echo "$folder"/*.whl
}
requirements() { # WHEEL: one a line, with its condition
  unzip -p "$1" '*.dist-info/METADATA' | tr -d '\r' | sed -n 's/^Requires-Dist: //p'
}

case ${1:-} in
  1.* | 2.[0-6] | 2.[0-6].*) fail "torch $1 from PyPI has the C++ library's old ABI, which nothing else here has: take 2.7 or later" ;;
esac
wheel=$(download "$wanted")
version=$(basename "$wheel" | cut -d- -f2)
version=${version%%+*}
target=build/libtorch-$version
stage=$work/stage
mkdir "$stage"
parts=(torch/lib/libtorch_cpu.so torch/lib/libc10.so 'torch/lib/libgomp*' 'torch/include/*' torch/version.py)
[ -z "$cuda" ] || parts+=('torch/lib/lib*.so*' 'torch/share/*')
# unzip says 11 for a name that matches nothing: not every wheel has an OpenMP of its own.
unzip -q "$wheel" "${parts[@]}" -d "$stage" || [ $? = 11 ]
[ -f "$stage/torch/lib/libtorch_cpu.so" ] || fail "$(basename "$wheel") has no libtorch_cpu.so"

# What the wheel asks for: since 2.10 by way of a package without content whose extras name NVIDIA's, before that directly.
requirements "$wheel" >"$work/requirements"
toolkit=$(sed -nE 's/^cuda-toolkit\[[^]]*\](==[^; ]+).*/cuda-toolkit\1/p' "$work/requirements" | head -n 1)
extras=$(sed -nE 's/^cuda-toolkit\[([^]]*)\].*/\1/p' "$work/requirements" | tr ',' ' ')
if [ -n "$toolkit" ]; then requirements "$(download "$toolkit")" >"$work/toolkit"; else : >"$work/toolkit"; fi
bring() { # REQUIREMENT PARTS: those parts of its wheel, unpacked
  local wheel
  wheel=$(download "$1")
  unzip -q -o "$wheel" "$2" -d "$stage"
  rm "$wheel"
}
named() { # PATTERN: what the wheel or its toolkit asks for, without conditions
  { grep -hE "$1" "$work/toolkit" "$work/requirements" || true; } | sed -E 's/[; ].*//' | sort -u
}

if [ -n "$cuda" ]; then
  [ -n "$toolkit" ] || fail "torch $version does not say which CUDA toolkit it was built with: take a later one"
  # Beside what it runs with: the compiler (extra nvcc) and the headers that CUDA code includes.
  for requirement in $(named "^nvidia-.*extra == '(${extras// /|}|nvcc|crt|nvvm|cccl)'") \
    $(sed -nE 's/^(nvidia-[a-z0-9-]+==[^; ]+).*/\1/p' "$work/requirements"); do
    bring "$requirement" 'nvidia/*'
  done
  # Until 13.1 nvcc looks for the runtime in lib64, which the wheels call lib.
  for folder in "$stage"/nvidia/cu*; do [ -e "$folder/lib64" ] || ln -s lib "$folder/lib64"; done
else
  for library in $(readelf -d "$stage/torch/lib/libtorch_cpu.so" | sed -nE 's/.*\(NEEDED\).*\[(libcu[a-z]+)\.so.*/\1/p'); do
    case $library in
      libcudart) package=nvidia-cuda-runtime ;;
      libcupti) package=nvidia-cuda-cupti ;;
      libcufile) package=nvidia-cufile ;;
      *) fail "libtorch_cpu.so of $version needs $library.so, and which package has it is not known here" ;;
    esac
    requirement=$(named "^$package(-cu[0-9]+)?==" | head -n 1)
    [ -n "$requirement" ] || fail "libtorch_cpu.so of $version needs $library.so, and the wheel asks for no $package"
    bring "$requirement" "nvidia/*/lib/$library.so*"
  done
fi

rm -rf "$target"
mv "$stage" "$target"
ln -sfn "libtorch-$version" build/libtorch
echo "$target: torch $(sed -nE "s/^__version__ = '(.*)'/\1/p" "$target/torch/version.py"), $(du -sh "$target" | cut -f1)"
