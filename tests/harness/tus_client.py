"""tus-js-client from npm as a foreign sender; installed once beside the tests, never shipped."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

VERSION = "4.3.1"
_HOME = Path(__file__).parents[1] / "vendor" / "tus"
_SCRIPT = Path(__file__).with_name("tus_client.mjs")


def is_possible() -> bool:
    """Are node and npm on this machine at all?"""
    return shutil.which("npm") is not None and shutil.which("node") is not None


def upload(
    endpoint: str, file: Path, cookie: str, metadata: dict[str, str], chunk_bytes: int = 0
) -> subprocess.Popen[str]:
    """Start uploading and return the process; `outcome` waits for what became of it."""
    wish = {
        "modules": str(_installed()),
        "endpoint": endpoint,
        "file": str(file),
        "chunkSize": chunk_bytes,
        "cookie": cookie,
        "metadata": metadata,
    }
    return subprocess.Popen(
        ["node", str(_SCRIPT), json.dumps(wish)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def outcome(process: subprocess.Popen[str], timeout_s: float = 120) -> dict[str, Any]:
    """Return {"ok", "errors", "url" or "message"}."""
    try:
        said, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"the upload did not end: {said}") from None
    lines = said.strip().splitlines()
    assert lines, "the sender said nothing"
    try:
        found: dict[str, Any] = json.loads(lines[-1])
    except ValueError:
        raise AssertionError(said) from None
    return found


def _installed() -> Path:
    """Return the folder whose node_modules holds tus-js-client, installing it when it is new."""
    modules = _HOME / "node_modules"
    modules.mkdir(parents=True, exist_ok=True)
    with (modules / ".desa-lock").open("w") as lock:
        # Other workers of the same run wait here.
        fcntl.flock(lock, fcntl.LOCK_EX)
        package = modules / "tus-js-client" / "package.json"
        if not package.exists() or json.loads(package.read_text())["version"] != VERSION:
            done = subprocess.run(
                ["npm", "install", "--no-save", "--no-package-lock", "--ignore-scripts",
                 "--no-audit", "--no-fund", "--prefix", str(_HOME), f"tus-js-client@{VERSION}"],
                capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
    return _HOME
