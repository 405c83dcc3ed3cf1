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
    need exiftool libimage-exiftool-perl
    need node nodejs
    need npm npm
    need java default-jre-headless
    ;;
  *)
    echo "usage: $0 venv|test" >&2
    exit 2
    ;;
esac

[ "${#missing[@]}" -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "Please install first:  sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
