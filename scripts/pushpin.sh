#!/usr/bin/env bash
# Installs Pushpin and its zurl, which Debian's package of Pushpin does not depend on.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/apt.sh
source scripts/apt.sh

missing=()
command -v pushpin >/dev/null || missing+=(pushpin)
command -v zurl >/dev/null || missing+=(zurl)

if [ "${#missing[@]}" -gt 0 ]; then
    apt_install "Pushpin" "${missing[@]}"
fi
