#!/usr/bin/env bash
# What this repository promises, in fresh Debian 12 roots that have nothing of this machine but its way to the registries (apt's mirrors, npm's
# registry, proxies, certificates): prints wall and processor time of every step.
#   scripts/bare-root.sh packages    the .debs of build/package (cpack), installed: a face, and examples/embed built on them
#   scripts/bare-root.sh demo        a clone of the last commit, and README's `make demo` in it
#   scripts/bare-root.sh test        the same root, and `make test`; without the reference tensors, whose tests skip
# Several at once: `scripts/bare-root.sh demo test`. Needs root, debootstrap, git and a few GB where LIFTED_BARE_ROOT says (default: /var/tmp).
# Exit status 77: this machine cannot do it.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly release=bookworm packages=build/package
readonly prerequisites="git make ca-certificates" # what README asks for

cannot() { echo "bare-root: $1" >&2; exit 77; }
[ $# -gt 0 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
for part in "$@"; do
  case $part in packages | demo | test) ;; *) echo "bare-root: $part: expected packages, demo or test" >&2; exit 2 ;; esac
done
[ "$(id -u)" = 0 ] || cannot "needs to be root"
command -v debootstrap >/dev/null || cannot "debootstrap is not installed"
sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' |
  grep -E " $release(-updates|-security)? main$" || true)
mirror=$(awk -v release="$release" '$2 == release { print $1; exit }' <<<"$sources")
[ -n "$mirror" ] || cannot "apt's sources name no mirror of Debian 12 ($release)"
work=$(mktemp -d "${LIFTED_BARE_ROOT:-/var/tmp}/bare-root.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT

step() { # NAME COMMAND...: says how long it took, or the end of what it said
  local name=$1 status=0 times TIMEFORMAT='%0R %0U %0S'
  shift
  times=$({ time "$@" >"$work/log" 2>&1; } 2>&1) || status=$?
  [ "$status" = 0 ] || { tail -n 60 "$work/log"; echo "bare-root: $name: FAILED" >&2; exit 1; }
  awk -v name="$name" '{ printf "%-44s %6d s wall  %6d s processor\n", name, $1, $2 + $3 }' <<<"$times"
}

# Mounts are of a namespace that ends with the command, as are processes: none is left behind.
inside() { # ROOT COMMAND...
  local root=$1
  shift
  env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive NODE_EXTRA_CA_CERTS=/root/certificates.pem \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" no_proxy="${no_proxy:-}" \
    unshare --mount --pid --fork --kill-child bash -euc '
      root=$1
      shift
      mount --make-rprivate /
      mount -t proc proc "$root/proc"
      mount --rbind /dev "$root/dev"
      exec chroot "$root" "$@"' inside "$root" "$@"
}
script() { inside "$1" bash -euo pipefail -c "$2"; } # ROOT TEXT

# The way to the registries, as this machine has it.
copy_network_settings() { # ROOT
  awk '{ print "deb", $1, $2, $3 }' <<<"$sources" >"$1/etc/apt/sources.list"
  apt-config dump Acquire | grep -E '^Acquire::(https?::|Check-)' >"$1/etc/apt/apt.conf.d/90network" || true
  cp -L /etc/resolv.conf "$1/etc/resolv.conf"
  cat /etc/ssl/certs/ca-certificates.crt >"$1/root/certificates.pem" 2>/dev/null || true
  ! command -v npm >/dev/null || echo "registry=$(npm config get registry)" >"$1/root/.npmrc"
}
bootstrap() {
  debootstrap --variant=minbase "$release" "$work/fresh" "$mirror" && copy_network_settings "$work/fresh" &&
    inside "$work/fresh" apt-get update
}
new_root() { cp -a "$work/fresh" "$1"; } # PATH

clone_root() {
  [ ! -d "$work/clone" ] || return 0
  new_root "$work/clone"
  step "apt-get install $prerequisites" inside "$work/clone" \
    bash -c "apt-get install -y --no-install-recommends $prerequisites"
  git clone --quiet --no-hardlinks . "$work/clone/src"
  step "scripts/install-deps.sh" script "$work/clone" "cd /src && scripts/install-deps.sh"
}
check_demo() {
  clone_root
  step "make demo" script "$work/clone" "cd /src && make demo && test -s out/demo/index.html && ls out/demo"
  tail -n 20 "$work/log"
}
check_test() {
  clone_root
  step "make test" script "$work/clone" "cd /src && make test"
  grep -E 'tests passed|tests failed|\(Skipped\)|^Total Test time' "$work/log"
}

check_packages() {
  local root="$work/packages"
  ls "$packages"/liftedgan_*.deb "$packages"/liblifted-dev_*.deb >/dev/null ||
    { echo "bare-root: $packages has no .debs; cmake --preset package && cmake --build $packages && cpack --preset package" >&2; exit 1; }
  new_root "$root"
  cp "$packages"/*.deb "$root/root/"
  step "apt-get install ./liftedgan.deb" script "$root" "apt-get install -y /root/liftedgan_*.deb"
  step "liftedgan generate" script "$root" "cd /root && liftedgan --version && liftedgan generate --seeds 3 --outdir face &&
    head -c 8 face/seed0003.png | tail -c 7 | grep -q ^PNG && test -s /usr/share/man/man1/liftedgan.1"
  step "apt-get install ./liblifted-dev.deb g++ cmake" script "$root" \
    "apt-get install -y --no-install-recommends /root/liblifted-dev_*.deb g++ cmake make"
  step "examples/embed with CMake, static" script "$root" "cp -r /usr/share/doc/liblifted-dev/examples/embed /root/ && cd /root/embed &&
    cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build && build/embed static.png"
  step "examples/embed with pkg-config, shared" script "$root" "cd /root/embed &&
    g++ -std=c++20 -O1 embed.cpp -o embed \$(pkg-config --cflags --libs lifted) && ldd embed | grep liblifted &&
    ./embed shared.png && cmp static.png shared.png"
  echo "bare-root: the packages install, make a face and carry examples/embed"
}

step "debootstrap" bootstrap
for part in "$@"; do "check_$part"; done
