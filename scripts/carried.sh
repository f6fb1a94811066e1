# shellcheck shell=bash
# What gpu-check.sh and gpu-train.sh share: the program, carried or built, and the libtorch that it finds there. Sourced.

# A folder with `torch/lib`, for programs that were built on another machine: LIFTED_LIBTORCH, or what Python has.
libtorch_folder() {
  if [ -n "${LIFTED_LIBTORCH:-}" ]; then echo "$LIFTED_LIBTORCH"; return; fi
  python3 -c 'import importlib.util, os; print(os.path.dirname(os.path.dirname(importlib.util.find_spec("torch").origin)))' 2>/dev/null
}

# Builds in FOLDER what the scripts need, with the libtorch of libtorch_folder().
build_there() { # ROOT FOLDER
  local torch
  torch=$(libtorch_folder) && command -v cmake >/dev/null && command -v ninja >/dev/null || return 1
  cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLIFTED_MINIMAL=ON -DLIFTED_BUILD_BENCH=OFF -DLIFTED_LIBTORCH="$torch" >&2 &&
    cmake --build "$2" --target liftedgan test_ops test_model compare_tensors device_timings >&2
}

# Prints the folder of the program: GIVEN, ROOT itself where it was carried, or ROOT/FALLBACK, built if it is not there.
find_build() { # ROOT GIVEN FALLBACK
  local build=${2:-$1}
  if [ -z "$2" ] && [ ! -x "$1/liftedgan" ]; then
    build=$1/$3
    [ -x "$build/liftedgan" ] || build_there "$1" "$build" || return 1
  fi
  [ -x "$build/liftedgan" ] || return 1
  realpath "$build"
}

# A program that was carried has its own libraries beside it; libtorch's are here.
use_libtorch() { # BUILD
  local torch
  [ -f "$1/carried.txt" ] || return 0
  torch=$(libtorch_folder) && [ -d "$torch/torch/lib" ] ||
    { echo "error: $1 was carried without a libtorch, and Python has none here: name one's folder by LIFTED_LIBTORCH" >&2; return 1; }
  export LD_LIBRARY_PATH="$torch/torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}

# The network of heads: the program's own, or the file that was carried with a program that has none.
network_of() { # ROOT BUILD
  local file
  for file in "$2/models/heads-128.safetensors" "$1/models/heads-128.safetensors"; do
    if [ -f "$file" ]; then echo "$file"; return; fi
  done
  echo builtin
}
