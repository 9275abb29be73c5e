#!/bin/sh
# Renews the locked dependencies: versions and hashes, for every platform, without addresses.
set -eu
lock() {
    out=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
        --no-annotate --no-header pyproject.toml --output-file "$out" "$@"
}
lock requirements.txt --extra server --extra desk --group dev
lock requirements-server.txt --extra server
lock requirements-desk.txt --extra desk
