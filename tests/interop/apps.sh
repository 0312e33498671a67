#!/usr/bin/env bash
# Interoperation of what is spoken over WebSockets: people in a browser with the example `chat`, and the
# example clients with the servers that they are for. What these print is compared whole.
#
#   tests/interop/apps.sh
#
#   chat        `chat`, by two tabs of a browser and npm's `ws`     node, npm, chromium
#   stomp       `stomp_client`, to RabbitMQ                         Debian, python3
#   socketio    `socketio_client`, to npm's `socket.io`             node, npm
#   sockjs      `sockjs_client`, to npm's `sockjs`                  node, npm
#
# Installs what it needs beside this script, as `run.sh` does; so it does with RabbitMQ (.rabbitmq/). A client
# that cannot run is a failure, unless WSFRAME_INTEROP_SKIP names it; but where there is no RabbitMQ to be
# had, `stomp` is skipped, loudly.

set -euo pipefail
source "$(dirname "$0")/lib.sh"
source "$here/rabbitmq.sh"

# says NAME STATUS EXPECTED COMMAND…: what the command prints, on both outputs, and with which status it
# ends.
says() {
    local name=$1 expected_status=$2 expected=$3 said status=0
    shift 3
    said=$(timeout 60 "$@" 2>&1) || status=$?
    if [[ $status -eq $expected_status && $said == "$expected" ]]; then
        echo "ok $name"
    else
        echo "FAILED $name: status $status, and: ${said//$'\n'/ | }"
    fi
}

prepare_chat() { node_packages && browser && start page "$examples/chat" 127.0.0.1:0; }
run_chat() { CHROMIUM=$(command -v chromium) limited node "$here/chat.mjs" "${page##* }"; }

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
    says "stomp: a destination that is none" 1 \
        "$connected"$'\nERROR, where RECEIPT was expected: Unknown destination' \
        "$examples/stomp_client" "$url" /nowhere/at/all "Hello"
    says "stomp: not where RabbitMQ speaks STOMP" 1 "$not_found" \
        "$examples/stomp_client" "ws://127.0.0.1:$rabbitmq_port/" /queue/plain "Hello"
}

prepare_socketio() { node_packages && start socketio node "$here/socketio_server.mjs"; }
run_socketio() {
    says "socketio: a namespace, an event there, and one back behind some Pings" 0 \
        $'a Ping every 200 ms\nconnected to /chat\nacknowledged [{"heard":1}]\nevent ["greeting","/chat","Hello, 🌍!"]' \
        "$examples/socketio_client" "$socketio/chat" greet "Hello, 🌍!"
    says "socketio: the main namespace, and arguments of all kinds" 0 \
        $'a Ping every 200 ms\nconnected to /\nacknowledged [{"heard":4}]\nevent ["greeting","/",1.5,null,["a",{"b":"c"}],"Hello"]' \
        "$examples/socketio_client" "$socketio" greet 1.5 null '["a", {"b": "c"}]' '"Hello"'
    says "socketio: an unknown namespace" 1 \
        $'a Ping every 200 ms\nrefused: {"message":"Invalid namespace"}' \
        "$examples/socketio_client" "$socketio/nowhere" greet
}

prepare_sockjs() { node_packages && start sockjs node "$here/sockjs_server.mjs"; }
run_sockjs() {
    says "sockjs: messages and their echoes" 0 $'Hello, 🌍!\n["a"]\n'"$long" \
        "$examples/sockjs_client" "$sockjs" "Hello, 🌍!" '["a"]' "$long"
    says "sockjs: another prefix" 1 "$not_found" \
        "$examples/sockjs_client" "$sockjs/other" "Hello"
}

cd "$here/../.."
examples=$(examples_folder)
not_found="the server responded with status 404 instead of 101 (RFC 6455 §4.1)"
# Of 60,000 characters, which take 120,000 bytes.
long=$(printf 'ß%.0s' {1..60000})

# It takes its time to start; others go first.
if ! asked_to_skip stomp; then
    if rabbitmq_package; then rabbitmq_start; else rabbitmq_missing="RabbitMQ cannot be had, see above"; fi
fi
for name in chat socketio sockjs stomp; do
    client "$name"
done

summary
