#!/usr/bin/env bash
# Rebuilds the vendored front-end files from the locked packages and compares them byte by byte.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
command -v npm >/dev/null || { echo "npm is needed: sudo apt-get install npm" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/packaging/editor"
cp -r package.json package-lock.json .npmrc src build.mjs "$work/packaging/editor/"
(cd "$work/packaging/editor" && npm ci --silent && node build.mjs)
tail -n +2 "$work/packaging/editor/VENDOR.tsv" | cut -f1 | while read -r file; do
  case $file in *.br | *.gz) continue ;; esac # another node may pack it otherwise; a test unpacks it
  cmp "$work/$file" "$root/$file"
done
cmp <(grep -v '\.js\.[bg]' "$work/packaging/editor/VENDOR.tsv") <(grep -v '\.js\.[bg]' VENDOR.tsv)
echo "The vendored files are what package-lock.json builds."
