#!/usr/bin/env bash
# Interoperation of protocols over WebSockets: the example `chat` with a browser, and the example clients
# with their servers. The whole output of the clients is compared.
#
#   tests/interop/apps.sh
#
#   chat        `chat`, by two tabs of a browser                    node, npm, chromium
#   stomp       `stomp_client`, to RabbitMQ                         Debian, python3
#   socketio    `socketio_client`, to npm's `socket.io`             node, npm
#   sockjs      `sockjs_client`, to npm's `sockjs`                  node, npm
#   http3       the example over HTTP/3, by Python's `aioquic`      python3
#
# Installs what it needs beside this script, like `run.sh`; RabbitMQ too (.rabbitmq/). A client that cannot
# run is a failure, unless WSFRAME_INTEROP_SKIP names it. Where RabbitMQ cannot be downloaded, `stomp` is
# reported and skipped.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
source "$here/rabbitmq.sh"

# says NAME STATUS EXPECTED COMMAND…: the command exits with this status, and prints exactly this on both outputs.
says() {
    local name=$1 expected_status=$2 expected=$3 said status=0
    shift 3
    said=$(timeout 60 "$@" 2>&1) || status=$?
    if [[ $status -eq $expected_status && $said == "$expected" ]]; then echo "ok $name"; return; fi
    echo "FAILED $name: status $status, and: ${said//$'\n'/ | }"
}

prepare_stomp() {
    [[ -z ${rabbitmq_missing:-} ]] || { cannot=$rabbitmq_missing; return 1; }
    rabbitmq_wait
}
run_stomp() {
    local url=ws://127.0.0.1:$rabbitmq_port/ws connected lines=$'two\nlines: \\ and a tab\t!'
    connected="CONNECTED 1.2 RabbitMQ/$(cd "$rabbitmq"/usr/lib/rabbitmq/lib && echo rabbitmq_server-*)"
    connected=${connected/rabbitmq_server-/}
    says "stomp: a message through a queue" 0 \
        "$connected"$'\nMESSAGE Hello, 🌍!\nDISCONNECTED' \
        "$examples/stomp_client" "$url" /queue/plain "Hello, 🌍!"
    says "stomp: messages in a row, of lines, empty and long, and a name that is escaped" 0 \
        "$connected"$'\nMESSAGE '"$lines"$'\nMESSAGE \nMESSAGE '"$long"$'\nDISCONNECTED' \
        "$examples/stomp_client" "$url" '/queue/a:b\c' "$lines" "" "$long"
    says "stomp: an unknown destination" 1 \
        "$connected"$'\nERROR, where RECEIPT was expected: Unknown destination' \
        "$examples/stomp_client" "$url" /nowhere/at/all "Hello"
    says "stomp: another path than that of STOMP" 1 "$not_found" \
        "$examples/stomp_client" "ws://127.0.0.1:$rabbitmq_port/" /queue/plain "Hello"
}

run_socketio() {
    says "socketio: a namespace, an event there, and one back after some Pings" 0 \
        $'a Ping every 200 ms\nconnected to /chat\nacknowledged [{"heard":1}]\nevent ["greeting","/chat","Hello, 🌍!"]' \
        "$examples/socketio_client" "$socketio/chat" greet "Hello, 🌍!"
    says "socketio: the main namespace, and arguments of all kinds" 0 \
        $'a Ping every 200 ms\nconnected to /\nacknowledged [{"heard":4}]\nevent ["greeting","/",1.5,null,["a",{"b":"c"}],"Hello"]' \
        "$examples/socketio_client" "$socketio" greet 1.5 null '["a", {"b": "c"}]' '"Hello"'
    says "socketio: an unknown namespace" 1 \
        $'a Ping every 200 ms\nrefused: {"message":"Invalid namespace"}' \
        "$examples/socketio_client" "$socketio/nowhere" greet
}

run_sockjs() {
    says "sockjs: messages and their echoes" 0 $'Hello, 🌍!\n["a"]\n'"$long" \
        "$examples/sockjs_client" "$sockjs" "Hello, 🌍!" '["a"]' "$long"
    says "sockjs: another prefix" 1 "$not_found" "$examples/sockjs_client" "$sockjs/other" "Hello"
}

prepare_http3() {
    local program
    python_packages &&
        program=$(cargo build --profile test --package wsframe-http3 --message-format=json-render-diagnostics |
            sed -n 's/.*"executable":"\([^"]*\/http3\)".*/\1/p') &&
        start http3 "$program" 127.0.0.1:0 "$scratch/http3.pem"
}
run_http3() { limited "$here/.venv/bin/python" "$here/http3_client.py" "$http3" "$scratch/http3.pem"; }

cd "$here/../.."
examples=$(examples_folder)
not_found="the server responded with status 404 instead of 101 (RFC 6455 §4.1)"
# 60,000 characters, which take 120,000 bytes.
long=$(printf 'ß%.0s' {1..60000})

# It starts slowly, so the others run first.
if ! asked_to_skip stomp; then
    if rabbitmq_package; then rabbitmq_start; else rabbitmq_missing="RabbitMQ cannot be downloaded, see above"; fi
fi
client chat 'node_packages && program chromium && start page "$examples/chat" 127.0.0.1:0' 'chromium_client chat.mjs "${page##* }"'
client socketio 'node_packages && start socketio node "$here/servers.mjs" socketio' run_socketio
client sockjs 'node_packages && start sockjs node "$here/servers.mjs" sockjs' run_sockjs
client http3 prepare_http3 run_http3
client stomp prepare_stomp run_stomp

summary
