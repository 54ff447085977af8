#!/usr/bin/env bash
# nginx as a static file server on one core: nginx.sh --port P --root DIR [--lifetime SECONDS]; P 0: any.
# Debian's own settings (sendfile, tcp_nopush), one process and no access log. run-echo.sh takes it with LOAD=httpload.
set -eu
port="" root="" lifetime=120
while [ $# -ge 2 ]; do
  case $1 in
  --port) port=$2 ;;
  --root) root=$(realpath "$2") ;;
  --lifetime) lifetime=$2 ;;
  *) break ;;
  esac
  shift 2
done
if [ $# -ne 0 ] || [ -z "$port" ] || [ -z "$root" ]; then sed -n '2s/^# //p' "$0" >&2; exit 2; fi
PATH=$PATH:/usr/sbin

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
while [ "$port" = 0 ]; do
  port=$((20000 + RANDOM % 10000))
  if answers "$port"; then port=0; fi
done

work=$(mktemp -d)
cat >"$work/nginx.conf" <<END
daemon off;
master_process off;     # one process, whose CPU time is then the server's
worker_processes 1;
pid $work/pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path $work/body;
  proxy_temp_path $work/proxy;
  fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi;
  scgi_temp_path $work/scgi;
  server { listen 127.0.0.1:$port; root $root; }
}
END

# nginx takes this process's place, so that its pid is the one the caller knows. What is left to do, a child does: say that it
# listens, end it in time, and tidy up.
server=$$
{
  until answers "$port"; do kill -0 "$server" 2>/dev/null || break; sleep 0.05; done
  kill -0 "$server" 2>/dev/null && echo "listening $port"
  exec >/dev/null 2>&1
  for ((second = 0; second < lifetime; second++)); do kill -0 "$server" || break; sleep 1; done
  kill -TERM "$server" || true
  rm -rf "$work"
} &
exec nginx -p "$work" -c "$work/nginx.conf"
