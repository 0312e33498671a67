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

# listening VARIABLE: reads the server's second line from descriptor 4, and sets the variable to HOST:PORT.
listening() {
    local line
    read -r -t 10 -u 4 line
    printf -v "$1" '%s' "$(sed -nE 's|^WebSocket +wss?://([^/]*)/$|\1|p' <<<"$line")"
    [[ -n ${!1} ]] || { echo "the server prints the address $line" >&2; return 1; }
}

cd "$here/../.."
examples=$(examples_folder)
server=$examples/echo_server

start page "$server" 127.0.0.1:0
server_pid=${running[-1]}
listening address

start page "${server}_tls" 127.0.0.1:0
tls_server_pid=${running[-1]}
listening tls_address
certificate=$scratch/certificate.pem
while read -r -t 10 -u 4 line; do
    [[ $line == *:* ]] || echo "$line"
    [[ $line != *"END CERTIFICATE"* ]] || break
done >"$certificate"

client ws node_packages 'node_client ws.mjs "ws://$address/"'
client websockets python_packages 'python_client "ws://$address/"'
client chromium "node_packages && program chromium" 'chromium_client browser.mjs "http://$address/"'
# Over TLS each trusts this certificate, and checks it as always.
client tls_ws node_packages 'NODE_EXTRA_CA_CERTS=$certificate to TLS node_client ws.mjs "wss://$tls_address/"'
client tls_websockets python_packages 'SSL_CERT_FILE=$certificate to TLS python_client "wss://$tls_address/"'
client tls_chromium "node_packages && program chromium" \
    'CERTIFICATE=$certificate to TLS chromium_client browser.mjs "https://$tls_address/"'

source "$here/handshake.sh"

if kill -0 "$server_pid" && kill -0 "$tls_server_pid"; then ok "server: still runs"; else fail "server: has ended"; fi

summary
