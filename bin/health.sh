#!/bin/bash
# The container's health check: asks the control plane's /readyz without starting Node, in some milliseconds.
# Where nothing answers at the usual address (another control.port or control.host in the config file), it asks the
# program itself. Exit code 0 when the sidecar is ready, 1 otherwise.
port=${KLING_SIDECAR__CONTROL__PORT:-5565}

ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$port" >&3
  # The answer ends with the connection: all of it is read, and it holds no zero byte.
  IFS= read -r -d '' -t 4 answer <&3
  true
}

answer=
[[ $port =~ ^[1-9][0-9]{0,4}$ ]] && ask 2>/dev/null
body=${answer#*$'\r\n\r\n'}
case $body in
  *'"ready":true'*) echo ready; exit 0 ;;
  *'"ready":false'*) body="{${body#*\{}"; printf '%s\n' "${body%\}*}}"; exit 1 ;;
esac
exec kling-sidecar health
