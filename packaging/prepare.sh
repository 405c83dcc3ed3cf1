#!/usr/bin/env bash
# Installs Debian packages that the Makefile needs; without root it says what to install.
#   prepare.sh venv   Python's venv module        prepare.sh test   servers and tools of the tests
set -euo pipefail

missing=()
need() { # need COMMAND PACKAGE: the package when the command is absent
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

case "${1:-}" in
  venv)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    ;;
  test)
    need chromium chromium
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
    need nginx nginx-light
    need caddy caddy
    need systemd-analyze systemd
    need exiftool libimage-exiftool-perl
    need newsboat newsboat
    need sfeed sfeed
    need node nodejs
    need npm npm
    need java default-jre-headless
    ;;
  *)
    echo "usage: $0 venv|test" >&2
    exit 2
    ;;
esac

judges() { # the judges of the public pages (Nu HTML checker, Lighthouse), exactly as locked
  [ "${1:-}" = test ] || return 0
  cmp -s tests/browser/package-lock.json tests/browser/node_modules/.lock && return 0
  (cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund --silent)
  cp tests/browser/package-lock.json tests/browser/node_modules/.lock
}

if [ "${#missing[@]}" -eq 0 ]; then
  judges "$@"
  exit 0
fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  judges "$@"
else
  echo "Please install first:  sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
