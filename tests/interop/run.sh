#!/usr/bin/env bash
# Interoperation: real clients exchange messages with the examples.
#
#   tests/interop/run.sh
#
# Each client prints a line for each exchange. These connect to `echo_server`, and to `echo_server_tls`:
#
#   ws          the npm package `ws`                                node, npm
#   websockets  the Python package `websockets`                     python3 with venv
#   chromium    a browser on the server's own page                  node, npm, chromium
#
# `handshake.sh` has opening handshakes. `apps.sh` has protocols over WebSockets.
#
# Installs the pinned packages beside this script (node_modules/, .venv/), and missing Debian packages if this
# user may. A client that cannot run is a failure, unless WSFRAME_INTEROP_SKIP names it:
# WSFRAME_INTEROP_SKIP=chromium,ws tests/interop/run.sh
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# refuses NAME STATUS ARGUMENT…: the server prints an error, and exits with the status.
refuses() {
    local name="server: $1 → exit status $2" expected=$2 status=0
    shift 2
    timeout 10 "$server" "$@" >/dev/null 2>"$scratch/stderr" || status=$?
    if [[ $status -eq $expected && -s $scratch/stderr ]]; then ok "$name"; return; fi
    fail "$name: got $status, and: $(<"$scratch/stderr")"
}

# listening VARIABLE S: reads the server's addresses from descriptor 4, and sets the variable to HOST:PORT.
listening() {
    local page=${page_line##* } websocket at
    read -r -t 10 -u 4 _ websocket || true
    at=${page#"http$2://"}
    at=${at%/}
    if [[ $page == "http$2://$at/" && $websocket == "ws$2://$at/" ]]; then
        ok "server: prints its addresses, http$2"
    else
        fail "server: prints the addresses $page and $websocket"
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

client ws node_packages 'node_client ws.mjs "ws://$address/"'
client websockets python_packages 'python_client "ws://$address/"'
client chromium "node_packages && browser" 'chromium_client browser.mjs "http://$address/"'
# Over TLS each trusts this certificate, and checks it as always.
client tls_ws node_packages 'NODE_EXTRA_CA_CERTS=$certificate to TLS node_client ws.mjs "wss://$tls_address/"'
client tls_websockets python_packages 'SSL_CERT_FILE=$certificate to TLS python_client "wss://$tls_address/"'
client tls_chromium "node_packages && browser" \
    'CERTIFICATE=$certificate to TLS chromium_client browser.mjs "https://$tls_address/"'

source "$here/handshake.sh"

refuses "a port in use" 1 "$address"
refuses "a bad address" 1 nowhere
refuses "an unknown option" 2 --verbose
if kill -0 "$server_pid" && kill -0 "$tls_server_pid"; then ok "server: still runs"; else fail "server: has ended"; fi

summary
