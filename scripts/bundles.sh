#!/usr/bin/env bash
# Installs smaller bundles of plotly.js for the demo, if npm is there. Without them its pages load the
# whole plotly.js.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v npm >/dev/null || exit 0
version=$(sed -n '2s/.* v//p' .venv/lib/python*/site-packages/plotly/package_data/plotly.min.js)
folder=.venv/bundles
if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$version" ]; then
    exit 0
fi
if npm install --prefix "$folder" --no-save --no-audit --no-fund --silent \
    plotly.js-{basic,geo,cartesian}-dist-min@"$version"; then
    echo "$version" >"$folder/.installed"
else
    echo "npm has no bundles of plotly.js $version: the demo goes on without them." >&2
fi
