#!/usr/bin/env bash
# Runs tests with each supported pair of Python and Django, and with the oldest dependencies, and the
# unit tests without any optional package: `scripts/test-matrix.sh [pytest arguments]`. A Python that this machine lacks is reported and left
# out; one found by its name (python3.13) or by pyenv is used.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/venv.sh dev

# Name, Python, Django, and how uv chooses the other versions.
combinations=(
    "oldest 3.11 5.2 lowest-direct"
    "py311-django52 3.11 5.2 highest"
    "py312-django60 3.12 6.0 highest"
    "py313-django61 3.13 6.1 highest"
    "py314-django61 3.14 6.1 highest"
)
tests=("$@")
if [ ${#tests[@]} -eq 0 ]; then
    tests=(tests/unit tests/integration/test_asgi.py tests/integration/test_servers.py)
fi

# Python by version: its path, or nothing.
find_python() {
    for found in "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python; do
        if "$found" -c 'import sys; sys.exit(sys.version.split()[0].rpartition(".")[0] != "'"$1"'")' 2>/dev/null; then
            echo "$found"
            return
        fi
    done
}

failed=() missing=()
for combination in "${combinations[@]}"; do
    read -r name python django resolution <<<"$combination"
    executable=$(find_python "$python")
    if [ -z "$executable" ]; then
        missing+=("$name")
        continue
    fi
    venv=.venv-matrix/$name
    [ -x "$venv/bin/python" ] || "$executable" -m venv "$venv"
    install=(.venv/bin/uv --quiet pip install --python "$venv/bin/python")
    "${install[@]}" --editable . --group dev "Django~=$django.0"
    # What a project installs beside the package, at the chosen resolution.
    "${install[@]}" --upgrade --resolution "$resolution" --editable ".[all]" "Django~=$django.0"
    echo "== $name: $("$venv/bin/python" --version), Django $("$venv/bin/python" -m django --version)"
    "$venv/bin/python" -m pytest -n 2 --dist loadfile -q "${tests[@]}" || failed+=("$name")
done

# As CONTRIBUTING.md sets it up.
bare=.venv-matrix/bare
[ -x "$bare/bin/python" ] || "${PYTHON:-python3}" -m venv "$bare"
.venv/bin/uv --quiet pip install --python "$bare/bin/python" --editable . \
    pytest pytest-django pytest-asyncio
echo "== bare: no optional package"
"$bare/bin/python" -m pytest -q tests/unit || failed+=(bare)

echo
[ ${#missing[@]} -eq 0 ] || echo "Not tested, because this machine lacks the Python: ${missing[*]}"
if [ ${#failed[@]} -gt 0 ]; then
    echo "Failed: ${failed[*]}"
    exit 1
fi
echo "All others passed."
