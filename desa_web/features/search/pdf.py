"""The text of a PDF, taken out in a child process that can neither hang, grow nor hurt.

    text_of(path)      the text; "" for a scan, a locked or a broken file

A stranger's file is parsed: the child has limits of CPU and memory and writes nothing but its
answer. Run as `python -m desa_web.features.search.pdf PATH`.
"""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
from pathlib import Path

log = logging.getLogger(__name__)

LARGEST_BYTES = 60 << 20
MOST_PAGES = 300
MOST_CHARACTERS = 400_000
_CPU_S = 20
_MEMORY_BYTES = 256 << 20
_WALL_S = 240.0


def text_of(path: Path) -> str:
    """Return the text of the PDF at `path`, "" when there is none to be had within the limits.

    Raises OSError when the file is not there or no process can be started.
    """
    if path.stat().st_size > LARGEST_BYTES:
        return ""
    paths = os.pathsep.join(part for part in sys.path if part)
    # -B: the child may write no file. An absolute path is never taken for an option.
    command = [sys.executable, "-B", "-m", __name__, str(path.resolve())]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_WALL_S,
            check=False,
            env={"PYTHONPATH": paths, "PATH": os.environ.get("PATH", ""), "MALLOC_ARENA_MAX": "1"},
        )
    except subprocess.TimeoutExpired:
        log.warning("no text from %s: it took too long", path.name[:12])
        return ""
    # What was read before a limit struck is worth having.
    text = done.stdout[: MOST_CHARACTERS * 4].decode("utf-8", "ignore")
    if done.returncode:
        log.warning("not all text of %s: status %s", path.name[:12], done.returncode)
    return text


def _main(path: str) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    import pypdf

    logging.disable(logging.CRITICAL)
    reader = pypdf.PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        return
    written = 0
    for number, page in enumerate(reader.pages):
        if number >= MOST_PAGES or written >= MOST_CHARACTERS:
            return
        try:
            text = page.extract_text()
        except Exception:  # noqa: S112 - one broken page of a stranger's file; the others count
            continue
        # One page alone may unpack to more than all that is wanted.
        line = " ".join(text[:MOST_CHARACTERS].replace("\0", " ").split()) + "\n"
        written += len(line)
        sys.stdout.buffer.write(line.encode("utf-8", "ignore"))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main(sys.argv[1])
