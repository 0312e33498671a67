# What the scripts of this folder share: counting, installing, and servers that end with the script.
# Sourced, after `set -euo pipefail`.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../ci/lib.sh"
passed=0 failed=0 skipped=0 running=()
scratch=$(mktemp -d)
clean_up() {
    local process
    for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
    # Each may still write to the folder until it has ended.
    for process in "${running[@]}"; do timeout 10 tail --pid "$process" -f /dev/null || true; done
    rm -rf "$scratch"
}
trap clean_up EXIT

ok() { echo "ok $1"; passed=$((passed + 1)); }
fail() { echo "FAILED $1"; failed=$((failed + 1)); }
skip() { echo "SKIPPED $1: $2"; skipped=$((skipped + 1)); } # NAME WHY
asked_to_skip() { [[ ,${WSFRAME_INTEROP_SKIP:-}, == *,$1,* ]]; } # NAME

# unless_installed LIST COPY COMMAND…: runs the command unless it has already installed this very list.
unless_installed() {
    local list=$1 copy=$2
    shift 2
    cmp -s "$list" "$copy" && return
    "$@" >&2 && cp "$list" "$copy"
}

# program COMMAND [PACKAGE]: installs Debian's package if the command is missing.
program() { command -v "$1" >/dev/null || install "${2:-$1}"; }

node_packages() {
    program node nodejs && program npm || return
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 unless_installed \
        "$here/package-lock.json" "$here/node_modules/.installed-lock.json" \
        npm ci --prefix "$here" --no-audit --no-fund --loglevel=error
}

venv() {
    { python3 -c 'import ensurepip' 2>/dev/null || install python3-venv; } &&
        python3 -m venv "$here/.venv" &&
        "$here/.venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
}

python_packages() {
    program python3 && unless_installed "$here/requirements.txt" "$here/.venv/installed.txt" venv
}

# examples_folder: builds the examples like `cargo test` does, with their assertions, and prints their folder.
examples_folder() {
    local program
    program=$(cargo build --profile test --all-features --examples --message-format=json-render-diagnostics |
        sed -n 's/.*"executable":"\([^"]*\/echo_server\)".*/\1/p' | tail -n 1) && [[ -x $program ]] && dirname "$program"
}

# start VARIABLE COMMAND…: runs a server that first prints its address, and keeps that in the variable.
start() {
    local variable=$1 line
    shift
    exec 4< <(exec "$@")
    running+=($!)
    read -r -t 20 -u 4 line || { echo "$1 did not print its address" >&2; return 1; }
    printf -v "$variable" '%s' "$line"
}

# free_ports COUNT: unused ports, one per line.
free_ports() {
    python3 -c '
import socket, sys
for one in [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]:
    print(one.getsockname()[1])' "$1"
}

# until_listens PORT [PID]: waits until the process listens there, by default the last one started; at most a minute.
until_listens() {
    for _ in {1..600}; do
        kill -0 "${2:-${running[-1]}}" 2>/dev/null || return
        ! (exec 5<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
        sleep 0.1
    done
    return 1
}

# Each exchange has a time limit of its own. This one is for a client that hangs besides.
limited() { timeout --foreground 300 "$@"; }

# The clients in JavaScript and Python: node_client SCRIPT URL, chromium_client SCRIPT URL, python_client URL.
node_client() { limited node "$here/$1" "${@:2}"; }
chromium_client() { CHROMIUM=$(command -v chromium) node_client "$@"; }
python_client() { limited "$here/.venv/bin/python" -B "$here/websockets_client.py" "$@"; }

# to NAME CLIENT…: adds the name of the server to each exchange.
to() { "${@:2}" | sed -E "s/^(ok|FAILED) /&$1: /"; }

# client NAME PREPARE RUN: evaluates the commands PREPARE and RUN, and counts the exchanges that RUN prints.
# If PREPARE sets `cannot`, that is why this machine cannot run the client at all.
client() {
    local name=$1 log=$scratch/$1.log status=0 cannot= ok_lines failed_lines
    if asked_to_skip "$name"; then skip "$name" "as was asked for"; return; fi
    if ! eval "$2"; then
        if [[ -n $cannot ]]; then skip "$name" "$cannot"; else fail "$name: cannot be run, see above"; fi
        return
    fi
    eval "$3" | tee "$log" || status=$?
    ok_lines=$(grep -c '^ok ' "$log" || true)
    failed_lines=$(grep -c '^FAILED ' "$log" || true)
    passed=$((passed + ok_lines))
    failed=$((failed + failed_lines))
    if ((failed_lines == 0 && (status != 0 || ok_lines == 0))); then
        fail "$name: the client ended early, with status $status"
    fi
}

# summary: prints the counts, and fails if an exchange failed; the script's last command.
summary() { echo "$passed passed, $failed failed, $skipped clients skipped"; ((failed == 0)); }
