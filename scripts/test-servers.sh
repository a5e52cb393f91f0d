#!/usr/bin/env bash
# Installs programs for the tests that pip cannot install: Chromium, Firefox, WebKitGTK with Xvfb
# for its window, fonts, PostgreSQL, MariaDB, Redis, nginx and Pushpin (with its zurl), git, and a
# library of Playwright's driver.
# The tests start and stop their own servers; none is left running.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/apt.sh
source scripts/apt.sh

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v chromium-headless-shell >/dev/null || missing+=(chromium-headless-shell)
command -v firefox-esr >/dev/null || missing+=(firefox-esr)
command -v WebKitWebDriver >/dev/null || missing+=(webkit2gtk-driver)
command -v Xvfb >/dev/null || missing+=(xvfb)
# A browser without fonts measures every text as boxes.
compgen -G "/usr/share/fonts/truetype/*/*.ttf" >/dev/null || missing+=(fonts-dejavu-core)
command -v initdb >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null ||
    missing+=(postgresql)
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
command -v redis-server >/dev/null || missing+=(redis-server)
compgen -G "/usr/lib/*/libatomic.so.1" >/dev/null || missing+=(libatomic1)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
command -v git >/dev/null || missing+=(git)

if [ "${#missing[@]}" -gt 0 ]; then
    apt_install "the tests" "${missing[@]}"
fi
scripts/pushpin.sh
