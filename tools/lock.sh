#!/bin/sh
# Writes the locked dependencies: versions and hashes, for every platform, without addresses.
# With UPGRADE=1 it also takes newer versions.
set -eu
lock() {
    out=$1
    shift
    uv pip compile ${UPGRADE:+--upgrade} --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-header pyproject.toml --output-file "$out" "$@"
}
lock requirements.txt --extra server --extra desk --group dev
lock requirements-server.txt --extra server
lock requirements-desk.txt --extra desk
