#!/usr/bin/env bash
# Builds Stepwell and serves its demo workflows. Arguments go to `stepwell demo`.
set -euo pipefail
caller="$PWD"
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

need_cargo
need_cc
cargo build --release --bin stepwell
program="$(target_dir)/release/stepwell"

# Paths among the arguments are the caller's.
cd "$caller"
exec "$program" demo "$@"
