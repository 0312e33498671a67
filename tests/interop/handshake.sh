# Opening handshakes with real peers, as server and as client. Sourced by `run.sh`, whose functions it uses:
#
#   handshake_ws, _websockets, _chromium    clients, to the example `handshake`
#   hyper, axum, tokio_echo, blocking       clients, to the examples of these names
#   blocking_client                         the example `blocking` as a client of npm `ws` and Python's `websockets`
#   nginx                                   a client, through nginx, to the example `handshake`
#   connect                                 the example `handshake` as a client: to the servers of npm `ws` and
#                                           Python's `websockets`, and through nginx
#   echo_client                             the example of this name as a client of all these servers, compressed

# proxy VARIABLE ws://HOST:PORT/: nginx as a proxy of that server.
proxy() {
    local directory upstream=${2#ws://} port
    directory=$(mktemp -d -p "$scratch")
    port=$(free_ports 1)
    sed -e "s|SCRATCH|$directory|; s|PORT|$port|; s|UPSTREAM|${upstream%/}|" \
        "$here/nginx.conf" >"$directory/nginx.conf"
    "$nginx" -p "$directory" -c "$directory/nginx.conf" &
    running+=($!)
    printf -v "$1" '%s' "ws://127.0.0.1:$port/"
    until_listens "$port" || { echo "nginx did not start" >&2; return 1; }
}

# Debian has nginx in a folder for administrators.
nginx_package() {
    nginx=$(PATH=$PATH:/usr/sbin command -v nginx) && return
    install nginx-light && nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
}

# shows NAME PATTERN COMMAND…: the output of the command matches.
shows() {
    local name=$1 pattern=$2 said
    shift 2
    said=$(limited "$@" 2>&1 | tr '\n' ' ') || true
    # shellcheck disable=SC2053 # a pattern
    if [[ $said == $pattern ]]; then echo "ok $name"; else echo "FAILED $name: ${said:0:500}"; fi
}
connects() { shows "connect: $1" "*$2*" "$examples/handshake" connect "${@:3}"; } # NAME EXPECTED ARGUMENT…
echoes() { shows "echo_client: $1" "$(tr '\n' ' ' <"$scratch/messages")" "$examples/echo_client" "$2" <"$scratch/messages"; }

prepare_servers() {
    node_packages && python_packages && nginx_package &&
        start ws_server node "$here/servers.mjs" ws &&
        start websockets_server "$here/.venv/bin/python" -B "$here/websockets_server.py" &&
        proxy ws_through_nginx "$ws_server"
}

run_connect() {
    local echo="echo Hello, 🌍!"
    connects "npm ws" "subprotocol superchat $echo" "$ws_server" chat superchat
    connects "npm ws, a path and no subprotocol" "subprotocol none $echo" "${ws_server}a/b?c=d"
    connects "npm ws, a subprotocol that it does not know" "subprotocol none $echo" "$ws_server" other
    connects "npm ws refuses" "status 401" "${ws_server}refused"
    connects "websockets" "subprotocol superchat $echo" "$websockets_server" chat superchat
    connects "websockets refuses an unknown subprotocol" "status 400" "$websockets_server" other
    connects "npm ws through nginx" "subprotocol chat $echo" "$ws_through_nginx" chat
    connects "the example itself" "subprotocol chat $echo" "$handshake" superchat chat
}

run_echo_client() {
    # Some repeat earlier ones, some repeat nothing; the last is sent in fragments.
    python3 -c '
import random
print("Hello", "Hello", "", "안녕하세요 🌍" * 50, sep="\n")
print(random.randbytes(1000).hex())
print("".join(f"{{\"price\":{price}}}" for price in range(10_000)))' >"$scratch/messages"
    echoes "npm ws, compressed" "${ws_server}compressed"
    echoes "websockets, compressed" "${websockets_server}compressed"
    echoes "through nginx, compressed" "${ws_through_nginx}compressed"
    echoes "the example echo_server" "ws://$address/"
}

start handshake "$examples/handshake" serve 127.0.0.1:0
client handshake_ws node_packages 'to handshake node_client handshakes.mjs "$handshake" &&
    to handshake node_client ws.mjs "$handshake"'
client handshake_websockets python_packages 'to handshake python_client "$handshake"'
client handshake_chromium "node_packages && program chromium" 'to handshake chromium_client handshakes.mjs "$handshake"'
client hyper 'node_packages && start hyper "$examples/hyper" 127.0.0.1:0' 'to hyper node_client ws.mjs "$hyper"'
client axum 'python_packages && start axum "$examples/axum" 127.0.0.1:0' 'to axum python_client "$axum"'
client tokio_echo 'node_packages && start tokio_echo "$examples/tokio_echo" 127.0.0.1:0' \
    'to tokio_echo node_client ws.mjs "$tokio_echo" plain'
client blocking 'python_packages && start blocking "$examples/blocking" 127.0.0.1:0' 'to blocking python_client "$blocking" plain'
client blocking_client prepare_servers 'for server in "$ws_server" "$websockets_server"; do
    shows "blocking_client: $server" "Hello grüße " "$examples/blocking" "$server" Hello grüße
done'
client nginx 'node_packages && nginx_package && proxy proxied "$handshake"' 'to nginx node_client ws.mjs "$proxied"'
client connect prepare_servers run_connect
client echo_client prepare_servers run_echo_client
