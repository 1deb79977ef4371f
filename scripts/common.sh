# shellcheck shell=bash
# What the scripts share, which source it: the checkout, the build folder and the tools.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

fail() {
    echo "error: $*" >&2
    exit 1
}

# Where cargo builds, as an absolute path.
target_dir() {
    local dir="${CARGO_TARGET_DIR:-target}"
    case "$dir" in
        /*) echo "$dir" ;;
        *) echo "$PWD/$dir" ;;
    esac
}

# Installs packages of Debian or Ubuntu.
install_packages() {
    command -v apt-get >/dev/null || fail "please install what provides: $*"
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "please run as root: apt-get install $*"
        sudo=(sudo)
    fi
    echo "installing $*"
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@"
}

need_cargo() {
    if ! command -v cargo >/dev/null && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    command -v cargo >/dev/null || fail "cargo is missing. Install Rust with rustup" \
        "(https://rustup.rs), open a new shell and run this again; rustup then fetches" \
        "the toolchain that rust-toolchain.toml names."
}

# SQLite is compiled from its C sources.
need_cc() {
    command -v cc >/dev/null || install_packages build-essential
}

# The tests start a server of their own.
need_postgres() {
    local bin
    for bin in /usr/lib/postgresql/*/bin; do
        if [ -x "$bin/initdb" ]; then return; fi
    done
    command -v initdb >/dev/null || install_packages postgresql
}
