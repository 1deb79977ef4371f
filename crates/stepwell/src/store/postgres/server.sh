# Runs a PostgreSQL server for tests: "start" and "kill" come in lines, "ready" is answered to a
# start. At the end of the input, thus also when the tests are killed, everything is removed.
set -eu
dir=$1
PATH="$PATH:/usr/sbin:/sbin"
for bin in /usr/lib/postgresql/*/bin; do
    if [ -x "$bin/initdb" ]; then PATH="$bin:$PATH"; fi
done
# PostgreSQL does not run as root.
as() {
    if [ "$(id -u)" -eq 0 ]; then
        user=nobody
        if id postgres >/dev/null 2>&1; then user=postgres; fi
        exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
    fi
    exec "$@"
}
finish() {
    if [ -n "$server" ]; then kill -QUIT "$server" 2>/dev/null || true; wait "$server" || true; fi
    rm -rf "$dir"
}
server=
trap finish EXIT
trap 'exit 1' INT TERM
chmod 700 "$dir"
if [ "$(id -u)" -eq 0 ]; then
    if id postgres >/dev/null 2>&1; then chown postgres "$dir"; else chown nobody "$dir"; fi
fi
cd "$dir"
(as initdb -D "$dir/data" -U stepwell -A trust -E UTF8 --locale=C --no-sync) \
    >"$dir/log" 2>&1 </dev/null || { echo "initdb: $(tail -n 3 "$dir/log")"; exit 1; }
up() {
    tries=0
    while [ "$tries" -lt 600 ]; do
        tries=$((tries + 1))
        # After a kill, what is left of the old server keeps a new one from starting.
        if [ -z "$server" ] || ! kill -0 "$server" 2>/dev/null; then
            (as postgres -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=500 \
                -c fsync="$2" -c shared_buffers=32MB -c deadlock_timeout=100ms) \
                >>"$dir/log" 2>&1 </dev/null &
            server=$!
        fi
        if (as pg_isready -q -h "$dir") </dev/null 2>/dev/null; then
            echo ready
            return
        fi
        sleep 0.05
    done
    echo "PostgreSQL does not start: $(tail -n 3 "$dir/log")"
    exit 1
}
while read -r command; do
    case $command in
        start) up start "$2" ;;
        kill)
            kill -KILL "$server"
            wait "$server" || true
            server=
            echo killed
            ;;
    esac
done
