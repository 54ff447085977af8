#!/usr/bin/env bash
# Lists the peers that can run here, one `LABEL<tab>COMMAND` a line; those that cannot are named on standard error.
#   list.sh scheduler    commands that take `all N [--json]` and `sleep N [--json]`
#   list.sh echo         commands that take `--port P [--lifetime SECONDS]`
#   list.sh web          the same; they answer /plaintext and /json by HTTP
#   list.sh files        commands that take `[--rounds N]`
set -u
here=$(cd "$(dirname "$0")" && pwd)
current=$here/build/current/bin                         # see install.sh --current; what is not there is this machine's
python=/usr/bin/python3                                 # Debian's: the modules are its own, whatever else is first in PATH
[ ! -x "$current/python3" ] || python=$current/python3

program() {
  local at
  for at in "$current/$2" "$here/build/$2"; do
    if [ -x "$at" ]; then printf '%s\t%s\n' "$1" "$at"; return; fi
  done
  echo "skipped  $1: not built (see build.sh)" >&2
}
python() {
  local label=$1 module=$2 script=$3; shift 3
  if "$python" -c "import $module" 2>/dev/null; then
    printf '%s\t%s\n' "$label" "$python $here/$script${*:+ $*}"
  else
    echo "skipped  $label: $python has no module $module (see install.sh)" >&2
  fi
}
node() {
  local label=$1 script=$2 found; shift 2
  if { [ -x "$current/node" ] && found=$current/node; } || found=$(command -v nodejs) || found=$(type -P node); then
    printf '%s\t%s\n' "$label" "$found $here/$script${*:+ $*}"
  else
    echo "skipped  $label: no node (see install.sh)" >&2
  fi
}
fastify() {
  if [ -x "$current/node" ] && [ -d "$here/build/current/npm/fastify/node_modules/fastify" ]; then
    printf '%s\t%s\n' fastify "env NODE_PATH=$here/build/current/npm/fastify/node_modules $current/node $here/web/fastify_web.js"
  else
    echo "skipped  fastify: not installed (see install.sh --current)" >&2
  fi
}
bun() {
  local label=$1 found; shift
  if { [ -x "$current/bun" ] && found=$current/bun; } || found=$(type -P bun); then
    printf '%s\t%s\n' "$label" "$found $here/$*"
  else
    echo "skipped  $label: no bun (see install.sh --current)" >&2
  fi
}
deno() {
  local label=$1 found; shift
  if { [ -x "$current/deno" ] && found=$current/deno; } || found=$(type -P deno); then
    printf '%s\t%s\n' "$label" "$found run -A --unstable-detect-cjs $here/$*"
  else
    echo "skipped  $label: no deno (see install.sh --current)" >&2
  fi
}

case ${1:-} in
scheduler)
  python asyncio asyncio scheduler/asyncio_cases.py
  python uvloop uvloop scheduler/asyncio_cases.py --loop uvloop
  python trio trio scheduler/trio_cases.py
  python gevent gevent scheduler/gevent_cases.py
  node node scheduler/node_cases.js
  bun bun scheduler/node_cases.js
  deno deno scheduler/node_cases.js
  program go go_cases
  program tokio tokio_cases
  program libuv libuv_cases
  ;;
echo)
  program epoll epoll_echo
  program libuv libuv_echo
  program go go_echo
  program tokio tokio_echo
  node node echo/node_echo.js
  node node-pipe echo/node_echo.js --style pipe
  bun bun echo/node_echo.js
  deno deno echo/node_echo.js
  python uvloop-protocol uvloop echo/asyncio_echo.py --loop uvloop
  python uvloop-streams uvloop echo/asyncio_echo.py --loop uvloop --style streams
  python asyncio-protocol asyncio echo/asyncio_echo.py
  python asyncio-streams asyncio echo/asyncio_echo.py --style streams
  python trio trio echo/trio_echo.py
  python gevent gevent echo/gevent_echo.py
  ;;
web)
  program go go_web
  node node web/node_web.js
  bun bun web/node_web.js
  fastify
  python uvicorn uvicorn web/uvicorn_web.py
  python FastAPI fastapi web/uvicorn_web.py --app fastapi
  ;;
files)
  program tokio tokio_files
  python asyncio asyncio files/asyncio_files.py
  ;;
*)
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
