#!/usr/bin/env bash
# scripts/lint.sh format          every source is as clang-format writes it, and none parses JSON but base/json.cpp
# scripts/lint.sh fix             make it so
# scripts/lint.sh docs            documentation: lines of at most 120 characters, no dead link or anchor within the repository
# scripts/lint.sh check           that, and cppcheck over the library: seconds
# scripts/lint.sh tidy [FILE…]    clang-tidy; the files named, or those that do not include torch (others take about a minute each)
set -euo pipefail
cd "$(dirname "$0")/.."

sources() { git ls-files '*.cpp' '*.h' | grep -v '^cmake/'; }

without_torch() {
  for file in $(git ls-files 'lifted/base/*.cpp' 'lifted/data/heads/*.cpp' | grep -v '_kernel\.cpp$'); do
    g++ -std=c++20 -M -I. "$file" 2>/dev/null | grep -q 'torch/types\.h' || echo "$file"
  done
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
    sources | xargs clang-format --dry-run --Werror
    ;;
  fix) sources | xargs clang-format -i ;;
  docs) docs ;;
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
        --extra-arg=-include --extra-arg="$PWD/fuzz/clang_libtorch.h"
    echo "clang-tidy: clean"
    ;;
  *) echo "usage: scripts/lint.sh format|fix|docs|check|tidy [FILE…]" >&2; exit 2 ;;
esac
