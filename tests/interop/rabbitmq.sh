# RabbitMQ as a process of its own: its plugin `rabbitmq_web_stomp` on a port of 127.0.0.1, its data in the
# scratch directory, and none of what the machine's own RabbitMQ has, if there is one. Sourced, after
# `lib.sh`.
#
# It is Debian's package, unpacked beside this script (.rabbitmq/) and not installed: that needs no root,
# and starts no service.

rabbitmq=$here/.rabbitmq

# rabbitmq_package: says why not, if there is no RabbitMQ to be had.
rabbitmq_package() {
    [[ -d $rabbitmq ]] && return
    need apt-get && need dpkg || return
    local packages=$scratch/packages root=$scratch/rabbitmq
    mkdir -p "$packages" "$root/bin"
    download_rabbitmq "$packages" ||
        { $([[ $EUID -eq 0 ]] || echo sudo) apt-get update -qq >&2 && download_rabbitmq "$packages"; } || return
    local package
    for package in "$packages"/*.deb; do dpkg -x "$package" "$root" || return; done
    # Debian's `erl` knows but one place where Erlang can be.
    cat >"$root/bin/erl" <<'ERL'
#!/bin/sh
export ROOTDIR="$(cd "$(dirname "$0")/../usr/lib/erlang" && pwd)" EMU=beam PROGNAME=erl
export BINDIR="$(echo "$ROOTDIR"/erts-*/bin)"
exec "$BINDIR/erlexec" "$@"
ERL
    chmod +x "$root/bin/erl"
    mv "$root" "$rabbitmq"
}

# download_rabbitmq DIRECTORY: it, and all of Erlang that it needs; what else it needs every Debian has.
download_rabbitmq() {
    local names
    names=$(apt-get install --simulate --no-install-recommends -o Dir::State::status=/dev/null \
        rabbitmq-server 2>/dev/null | awk '/^Inst (erlang|rabbitmq)/ { print $2 }')
    [[ -n $names ]] || { echo "there is no package rabbitmq-server" >&2; return 1; }
    # shellcheck disable=SC2086 # the names are words
    (cd "$1" && apt-get download -qq -o APT::Sandbox::User=root $names >&2)
}

# rabbitmq_start: starts it, and keeps its port in rabbitmq_port. It takes some seconds until it listens.
rabbitmq_start() {
    local node=$scratch/node epmd_port node_port ports
    mkdir "$node"
    mapfile -t ports < <(free_ports 3)
    epmd_port=${ports[0]} node_port=${ports[1]} rabbitmq_port=${ports[2]}
    printf '%s\n' 'listeners.tcp = none' 'stomp.listeners.tcp = none' 'web_stomp.tcp.ip = 127.0.0.1' \
        "web_stomp.tcp.port = $rabbitmq_port" >"$node/rabbitmq.conf"
    echo '[rabbitmq_web_stomp].' >"$node/enabled_plugins"

    # The node finds others by this process. If it were missing, the node would start one and not end it.
    "$rabbitmq"/usr/lib/erlang/erts-*/bin/epmd -address 127.0.0.1 -port "$epmd_port" \
        >"$node/epmd_log" 2>&1 &
    running+=($!)
    for _ in {1..100}; do
        ! listens "$epmd_port" || break
        sleep 0.1
    done

    # One process, whose standard output is its log, and whose cookie is in its home directory.
    env HOME="$node" PATH="$rabbitmq/bin:$PATH" RUNNING_UNDER_SYSTEMD=1 RABBITMQ_LOGS=- \
        ERL_EPMD_PORT="$epmd_port" \
        RABBITMQ_DIST_PORT="$node_port" \
        RABBITMQ_NODENAME=wsframe@localhost \
        RABBITMQ_CONF_ENV_FILE="$node/rabbitmq-env.conf" \
        RABBITMQ_CONFIG_FILE="$node/rabbitmq.conf" \
        RABBITMQ_ADVANCED_CONFIG_FILE="$node/advanced.config" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$node/enabled_plugins" \
        RABBITMQ_GENERATED_CONFIG_DIR="$node/config" \
        RABBITMQ_FEATURE_FLAGS_FILE="$node/feature_flags" \
        RABBITMQ_MNESIA_BASE="$node/mnesia" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
        "$rabbitmq"/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server \
        >"$node/log" 2>&1 &
    rabbitmq_pid=$!
    running+=("$rabbitmq_pid")
}

# rabbitmq_wait: until it listens.
rabbitmq_wait() {
    for _ in {1..300}; do
        kill -0 "$rabbitmq_pid" 2>/dev/null || break
        ! listens "$rabbitmq_port" || return 0
        sleep 0.2
    done
    echo "RabbitMQ does not listen; its log ends with" >&2
    tail -n 20 "$scratch/node/log" >&2
    return 1
}
