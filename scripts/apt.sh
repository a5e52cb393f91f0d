# shellcheck shell=bash
# Sourced by the other scripts: installs Debian packages, or says which are missing.

# apt_install WHY PACKAGE...
apt_install() {
    local why=$1
    shift
    local -a as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Missing for $why: the Debian packages $*. Install them as root, then try again." >&2
            return 1
        fi
        as_root=(sudo)
        # Without a terminal, fail instead of waiting for a password.
        [ -t 0 ] || as_root+=(--non-interactive)
    fi
    if ! command -v apt-get >/dev/null; then
        echo "Missing for $why: what Debian calls $*. There is no apt-get here; install them by hand." >&2
        return 1
    fi
    echo "Installing for $why: $*"
    local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" "${apt[@]}" update &&
        "${as_root[@]}" "${apt[@]}" install --yes --no-install-recommends "$@"; } \
        </dev/null >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
