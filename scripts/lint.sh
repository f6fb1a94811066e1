#!/usr/bin/env bash
# scripts/lint.sh format          every source is as clang-format writes it, and none parses JSON but base/json.cpp
# scripts/lint.sh fix             make it so
# scripts/lint.sh docs            documentation: lines of at most 120 characters, no dead link or anchor within the repository
# scripts/lint.sh check           that, and cppcheck over the library: seconds
# scripts/lint.sh alone [FILE…]   every source by itself, as LIFTED_UNITY=OFF compiles it: two seconds of clang's front end each; needs a
#                                 configured build/release
# scripts/lint.sh tidy [FILE…]    clang-tidy; the files named, or those that do not include torch (others take about a minute each)
set -euo pipefail
cd "$(dirname "$0")/.."

sources() { git ls-files '*.cpp' '*.h' | grep -v '^cmake/'; }

without_torch() {
  for file in $(git ls-files 'lifted/base/*.cpp' 'lifted/data/heads/*.cpp' | grep -v '_kernel\.cpp$'); do
    g++ -std=c++20 -M -I. "$file" 2>/dev/null | grep -q 'torch/types\.h' || echo "$file"
  done
}

alone() { # [FILE…]: the files named, or all of the library and the program
  local folder status=0
  folder=$(mktemp -d)
  local flags="-std=c++20 -Wall -Wextra -Wshadow -Werror -fopenmp=libgomp -DLIFTED_X86_ISA_LEVELS=1 -DUSE_DISTRIBUTED -DUSE_C10D_GLOO
    -I. -Ibuild/release/generated -isystem /usr/include/torch/csrc/api/include $(pkg-config --cflags freetype2) -isystem /usr/include/opencv4"
  { if [ $# -gt 0 ]; then printf '%s\n' "$@"; else git ls-files 'lifted/*.cpp' | grep -vE '_kernel\.cpp$|/cuda/|/launcher/'; fi; } >"$folder/all"
  grep -E '^lifted/(base|ops|formats|scene|data)/' "$folder/all" >"$folder/precompiled_tensors" || true # as CMakeLists.txt has it
  grep -E '^lifted/app/' "$folder/all" >"$folder/commands" || true # and with what commands.h takes a second to read
  grep -vxF -f "$folder/precompiled_tensors" "$folder/all" | grep -vxF -f "$folder/commands" >"$folder/precompiled" || true
  cp cmake/precompiled_tensors.h cmake/precompiled.h "$folder/"
  printf '#include "%s"\n' precompiled.h CLI/CLI.hpp >"$folder/commands.h"
  local header
  for header in precompiled_tensors precompiled commands; do
    [ -s "$folder/$header" ] || continue
    # What the precompiled header leaves to be instantiated is done once, in it, and not again in every source.
    # shellcheck disable=SC2086
    clang++ $flags -Wno-pragma-once-outside-header -x c++-header -fpch-instantiate-templates \
      -include cmake/clang_libtorch.h "$folder/$header.h" -o "$folder/$header.pch"
    # shellcheck disable=SC2086
    xargs -P "$(nproc)" -n 1 clang++ $flags -fsyntax-only -include-pch "$folder/$header.pch" <"$folder/$header" || status=1
  done
  rm -rf "$folder"
  [ "$status" = 0 ] && echo "alone: clean"
}

anchors() { # FILE: what its headings are called in links
  sed -nE 's/^#+ +//p' "$1" | tr '[:upper:]' '[:lower:]' | LC_ALL=C.UTF-8 sed -E 's/[^[:alpha:]0-9_ -]//g; s/ /-/g'
}

docs() {
  local failed=0 file link target
  if LC_ALL=C.UTF-8 git grep -nE '^.{121,}' -- '*.md'; then
    echo "lines of documentation have at most 120 characters" >&2
    failed=1
  fi
  while IFS=: read -r file link; do
    link=${link#](}
    case $link in http | https | mailto) continue ;; esac
    target=$(dirname "$file")/${link%%#*}
    if [ "${link%%#*}" = "" ]; then target=$file; fi
    if [ ! -e "$target" ]; then
      echo "$file: $link: there is no such file" >&2
      failed=1
    elif [ "$link" != "${link#*#}" ] && ! anchors "$target" | grep -qxF -- "${link#*#}"; then
      echo "$file: $link: $target has no such heading" >&2
      failed=1
    fi
  done < <(git grep -noE '\]\([^):[:space:]]+' -- '*.md' | sed -E 's/^([^:]*):[0-9]+:/\1:/')
  if ! grep -qx "version: $(sed -nE 's/^project\(lifted VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)" CITATION.cff; then
    echo "CITATION.cff: version is not that of CMakeLists.txt" >&2
    failed=1
  fi
  [ "$failed" = 0 ] && echo "docs: clean"
}

case "${1:-}" in
  format)
    if git grep -n 'json::parse(' -- lifted fuzz ':!lifted/base/json.*'; then
      echo "JSON is read by parse_json() of base/json.h, which has limits" >&2
      exit 1
    fi
    if git grep -nE 'for \([^;]* : [A-Za-z_:]+\([^()]*\)\[' -- '*.cpp' '*.h'; then
      echo "the temporary that a for loop takes a part of is gone when the loop begins: give it a name" >&2
      exit 1
    fi
    sources | xargs clang-format --dry-run --Werror
    ;;
  fix) sources | xargs clang-format -i ;;
  docs) docs ;;
  alone)
    shift
    alone "$@"
    ;;
  check)
    docs
    # Suppressed: what cppcheck 2.10 reports wrongly here (torch's registration macros, arrays filled in a loop, references kept by callers).
    cppcheck -j "$(nproc)" --quiet --std=c++20 --language=c++ --enable=warning,performance,portability --error-exitcode=1 \
      --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=syntaxError --suppress=internalAstError \
      --suppress=uninitvar --suppress=legacyUninitvar --suppress=ctuuninitvar --suppress=uninitMemberVar \
      --suppress=invalidLifetime --suppress=nullPointer --suppress=nullPointerRedundantCheck --suppress=constStatement \
      --suppress=useInitializationList --suppress=passedByValue -I. lifted
    echo "cppcheck: clean"
    ;;
  tidy)
    shift
    # A build folder of its own: clang cannot read GCC's precompiled headers.
    [ -f build/tidy/compile_commands.json ] ||
      cmake -S . -B build/tidy -G Ninja -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DLIFTED_UNITY=OFF -DLIFTED_BUILD_TESTS=OFF -DLIFTED_BUILD_BENCH=OFF >/dev/null
    { if [ $# -gt 0 ]; then printf '%s\n' "$@"; else without_torch; fi; } |
      xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/tidy --extra-arg=-fno-openmp \
        --extra-arg=-include --extra-arg="$PWD/cmake/clang_libtorch.h"
    echo "clang-tidy: clean"
    ;;
  *) echo "usage: scripts/lint.sh format|fix|docs|check|alone|tidy [FILE…]" >&2; exit 2 ;;
esac
