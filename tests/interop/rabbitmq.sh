# RabbitMQ with its plugin `rabbitmq_web_stomp`, on a port of 127.0.0.1, with its data in the scratch
# directory. Debian's package is unpacked beside this script (.rabbitmq/), not installed, so it needs no root
# and starts no service. Sourced after `lib.sh`.

rabbitmq=$here/.rabbitmq

# rabbitmq_package: unpacks it. Prints why not, if that fails.
rabbitmq_package() {
    [[ -d $rabbitmq ]] && return
    command -v apt-get dpkg >/dev/null || { echo "apt-get or dpkg is missing" >&2; return 1; }
    local packages=$scratch/packages root=$scratch/rabbitmq
    mkdir -p "$packages" "$root/bin"
    download_rabbitmq "$packages" ||
        { $([[ $EUID -eq 0 ]] || echo sudo) apt-get update -qq >&2 && download_rabbitmq "$packages"; } || return
    local package
    for package in "$packages"/*.deb; do dpkg -x "$package" "$root" || return; done
    # Debian's `erl` expects Erlang at a fixed path.
    cat >"$root/bin/erl" <<'ERL'
#!/bin/sh
export ROOTDIR="$(cd "$(dirname "$0")/../usr/lib/erlang" && pwd)" EMU=beam PROGNAME=erl
export BINDIR="$(echo "$ROOTDIR"/erts-*/bin)"
exec "$BINDIR/erlexec" "$@"
ERL
    chmod +x "$root/bin/erl"
    mv "$root" "$rabbitmq"
}

# download_rabbitmq DIRECTORY: downloads it and the packages of Erlang; every Debian has its other dependencies.
download_rabbitmq() {
    local names
    names=$(apt-get install --simulate --no-install-recommends -o Dir::State::status=/dev/null \
        rabbitmq-server 2>/dev/null | awk '/^Inst (erlang|rabbitmq)/ { print $2 }')
    [[ -n $names ]] || { echo "there is no package rabbitmq-server" >&2; return 1; }
    # shellcheck disable=SC2086 # the names are words
    (cd "$1" && apt-get download -qq -o APT::Sandbox::User=root $names >&2)
}

# rabbitmq_start: starts it, and sets rabbitmq_port. It listens after some seconds.
rabbitmq_start() {
    local node=$scratch/node epmd_port node_port ports
    mkdir "$node"
    mapfile -t ports < <(free_ports 3)
    epmd_port=${ports[0]} node_port=${ports[1]} rabbitmq_port=${ports[2]}
    printf '%s\n' 'listeners.tcp = none' 'stomp.listeners.tcp = none' 'web_stomp.tcp.ip = 127.0.0.1' \
        "web_stomp.tcp.port = $rabbitmq_port" >"$node/rabbitmq.conf"
    echo '[rabbitmq_web_stomp].' >"$node/enabled_plugins"

    # The node finds others by this process. If it were missing, the node would start one and not end it.
    "$rabbitmq"/usr/lib/erlang/erts-*/bin/epmd -address 127.0.0.1 -port "$epmd_port" >"$node/epmd_log" 2>&1 &
    running+=($!)
    until_listens "$epmd_port" || true

    # One process, whose standard output is its log, and whose cookie is in its home directory.
    env HOME="$node" PATH="$rabbitmq/bin:$PATH" RUNNING_UNDER_SYSTEMD=1 RABBITMQ_LOGS=- \
        ERL_EPMD_PORT="$epmd_port" RABBITMQ_DIST_PORT="$node_port" RABBITMQ_NODENAME=wsframe@localhost \
        RABBITMQ_CONF_ENV_FILE="$node/rabbitmq-env.conf" RABBITMQ_CONFIG_FILE="$node/rabbitmq.conf" \
        RABBITMQ_ADVANCED_CONFIG_FILE="$node/advanced.config" RABBITMQ_GENERATED_CONFIG_DIR="$node/config" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$node/enabled_plugins" RABBITMQ_FEATURE_FLAGS_FILE="$node/feature_flags" \
        RABBITMQ_MNESIA_BASE="$node/mnesia" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
        "$rabbitmq"/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server >"$node/log" 2>&1 &
    rabbitmq_pid=$!
    running+=("$rabbitmq_pid")
}

# rabbitmq_wait: waits until it listens.
rabbitmq_wait() {
    ! until_listens "$rabbitmq_port" "$rabbitmq_pid" || return 0
    echo "RabbitMQ does not listen; its log ends with" >&2
    tail -n 20 "$scratch/node/log" >&2
    return 1
}
