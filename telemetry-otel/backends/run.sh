#!/usr/bin/env bash
# Drives the example through a real collector (rotel) into a real Phoenix, and reads back what arrived.
#
#   run.sh              where the package registry cannot be reached, it fails
#   run.sh --offline    there it says so and does nothing
#
# What it installs (850 MB, a minute and a half) stays in target/backends, or where BACKENDS_DIR says.
set -euo pipefail
cd "$(dirname "$0")/../.."

offline=false
case "${1:-}" in
    --offline) offline=true ;;
    "") ;;
    *)
        echo "usage: $0 [--offline]" >&2
        exit 2
        ;;
esac

dir=${BACKENDS_DIR:-$PWD/target/backends}
mkdir -p "$dir"
if ! [ -f "$dir/installed" ]; then
    echo "installing rotel and arize-phoenix into $dir"
    python3 -m venv "$dir/venv"
    if ! "$dir/venv/bin/pip" install --quiet rotel==0.0.1a15 arize-phoenix==20.26.1; then
        if $offline; then
            echo "skipped: the backends cannot be installed here, and --offline was asked for"
            exit 0
        fi
        echo "failed: the backends cannot be installed; --offline skips this check" >&2
        exit 1
    fi
    touch "$dir/installed"
fi

cargo build --quiet --release -p examples --bin agent
agent=${CARGO_TARGET_DIR:-target}/release/agent
exec "$dir/venv/bin/python" telemetry-otel/backends/check.py "$agent" "$dir"
