"""Build segments from many documents in a child process, whose memory ends with it.

The parent sends documents as JSON lines; the child writes segments and prints their names, sizes
and digests. Run as `python -m desa_web.engines.search.builder FOLDER`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from desa_web.engines.search.errors import RebuildFailed
from desa_web.engines.search.model import Document
from desa_web.engines.search.segment import Builder, Damaged
from desa_web.engines.search.store import Part, open_segment, write_segment

_LARGEST_SEGMENT = 20_000


def build(folder: Path, documents: Iterable[Document]) -> list[Part]:
    """Return segments of all documents, written and synced. Raises RebuildFailed."""
    command = [sys.executable, "-m", __name__, str(folder)]
    paths = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    ) as child:
        try:
            output, errors = _fed(child, documents)
        except BaseException:
            child.kill()
            if child.stdin is not None:
                with suppress(BrokenPipeError):
                    child.stdin.close()
            raise
    if child.returncode:
        raise RebuildFailed(errors.decode(errors="replace")[-500:] or str(child.returncode))
    try:
        return [
            open_segment(folder, name, size_bytes, digest, frozenset(deleted))
            for name, size_bytes, digest, deleted in json.loads(output)
        ]
    except (Damaged, ValueError) as error:
        raise RebuildFailed(str(error)) from error


def _fed(child: subprocess.Popen[bytes], documents: Iterable[Document]) -> tuple[bytes, bytes]:
    # The child prints nothing before its input ends, so neither side can wait for the other.
    assert child.stdin is not None  # noqa: S101 - for the type checker: it was asked for
    try:
        for document in documents:
            row = {name: getattr(document, name) for name in Document.__slots__}
            child.stdin.write(json.dumps(row).encode() + b"\n")
    except BrokenPipeError:
        pass  # The child has died; its exit status and message tell why.
    return child.communicate()


def _main(folder: Path, lines: IO[bytes]) -> list[tuple[str, int, str, list[int]]]:
    """Write segments of the documents in `lines`; of one identity the last document counts."""
    written: list[tuple[str, int, str]] = []
    places: dict[tuple[str, str], tuple[int, int]] = {}
    deleted: dict[int, set[int]] = {}
    made = Builder()
    for line in lines:
        fields = json.loads(line)
        document = Document(**{**fields, "tags": tuple(fields["tags"])})
        key = (document.kind, document.id)
        if key in places:
            index, number = places[key]
            deleted.setdefault(index, set()).add(number)
        places[key] = (len(written), len(made))
        made.add(document)
        if len(made) >= _LARGEST_SEGMENT:
            written.append(write_segment(folder, made))
            made = Builder()
    if len(made):
        written.append(write_segment(folder, made))
    return [(*row, sorted(deleted.get(index, ()))) for index, row in enumerate(written)]


if __name__ == "__main__":
    rows = _main(Path(sys.argv[1]), sys.stdin.buffer)
    sys.stdout.write(json.dumps(rows))
