#!/usr/bin/env bash
# Makes .venv-older with the package that ours replaces, and the Django of the bench: both packages
# are called dashboards, so that they cannot share an environment.
set -euo pipefail
cd "$(dirname "$0")/.."

older="django-dashboards==0.1.7"
django=$(.venv-bench/bin/python -c 'import django; print(django.__version__)')
want="$(pwd) $older $django"
[ "$(cat .venv-older/.installed 2>/dev/null)" = "$want" ] && exit 0

echo "Installing $older into .venv-older"
.venv-bench/bin/python -m venv --clear .venv-older
.venv-older/bin/python -m pip --disable-pip-version-check --quiet install "$older" "Django==$django"
echo "$want" >.venv-older/.installed
