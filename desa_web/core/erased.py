"""What was erased for somebody's privacy: a file that outlives restores from older backups.

A backup that is older than a request would bring the text back. So the ids of what was erased
are kept beside the database, one a line, and applied again to whatever is restored.
"""

from __future__ import annotations

import os
from pathlib import Path

from desa_web.core.disk import sync_folder

FILE = "data/erased.txt"


def note(folder: Path, kind: str, object_id: str) -> None:
    """Keep for good that an object was erased; on the disk when this returns."""
    file = folder / FILE
    if (kind, object_id) in read(folder):
        return
    is_new = not file.exists()
    with file.open("a", encoding="utf-8") as handle:
        # The empty line closes what a power cut may have left half written.
        handle.write(f"\n{kind} {object_id}\n")
        handle.flush()
        os.fsync(handle.fileno())
    if is_new:
        sync_folder(file.parent)


def read(folder: Path) -> list[tuple[str, str]]:
    """Return (kind, id) of all that was erased on the site in `folder`, oldest first."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return []
    # A power cut may have left half a line at the end; its request was never confirmed.
    pairs = (line.split(" ") for line in lines[:-1])
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]
