#!/usr/bin/env bash
# Runs every test of the project, after installing what they need. See --help.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

suites=(
    format house-rules clippy docs test build python python-older conformance rust-client
    schemathesis kill-loop crowd bench-smoke
)

usage() {
    cat <<END
usage: scripts/test.sh [SUITE...]

Runs the named suites, or all of them, in this order:

  format       cargo fmt
  house-rules  the rules of CONTRIBUTING.md that a program can check
  clippy       lints, warnings denied
  docs         the documentation builds without a warning
  test         unit, integration and documentation tests
  build        the stepwell program
  python       the published Python client against the stepwell program and the examples
  python-older the clients of two older releases against the stepwell program
  conformance  the protocol's suite and recorded exchanges, in memory and on SQLite
  rust-client  the Rust client against LlamaIndex's server, and Stepwell on SQLite
  schemathesis at least 2,000 requests made from the OpenAPI document
  kill-loop    kill -9, power loss and bad disks, some 200 times: nothing acknowledged is lost
  crowd        1,000 runs at once, each with readers: all see everything
  bench-smoke  the benchmarks run, with little work

Exits with 0 if every suite has passed. A suite that cannot run has failed.

With CI=true, builds and the Python environment are kept outside the checkout, in
\${XDG_CACHE_HOME:-~/.cache}/stepwell, unless CARGO_TARGET_DIR says otherwise.
END
}

format() { cargo fmt --all --check; }
house_rules() {
    command -v git >/dev/null || install_packages git
    cargo xtask house-rules
}
clippy() { cargo clippy --workspace --all-targets --all-features -- -D warnings; }
docs() { RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features; }
tests() {
    need_postgres
    cargo test --workspace --all-features
}
build() { cargo build --bin stepwell; }
kill_loop() { cargo xtask chaos --kills 100 --losses 100; }
crowd() { cargo xtask crowd; }
bench_smoke() { cargo xtask bench --smoke; }

python_client() {
    need_python_packages
    build
    cargo build --package stepwell-examples --bins
    STEPWELL_BIN="$(target_dir)/debug/stepwell" STEPWELL_EXAMPLES="$(target_dir)/debug" \
        pytest conformance/demo conformance/documentation
}

python_older() {
    need_python_packages
    need_python_packages requirements-2.8.3
    need_python_packages requirements-2.10.3
    build
    STEPWELL_BIN="$(target_dir)/debug/stepwell" \
        STEPWELL_PYTHON_2_8_3="$(venv_dir requirements-2.8.3)/bin/python" \
        STEPWELL_PYTHON_2_10_3="$(venv_dir requirements-2.10.3)/bin/python" \
        pytest conformance/older
}

conformance() {
    local store status=0
    need_python_packages
    build_conformance_server
    for store in memory sqlite; do
        printf '\n%s, public suite:\n' "$store"
        pytest conformance/llama/public --store "$store" || status=1
        printf '\n%s, recorded exchanges:\n' "$store"
        pytest conformance/llama/goldens --store "$store" || status=1
    done
    return "$status"
}

rust_client() {
    need_python_packages requirements-reference
    build_conformance_server
    cargo test -p stepwell-client --test suite --no-run
    PYTHONDONTWRITEBYTECODE=1 "$(venv_dir requirements-reference)/bin/python" \
        conformance/rust_client.py
}

build_conformance_server() {
    cargo build --bin conformance-server
    export STEPWELL_CONFORMANCE_BIN
    STEPWELL_CONFORMANCE_BIN="$(target_dir)/debug/conformance-server"
}

pytest() { PYTHONDONTWRITEBYTECODE=1 "$(venv_dir requirements)/bin/python" -m pytest --quiet "$@"; }

# Makes the Python environment for a file of packages.
need_python_packages() {
    need_python
    make_venv "${1:-requirements}"
}

fuzz() {
    need_python_packages
    build_conformance_server
    PYTHONDONTWRITEBYTECODE=1 "$(venv_dir requirements)/bin/python" conformance/openapi/fuzz.py
}

in_ci() { [ "${CI:-}" = true ]; }

cache_dir() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/stepwell"; }

venv_dir() {
    if in_ci; then
        echo "$(cache_dir)/venv-$(venv_key "$1" | cut -c 1-16)"
    else
        echo "$PWD/conformance/.venv${1#requirements}"
    fi
}

# Names what an environment was made from: the interpreter and the pinned packages.
venv_key() {
    { python3 -VV && cat "conformance/$1.txt" conformance/requirements.txt; } |
        sha256sum | cut -d " " -f 1
}

# Makes the Python environment, unless a complete one is there for these packages.
make_venv() {
    local venv key
    venv="$(venv_dir "$1")"
    key="$(venv_key "$1")"
    if [ -e "$venv/complete" ] && [ "$(cat "$venv/complete")" = "$key" ]; then
        return
    fi
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    if ! python3 -m venv "$venv"; then
        install_packages python3-venv
        rm -rf "$venv"
        python3 -m venv "$venv"
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r "conformance/$1.txt"
    echo "$key" >"$venv/complete"
}

need_python() {
    command -v python3 >/dev/null || install_packages python3 python3-venv
    python3 -c "import sys; sys.exit(sys.version_info < (3, 10))" ||
        fail "the Python suite needs Python 3.10 or newer, this is $(python3 --version)"
}

results=()
failed=()

# Runs one suite, whatever became of the others, and notes how it went.
suite() {
    local name="$1" started="$SECONDS" status outcome=passed
    shift
    printf '\n==== %s ====\n\n' "$name"
    set +e
    # A subshell of its own, not the operand of a condition: only so errexit holds inside.
    (
        set -e
        "$@"
    )
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        outcome=FAILED
        failed+=("$name")
    fi
    results+=("$name $((SECONDS - started)) $outcome")
}

# Prints the table, however this script ends.
report() {
    local status=$? result name seconds outcome
    if [ "${#results[@]}" -gt 0 ]; then
        printf '\n%-12s %8s\n' suite minutes
        for result in "${results[@]}" "total $SECONDS"; do
            read -r name seconds outcome <<<"$result"
            printf '%-12s %5d:%02d%s\n' \
                "$name" $((seconds / 60)) $((seconds % 60)) "${outcome:+  $outcome}"
        done
    fi
    if [ "${#failed[@]}" -gt 0 ]; then
        printf '\nfailed: %s\n' "${failed[*]}" >&2
        exit 1
    fi
    exit "$status"
}

for name in "$@"; do
    case " ${suites[*]} -h --help " in
        *" $name "*) ;;
        *) fail "there is no suite $name; the suites are: ${suites[*]}" ;;
    esac
    case "$name" in
        -h | --help)
            usage
            exit
            ;;
    esac
done
if [ $# -gt 0 ]; then
    suites=("$@")
fi

if in_ci; then
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$(cache_dir)/target}"
    export CARGO_INCREMENTAL=0
fi

trap report EXIT
need_cargo
need_cc
for name in "${suites[@]}"; do
    case "$name" in
        format) suite format format ;;
        house-rules) suite house-rules house_rules ;;
        clippy) suite clippy clippy ;;
        docs) suite docs docs ;;
        test) suite test tests ;;
        build) suite build build ;;
        python) suite python python_client ;;
        python-older) suite python-older python_older ;;
        conformance) suite conformance conformance ;;
        rust-client) suite rust-client rust_client ;;
        schemathesis) suite schemathesis fuzz ;;
        kill-loop) suite kill-loop kill_loop ;;
        crowd) suite crowd crowd ;;
        bench-smoke) suite bench-smoke bench_smoke ;;
    esac
done
