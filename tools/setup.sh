#!/bin/sh
# Makes .venv from the locked dependencies. The only thing it may ask of the system is Python 3.11
# or later with its venv module, and Chromium for the tests that look at pages; on Debian and
# Ubuntu, as root or with a sudo that asks nothing, it installs what is missing.
set -eu

have_venv() { python3 -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
have_browser() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

missing=""
have_venv || missing="python3-venv"
have_browser || missing="$missing chromium"
if [ -n "$missing" ]; then
    echo "Installing from your distribution:$missing" >&2
    # shellcheck disable=SC2086
    if ! { command -v apt-get >/dev/null && as_root apt-get -qq update &&
        DEBIAN_FRONTEND=noninteractive as_root apt-get -qq install -y --no-install-recommends $missing >/dev/null; }; then
        have_venv || {
            echo "Tropa needs Python 3.11 or later with its venv module. Install it, for instance: sudo apt-get install python3-venv" >&2
            exit 1
        }
        echo "Chromium is not here; 'make run' works without it, 'make test' needs it: sudo apt-get install chromium" >&2
    fi
fi

[ -x .venv/bin/python ] || python3 -m venv .venv
echo "Installing the locked dependencies into .venv (a minute or two the first time) ..." >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
