#!/usr/bin/env bash
# Builds the generators and every peer that can be built here, into the build/ folders. What is missing is skipped with a line that
# says so; the exit status is that of what was tried.
set -u
cd "$(dirname "$0")"
mkdir -p build
status=0

# attempt NAME COMMAND…: the build's output is shown only when it fails.
attempt() {
  local name=$1 output; shift
  if output=$("$@" 2>&1); then echo "built    $name"; else echo "FAILED   $name"; echo "$output"; status=1; fi
}
skip() { echo "skipped  $1: $2"; }

flags=(-O2 -Wall -Wextra -Werror)
if command -v gcc >/dev/null; then
  attempt load make -s -C ../load CC=gcc
  attempt epoll_echo gcc "${flags[@]}" -o build/epoll_echo echo/epoll_echo.c echo/server.c
  if [ -e /usr/include/uv.h ]; then
    attempt libuv_echo gcc "${flags[@]}" -o build/libuv_echo echo/libuv_echo.c echo/server.c -luv
    attempt libuv_cases gcc "${flags[@]}" -o build/libuv_cases scheduler/libuv_cases.c -luv
  else
    skip libuv "no uv.h (libuv1-dev)"
  fi
else
  skip "load, epoll, libuv" "no gcc"
fi

if command -v go >/dev/null; then
  attempt go_echo go build -buildvcs=false -o build/go_echo ./echo/go
  attempt go_web go build -buildvcs=false -o build/go_web ./web/go
  attempt go_cases go build -buildvcs=false -o build/go_cases ./scheduler/go
else
  skip go "no go (golang-go)"
fi

# Whichever cargo builds it: the one in PATH may be newer than Debian's, which gives the peer better code; Debian's own always fits
# the crates that it ships.
tokio() {
  TOKIO_VERSION=$(ls -d /usr/share/cargo/registry/tokio-1.* | sed 's/.*tokio-//') && export TOKIO_VERSION
  local cargo
  for cargo in cargo /usr/bin/cargo; do
    command -v "$cargo" >/dev/null || continue
    rm -f Cargo.lock                                    # a lock file of the one may be too new for the other
    PATH="$(dirname "$(command -v "$cargo")"):$PATH" "$cargo" build --release --offline \
      && cp build/cargo/release/tokio_{cases,echo,files} build/ && return
  done
  return 1
}
if ! ls -d /usr/share/cargo/registry/tokio-1.* >/dev/null 2>&1; then
  skip tokio "no crate of it (librust-tokio-dev)"
elif ! command -v cargo >/dev/null; then
  skip tokio "no cargo"
else
  attempt tokio tokio
fi

# Nothing to build for these; said here so that one list shows who takes part.
for module in asyncio uvloop trio gevent; do
  if /usr/bin/python3 -c "import $module" 2>/dev/null; then echo "have     $module"; else skip "$module" "/usr/bin/python3 has no such module"; fi
done
if command -v node >/dev/null; then echo "have     node $(node --version)"; else skip node "no node (nodejs)"; fi
exit $status
