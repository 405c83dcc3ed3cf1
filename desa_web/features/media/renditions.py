"""The index of renditions in cache/renditions: which pictures of a master are ready, or why not.

    cache/renditions/<ab>/<first 20 digits of the master's hash>/state.json   and the pictures

Disposable: followers.py makes it again. A page reads one state per photo, kept in memory after
the first time; when the folder is taken away the memory is forgotten.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from desa_web.core.disk import write_atomic
from desa_web.core.site import Site
from desa_web.engines.images import Rendition

KEY_DIGITS = 20
_NAME = re.compile(r"[0-9a-f]{20}-[0-9]{1,5}\.(webp|jpg)")
_KEY = re.compile(r"[0-9a-f]{20}")
_STATE = "state.json"
# One state takes about 2 KB in memory.
_REMEMBERED = 1500
_MARK = "begun"


@dataclass(frozen=True, slots=True)
class State:
    """What became of one master: its renditions, or the reason and sentence why there are none.

    tries counts how often the server was too busy; with renditions it is of no meaning.
    """

    master_sha256: str
    renditions: tuple[Rendition, ...] = ()
    reason: str = ""
    sentence: str = ""
    tries: int = 0
    is_final: bool = True

    def __hash__(self) -> int:
        # Of all fields it would be dearer than what is kept by it; equality compares them all.
        return hash(self.master_sha256)

    @property
    def is_ready(self) -> bool:
        return bool(self.renditions)


class Renditions:
    """The states of one site's masters. Safe for all threads of a process."""

    def __init__(self, site: Site) -> None:
        self.folder = site.cache / "renditions"
        # Asked for each photo of a page: a path made anew costs more than the stat.
        self._mark_file = str(self.folder / _MARK)
        self._known: OrderedDict[str, State] = OrderedDict()
        self._mark: tuple[int, int] | None = None
        self._lock = Lock()

    def begin(self) -> None:
        """Mark the folder as begun anew, so that every process forgets what it remembers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self.folder / _MARK, secrets.token_hex(8).encode(), durable=False)

    def state(self, master_sha256: str) -> State | None:
        """Return what became of a master; None while nothing did."""
        return self.states([master_sha256])[master_sha256]

    def states(self, masters_sha256: Iterable[str]) -> dict[str, State | None]:
        """Return what became of each of these masters: one look at the folder for all of them."""
        mark = self._marked()
        found: dict[str, State | None] = {}
        with self._lock:
            if mark != self._mark:
                self._known.clear()
                self._mark = mark
            for sha256 in masters_sha256:
                state = found[sha256] = self._known.get(sha256)
                if state is not None:
                    self._known.move_to_end(sha256)
        for sha256 in [sha256 for sha256, state in found.items() if state is None]:
            found[sha256] = self._learn(sha256)
        return found

    def write(self, state: State) -> None:
        folder = self.folder_of(state.master_sha256)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(state), ensure_ascii=False)
        write_atomic(folder / _STATE, text.encode(), durable=False)

    def forget(self, master_sha256: str) -> None:
        """Read the state of this master from the disk again next time."""
        with self._lock:
            self._known.pop(master_sha256, None)

    def folder_of(self, master_sha256: str) -> Path:
        return self.folder / master_sha256[:2] / master_sha256[:KEY_DIGITS]

    def file(self, key: str, name: str) -> Path | None:
        """Return the file behind an address, None for what cannot be one of ours."""
        if not _KEY.fullmatch(key) or not _NAME.fullmatch(name):
            return None
        return self.folder / key[:2] / key / name

    def is_whole(self, state: State) -> bool:
        """Are all pictures of a state there, in their size? A power cut can empty them."""
        folder = self.folder_of(state.master_sha256)
        try:
            return all((folder / r.name).stat().st_size == r.size_bytes for r in state.renditions)
        except OSError:
            return False

    def folders(self) -> list[Path]:
        """Return the folders of all masters that have something here."""
        return [path for path in self.folder.glob("[0-9a-f][0-9a-f]/*") if path.is_dir()]

    def _marked(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._mark_file)  # noqa: PTH116 - see above
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _learn(self, master_sha256: str) -> State | None:
        found = self._read(master_sha256)
        if found is not None and found.is_ready:
            with self._lock:
                self._known[master_sha256] = found
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return found

    def _read(self, master_sha256: str) -> State | None:
        try:
            values = json.loads((self.folder_of(master_sha256) / _STATE).read_bytes())
            made = tuple(Rendition(**one) for one in values.pop("renditions"))
            found = State(**values, renditions=made)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return found if found.master_sha256 == master_sha256 else None


def renditions(site: Site) -> Renditions:
    """Return the site's renditions, the same object for all callers of this process."""
    found: Renditions | None = getattr(site, "_renditions", None)
    if found is None:
        found = site._renditions = Renditions(site)  # type: ignore[attr-defined]
    return found
