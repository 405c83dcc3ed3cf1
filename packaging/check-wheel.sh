#!/usr/bin/env bash
# Builds the wheel, installs it into an empty environment and starts a site from / with it.
set -euo pipefail
BIN=${BIN:-.venv/bin}
work=$(mktemp -d)
clean() { # the server goes first: it writes into the folder until it has stopped
  if [ -n "${server:-}" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap clean EXIT

rm -rf build
"$BIN/python" -m build --quiet --wheel --outdir "$work/dist" .
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet "$work"/dist/*.whl
cd /
"$work/venv/bin/desa" --version
"$work/venv/bin/desa" init "$work/situs" --demo >"$work/init.log" || { cat "$work/init.log"; exit 1; }
DESA_PORT=0 "$work/venv/bin/desa" --site "$work/situs" serve >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 300); do
  url=$(grep -oE 'http://[0-9.]+:[0-9]+' "$work/serve.log" | head -n 1 || true)
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$work/serve.log"; exit 1; }
  sleep 0.1
done
python3 - "$url" <<'PY'
import sys
from urllib.request import urlopen

base = sys.argv[1]
for path, wanted in (("/", "Sukamaju"), ("/berita/", "Berita"), ("/masuk", "Masuk")):
    page = urlopen(base + path, timeout=20).read().decode()
    assert wanted in page, f"{path} does not show {wanted}"
    print(f"wheel: {path} answers with {len(page)} characters")
PY
