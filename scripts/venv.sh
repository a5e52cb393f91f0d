#!/usr/bin/env bash
# Makes .venv with this package (editable) and one dependency group: `scripts/venv.sh demo|dev|bench`.
# The group bench has .venv-bench, so that its packages do not change the tests' environment.
# Does nothing when that is done already for the present pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/apt.sh
source scripts/apt.sh

group=${1:?usage: scripts/venv.sh demo|dev|bench}
python=${PYTHON:-python3}
venv=.venv
[ "$group" = bench ] && venv=.venv-bench

# An installation depends on pyproject.toml, the folder, the steps of this script, and the
# translations, which it compiles.
fingerprint() {
    { pwd && cat pyproject.toml scripts/venv.sh hatch_build.py src/dashboards/locale/*/*/*.po; } | sha256sum | cut -d' ' -f1
}

works() {
    "$venv/bin/python" -c 'import pip' 2>/dev/null
}

want=$(fingerprint)
# The larger group includes the smaller one.
for done in "$venv/.installed-$group" "$venv/.installed-dev"; do
    if [ "$(cat "$done" 2>/dev/null)" = "$want" ] && works; then
        exit 0
    fi
done

if ! works; then
    if ! command -v "$python" >/dev/null; then
        apt_install "Python" python3 python3-venv
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "Python 3.11 or newer is needed, $python is $("$python" --version)." \
            "Name another one: make PYTHON=python3.12 ..." >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        apt_install "the virtual environment" "python$version-venv"
    fi
    echo "Making $venv"
    "$python" -m venv --clear "$venv"
fi

echo "Installing Python packages ($group) into $venv; this takes a moment the first time"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet install)
# uv takes a fifth of pip's time, but knows nothing of pip's own settings: where that cannot reach
# an index, pip may.
if ! { "${pip[@]}" uv &&
    "$venv/bin/uv" --quiet pip install --python "$venv/bin/python" --editable . --group "$group"; }; then
    # Dependency groups came with pip 25.1.
    "${pip[@]}" --upgrade "pip>=25.1"
    "${pip[@]}" --editable . --group "$group"
fi
echo "$want" >"$venv/.installed-$group"
