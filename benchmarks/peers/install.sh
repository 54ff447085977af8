#!/usr/bin/env bash
# Installs the other runtimes from Debian's packages. Each one is optional: what cannot be had is skipped with a line that says
# so, and the suite leaves that peer out. Needs root (or sudo).
#   install.sh                 as this Debian has them
#   install.sh --current DIR   as they are today, in a folder of their own: see current.sh
set -u
[ "${1:-}" != --current ] || exec "$(dirname "$0")/current.sh" "${@:2}"
export DEBIAN_FRONTEND=noninteractive

sudo=""
[ "$(id -u)" -eq 0 ] || sudo="sudo"

# A benchmark suite must not leave servers running: nginx would start listening on every address as soon as it is unpacked.
# This is Debian's own switch for that; it is taken away again below unless it was there before.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null && $sudo chmod 755 "$policy"
  trap '$sudo rm -f "$policy"' EXIT
fi

echo "updating the package lists"
$sudo apt-get update -q >/dev/null 2>&1 || echo "apt-get update failed: using the lists there are"

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# want PACKAGE [COMMAND]: installs PACKAGE unless it is there, or COMMAND already is (a newer Node or Rust from elsewhere is kept).
want() {
  local package=$1 command=${2:-}
  if installed "$package"; then
    echo "have     $package $(dpkg-query -W -f='${Version}' "$package")"
  elif [ -n "$command" ] && command -v "$command" >/dev/null; then
    echo "have     $package (as $(command -v "$command"))"
  elif $sudo apt-get install -q -y --no-install-recommends "$package" >/dev/null 2>&1; then
    echo "got      $package $(dpkg-query -W -f='${Version}' "$package")"
  else
    echo "skipped  $package: apt-get cannot install it here"
  fi
}

want python3
want python3-uvloop
want python3-trio
want python3-gevent
want nodejs node
want golang-go go
want gcc gcc
want libc6-dev
want make make
want libuv1-dev
want rustc rustc
want cargo cargo
want librust-tokio-dev
want wrk wrk
want nginx-light nginx
