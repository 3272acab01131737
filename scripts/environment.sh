# Makes .venv and installs Pileus into it; read by scripts/up and scripts/test.
# shellcheck shell=sh

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv=$root/.venv

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Prints the first Python of at least 3.11.
find_python() {
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    stop "Pileus needs Python 3.11 or newer, and none was found." \
        "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)," \
        "or name it: PYTHON=/path/to/python3 sh $0"
}

# Makes .venv, unless a working one is there.
make_venv() {
    if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    python=$(find_python) || exit 1
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        stop "$python cannot make virtual environments: its ensurepip module is missing." \
            "Debian, Ubuntu: apt install python$version-venv, then run this again."
    fi
    echo "Making $venv with $python ..." >&2
    rm -rf "$venv"
    "$python" -m venv "$venv" </dev/null || stop "Making $venv failed; see above."
}

wanted_stamp() {
    cksum <"$root/pyproject.toml"
}

# is_installed STAMP: whether that installation was done for this pyproject.toml.
is_installed() {
    [ -x "$venv/bin/pileus" ] && [ "$(cat "$venv/pileus-$1" 2>/dev/null)" = "$(wanted_stamp)" ]
}

# install EXTRAS STAMP
install() {
    make_venv
    echo "Installing Pileus into $venv ..." >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --editable "$root$1" </dev/null >&2 || stop "The installation failed; see above."
    wanted_stamp >"$venv/pileus-$2"
}
