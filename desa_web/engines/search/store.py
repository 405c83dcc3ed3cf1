"""Keep the list of segments on disk: the state file, read and verified before anything is opened.

The state file is JSON with its own checksum: format, analyser, program version, the cursor, and
each segment's size, digest and deleted documents. It is replaced by one rename after all it names
is on the disk, so that a kill or power cut at any line leaves the old state or the new one.
A snapshot is what one state file describes, opened; it never changes. Nothing is unpickled.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import desa_web
from desa_web.core.disk import sync_folder, write_atomic
from desa_web.engines.search import analysis
from desa_web.engines.search.model import Cursor
from desa_web.engines.search.segment import FORMAT, Builder, Damaged, Segment

STATE_FILE = "state.json"
SEGMENT_SUFFIX = ".segment"
_LOADS = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """A segment within a snapshot."""

    segment: Segment
    size_bytes: int
    digest: str
    deleted: frozenset[int] = frozenset()

    @property
    def living(self) -> int:
        return self.segment.count - len(self.deleted)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a search sees; shared by threads, replaced as a whole."""

    parts: tuple[Part, ...] = ()
    cursor: Cursor | None = None
    damage: str = ""
    """Why the index must be made anew; empty when all is well."""
    mark: tuple[int, ...] = field(default=(), compare=False)

    @property
    def documents(self) -> int:
        return sum(part.living for part in self.parts)


def mark_of(folder: Path) -> tuple[int, ...]:
    """Return what changes whenever the state file is replaced, without reading it."""
    try:
        stat = (folder / STATE_FILE).stat()
    except OSError:
        return ()
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def load(folder: Path, known: Sequence[Part] = ()) -> Snapshot:
    """Open what the state file describes, as far as it verifies; never raises for damage.

    Segments of `known` that are still named are not opened again.
    """
    for _attempt in range(_LOADS):
        snapshot = _load(folder, known)
        # A writer may have dropped segments of the state that was read: then there is a newer one.
        if not snapshot.damage or snapshot.mark == mark_of(folder):
            break
    return snapshot


def _load(folder: Path, known: Sequence[Part]) -> Snapshot:
    mark = mark_of(folder)
    try:
        state = _verified_state(folder)
    except Damaged as error:
        return Snapshot(damage=str(error), mark=mark)
    parts, damage = [], ""
    open_ones = {(part.segment.name, part.digest): part.segment for part in known}
    for row in state["segments"]:
        try:
            name, size, digest = str(row["name"]), int(row["size"]), str(row["digest"])
            segment = open_ones.get((name, digest))
            if segment is None:
                segment = Segment(folder / Path(name).name, size, digest)
            parts.append(Part(segment, size, digest, _from_bitmap(row["deleted"])))
        except Damaged as error:
            damage = str(error)
            _log.warning("search index damaged: %s", error)
    cursor = Cursor(state["cursor"]["journal_id"], state["cursor"]["seq"])
    return Snapshot(tuple(parts), cursor, damage, mark)


def save(folder: Path, parts: Sequence[Part], cursor: Cursor) -> Snapshot:
    """Make `parts` the index, then drop the files that no state names any more."""
    sync_folder(folder)
    state = {
        "expects": _expected(),
        "program": desa_web.__version__,
        "cursor": {"journal_id": cursor.journal_id, "seq": cursor.seq},
        "segments": [
            {
                "name": part.segment.name,
                "size": part.size_bytes,
                "digest": part.digest,
                "deleted": _to_bitmap(part.deleted),
            }
            for part in parts
        ],
    }
    envelope = {"state": state, "digest": _digest(state)}
    write_atomic(folder / STATE_FILE, json.dumps(envelope).encode())
    named = {part.segment.name for part in parts}
    for path in folder.glob(f"*{SEGMENT_SUFFIX}"):
        if path.name not in named:
            with suppress(OSError):
                path.unlink()
    return Snapshot(tuple(parts), cursor, "", mark_of(folder))


def write_segment(folder: Path, builder: Builder) -> tuple[str, int, str]:
    """Write a segment and return its name, size and digest.

    It is part of nothing until it is opened and `save` names it.
    """
    name = f"{secrets.token_hex(8)}{SEGMENT_SUFFIX}"
    try:
        return name, *builder.write(folder / name)
    except BaseException:
        # On a full disk half a segment must not hold the space that is missing.
        with suppress(OSError):
            (folder / name).unlink()
        raise


def open_segment(
    folder: Path, name: str, size_bytes: int, digest: str, deleted: frozenset[int] = frozenset()
) -> Part:
    """Return a verified segment. Raises Damaged."""
    return Part(Segment(folder / name, size_bytes, digest), size_bytes, digest, deleted)


def _expected() -> str:
    return f"{FORMAT} {analysis.fingerprint()}"


def _verified_state(folder: Path) -> dict[str, Any]:
    try:
        envelope = json.loads((folder / STATE_FILE).read_bytes())
        state: dict[str, Any] = envelope["state"]
        if envelope["digest"] != _digest(state):
            raise Damaged("the state file has a wrong checksum")
        if state["expects"] != _expected() or state["program"] != desa_web.__version__:
            raise Damaged("made by another version of the program or of its word lists")
    except FileNotFoundError:
        raise Damaged("there is no index yet") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(f"the state file is unreadable: {type(error).__name__}") from error
    return state


def _digest(state: dict[str, Any]) -> str:
    return blake2b(json.dumps(state, sort_keys=True).encode(), digest_size=16).hexdigest()


def _to_bitmap(numbers: frozenset[int]) -> str:
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return f"{bits:x}"


def _from_bitmap(text: str) -> frozenset[int]:
    bits = bin(int(text, 16))[:1:-1]
    return frozenset(number for number, bit in enumerate(bits) if bit == "1")
