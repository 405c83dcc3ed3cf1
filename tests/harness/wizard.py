"""A new site as its first person meets it: `desa init --wizard`, `desa serve`, the code it prints.

with first_day(folder) as (url, code): ...        url ends with a slash
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.site import ROOT, run_desa


@contextmanager
def first_day(folder: Path) -> Iterator[tuple[str, str]]:
    """Make a site without people in `folder`/situs and serve it."""
    done = run_desa("init", folder / "situs", "--wizard")
    assert done.returncode == 0, done.stderr
    with new_start(folder / "situs") as found:
        yield found


@contextmanager
def new_start(site: Path) -> Iterator[tuple[str, str]]:
    """Serve a site that waits for its first person; the code comes from the console."""
    command = [sys.executable, "-m", "desa_web.cli", "--site", str(site), "--json", "serve"]
    process = subprocess.Popen(
        [*command, "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield said["url"], said["setup_code"]
    finally:
        process.terminate()
        process.communicate(timeout=30)
