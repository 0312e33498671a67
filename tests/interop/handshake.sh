# Opening handshakes with real peers, as server and as client. Sourced by `run.sh`, whose functions it
# uses:
#
#   handshake_ws, _websockets, _chromium    clients, to the example `handshake`
#   hyper, axum                             clients, to the examples of these names
#   nginx                                   a client, through nginx, to the example `handshake`
#   connect                                 the example `handshake` as a client: to the servers of npm `ws` and
#                                           Python's `websockets`, and through nginx
#   echo_client                             the example of this name as a client of all these servers, compressed
#   h2                                      both ends over HTTP/2

# proxy VARIABLE ws://HOST:PORT/: nginx as a proxy of that server.
proxy() {
    local directory upstream=${2#ws://} port
    directory=$(mktemp -d -p "$scratch")
    port=$(free_ports 1)
    sed -e "s|SCRATCH|$directory|; s|PORT|$port|; s|UPSTREAM|${upstream%/}|" \
        "$here/nginx.conf" >"$directory/nginx.conf"
    "$nginx" -p "$directory" -c "$directory/nginx.conf" &
    running+=($!)
    for _ in {1..100}; do
        if listens "$port"; then
            printf -v "$1" '%s' "ws://127.0.0.1:$port/"
            return
        fi
        sleep 0.1
    done
    echo "nginx did not start" >&2
    return 1
}

# Debian has it where users do not look for commands.
nginx_package() {
    nginx=$(PATH=$PATH:/usr/sbin command -v nginx) && return
    install nginx-light && nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
}

start handshake "$examples/handshake" serve 127.0.0.1:0

prepare_handshake_ws() { node_packages; }
run_handshake_ws() {
    to handshake node "$here/handshakes.mjs" "$handshake" &&
        to handshake node "$here/ws.mjs" "$handshake"
}

prepare_handshake_websockets() { python_packages; }
run_handshake_websockets() {
    to handshake "$here/.venv/bin/python" -B "$here/websockets_client.py" "$handshake"
}

prepare_handshake_chromium() { prepare_chromium; }
run_handshake_chromium() {
    CHROMIUM=$(command -v chromium) to handshake node "$here/handshakes.mjs" "$handshake"
}

prepare_hyper() { node_packages && start hyper "$examples/hyper" 127.0.0.1:0; }
run_hyper() { to hyper node "$here/ws.mjs" "$hyper"; }

prepare_axum() { prepare_websockets && start axum "$examples/axum" 127.0.0.1:0; }
run_axum() { to axum "$here/.venv/bin/python" -B "$here/websockets_client.py" "$axum"; }

prepare_nginx() { node_packages && nginx_package && proxy proxied "$handshake"; }
run_nginx() { to nginx node "$here/ws.mjs" "$proxied"; }

prepare_connect() {
    node_packages && prepare_websockets && nginx_package &&
        start ws_server node "$here/ws_server.mjs" &&
        start websockets_server "$here/.venv/bin/python" -B "$here/websockets_server.py" &&
        proxy ws_behind_nginx "$ws_server"
}

# connects NAME EXPECTED ARGUMENT…: what the client prints.
connects() {
    local name="connect: $1" expected=$2 said
    shift 2
    said=$(timeout 30 "$examples/handshake" connect "$@" 2>&1 | tr '\n' ' ') || true
    if [[ $said == *"$expected"* ]]; then echo "ok $name"; else echo "FAILED $name: $said"; fi
}

run_connect() {
    local echo="echo Hello, 🌍!"
    connects "npm ws" "subprotocol superchat $echo" "$ws_server" chat superchat
    connects "npm ws, a path and no subprotocol" "subprotocol none $echo" "${ws_server}a/b?c=d"
    connects "npm ws, a subprotocol that it does not know" "subprotocol none $echo" "$ws_server" other
    connects "npm ws refuses" "status 401" "${ws_server}refused"
    connects "websockets" "subprotocol superchat $echo" "$websockets_server" chat superchat
    connects "websockets refuses to go on without a subprotocol that it knows" "status 400" \
        "$websockets_server" other
    connects "npm ws through nginx" "subprotocol chat $echo" "$ws_behind_nginx" chat
    connects "the example itself" "subprotocol chat $echo" "$handshake" superchat chat
}

prepare_echo_client() { prepare_connect; }

# echoes NAME URL: the client sends these messages, and prints what comes back.
echoes() {
    local name="echo_client: $1" said
    said=$(limited "$examples/echo_client" "$2" <"$scratch/messages" 2>&1 | cksum) || true
    if [[ $said == "$(cksum <"$scratch/messages")" ]]; then
        echo "ok $name"
    else
        echo "FAILED $name"
    fi
}

run_echo_client() {
    # Some repeat what was said before, some nothing at all; the last goes out in fragments.
    python3 -c '
import random
print("Hello", "Hello", "", "안녕하세요 🌍" * 50, sep="\n")
print(random.randbytes(1000).hex())
print("".join(f"{{\"price\":{price}}}" for price in range(10_000)))' >"$scratch/messages"
    echoes "npm ws, compressed" "${ws_server}compressed"
    echoes "websockets, compressed" "${websockets_server}compressed"
    echoes "through nginx, compressed" "${ws_behind_nginx}compressed"
    echoes "the example echo_server" "ws://$address/"
}

prepare_h2() { :; }
run_h2() {
    local name="h2: a WebSocket over HTTP/2, both ends" said
    if said=$(limited "$examples/h2" 2>&1); then echo "ok $name"; else echo "FAILED $name: $said"; fi
}

for name in handshake_ws handshake_websockets handshake_chromium hyper axum nginx connect echo_client h2; do
    client "$name"
done
