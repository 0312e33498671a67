#!/usr/bin/env bash
# Interoperation: real clients talk to the examples `echo_server` and `echo_server_tls`, and get back what they sent.
#
#   tests/interop/run.sh
#
# Each client makes its exchanges and prints a line for each:
#
#   ws          the npm package `ws`                                node, npm
#   websockets  the Python package `websockets`                     python3 with venv
#   chromium    a browser on the server's own page                  node, npm, chromium
#
# All do so over TLS as well (tls_ws…). `handshake.sh` has more, about how connections are
# opened, and `apps.sh` has what is spoken over them.
#
# Installs the pinned packages beside this script (node_modules/, .venv/), and Debian's packages of what is
# missing, if this user may. A client that cannot run is a failure, unless WSFRAME_INTEROP_SKIP names it:
# WSFRAME_INTEROP_SKIP=chromium,ws tests/interop/run.sh

set -euo pipefail
source "$(dirname "$0")/lib.sh"

# What each client needs, and how it is run.
prepare_ws() { node_packages; }
prepare_websockets() { python_packages; }
prepare_chromium() { node_packages && browser; }

run_ws() { limited node "$here/ws.mjs" "ws://$address/"; }
run_websockets() {
    limited "$here/.venv/bin/python" -B "$here/websockets_client.py" "ws://$address/"
}
run_chromium() {
    CHROMIUM=$(command -v chromium) limited node "$here/browser.mjs" "http://$address/"
}

# Over TLS each is told which certificate to trust, and checks it as it does everywhere.
prepare_tls_ws() { node_packages; }
prepare_tls_websockets() { python_packages; }
prepare_tls_chromium() { node_packages && browser; }

run_tls_ws() {
    NODE_EXTRA_CA_CERTS=$certificate to TLS node "$here/ws.mjs" "wss://$tls_address/"
}
run_tls_websockets() {
    SSL_CERT_FILE=$certificate \
        to TLS "$here/.venv/bin/python" -B "$here/websockets_client.py" "wss://$tls_address/"
}
run_tls_chromium() {
    CHROMIUM=$(command -v chromium) CERTIFICATE=$certificate \
        to TLS node "$here/browser.mjs" "https://$tls_address/"
}

# refuses NAME STATUS ARGUMENT…: the server says why on stderr, and exits with the status.
refuses() {
    local name="server: $1 → exit status $2" expected=$2 status=0
    shift 2
    timeout 10 "$server" "$@" >/dev/null 2>"$scratch/stderr" || status=$?
    if [[ $status -eq $expected && -s $scratch/stderr ]]; then
        ok "$name"
    else
        fail "$name: got $status, and: $(<"$scratch/stderr")"
    fi
}

# listening VARIABLE S: reads from descriptor 4 where the server listens, and keeps that in the variable.
listening() {
    local page=$page_line websocket at
    read -r -t 10 -u 4 _ websocket || true
    page=${page_line##* }
    at=${page#"http$2://"}
    at=${at%/}
    if [[ $page == "http$2://$at/" && $websocket == "ws$2://$at/" ]]; then
        ok "server: says where it listens, http$2"
    else
        fail "server: says that it listens at $page and $websocket"
    fi
    printf -v "$1" '%s' "$at"
}

cd "$here/../.."
examples=$(examples_folder)
server=$examples/echo_server

start page_line "$server" 127.0.0.1:0
server_pid=${running[-1]}
listening address ""

start page_line "${server}_tls" 127.0.0.1:0
tls_server_pid=${running[-1]}
listening tls_address s
certificate=$scratch/certificate.pem
while read -r -t 10 -u 4 line; do
    [[ $line == *:* ]] || echo "$line"
    [[ $line != *"END CERTIFICATE"* ]] || break
done >"$certificate"

for name in ws websockets chromium tls_ws tls_websockets tls_chromium; do
    client "$name"
done

source "$here/handshake.sh"

refuses "a port in use" 1 "$address"
refuses "a bad address" 1 nowhere
refuses "an unknown option" 2 --verbose
if kill -0 "$server_pid" && kill -0 "$tls_server_pid"; then
    ok "server: is still there"
else
    fail "server: is not there any more"
fi

summary
