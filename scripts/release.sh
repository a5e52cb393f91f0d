#!/usr/bin/env bash
# Builds the distribution, checks it, installs it into an empty environment, and drives a browser
# against the example project there. Publishing is left to a person: it prints the command.
# REHEARSAL=1 does the same before the release is named in CHANGELOG.md, and leaves nothing to
# publish in dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/venv.sh dev
python=.venv/bin/python

version=$($python -c 'import dashboards; print(dashboards.__version__)')
echo "== Version $version"
if [ -z "${REHEARSAL:-}" ] && ! grep -q "^## \[$version\]" CHANGELOG.md; then
    echo "CHANGELOG.md has no heading \"## [$version]\": name the release there, or try it with" \
        "make release REHEARSAL=1." >&2
    exit 1
fi
if [ -n "$(git status --porcelain)" ]; then
    echo "The working tree has changes that are not committed." >&2
    exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "== Build from a clean clone"
git clone --quiet . "$folder/clone"
(cd "$folder/clone" && "$OLDPWD/$python" -m build --no-isolation --outdir "$folder/dist")
$python -m twine check --strict "$folder"/dist/*

echo "== Install into an empty environment"
$python -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "$folder"/dist/*.whl uvicorn

echo "== Drive a browser against the example project"
cp -r example "$folder/example"
$python scripts/try_example.py "$folder/venv/bin/python" "$folder/example"

if [ -n "${REHEARSAL:-}" ]; then
    echo "== Version $version can be released, once CHANGELOG.md names it"
    exit
fi
mkdir -p dist
rm -f dist/*
cp "$folder"/dist/* dist/
echo "== dist/ is ready: git tag v$version && $python -m twine upload dist/*"
