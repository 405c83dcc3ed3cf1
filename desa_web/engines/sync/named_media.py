"""Which photos the site's log speaks of now, and which it spoke of once: by their hash.

Read from the log's own lines into memory, first when somebody asks and then only what is new:
what nobody may have any more is decided by the log, not by what still lies on the disk.
"""

from __future__ import annotations

import json
from enum import StrEnum
from threading import Lock
from typing import Any

from desa_web.core import db
from desa_web.core.site import Site
from desa_web.engines.sync.line import Op, is_hash

_BATCH = 500


class Standing(StrEnum):
    """What the log says of a hash."""

    PUBLIC = "public"
    PAST = "past"
    UNKNOWN = "unknown"


class NamedMedia:
    """The hashes in one site's log. May be asked from many threads."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = Lock()
        self._forget()

    def standing(self, sha256: str) -> Standing:
        """Is this photo part of what the log holds public now?"""
        with self._lock:
            self._catch_up()
            if self._uses.get(sha256, 0):
                return Standing.PUBLIC
            return Standing.PAST if sha256 in self._uses else Standing.UNKNOWN

    def _forget(self) -> None:
        self._number = 0
        self._hash = ""
        self._of: dict[tuple[str, str], frozenset[str]] = {}
        # How many public objects show it; 0 when it was shown once.
        self._uses: dict[str, int] = {}

    def _catch_up(self) -> None:
        if self._number and not self._is_same_log():
            # The folder became a copy, or a backup was put in place under us.
            self._forget()
        sql = (
            "SELECT number, hash, kind, object_id, body FROM sync_line WHERE number > ? "
            "ORDER BY number LIMIT ?"
        )
        while True:
            rows = db.execute(self._site.database, sql, self._number, _BATCH).fetchall()
            for number, digest, kind, object_id, body in rows:
                if body is not None:
                    self._read((kind, object_id), body)
                self._number, self._hash = number, digest
            if len(rows) < _BATCH:
                return

    def _is_same_log(self) -> bool:
        sql = "SELECT hash FROM sync_line WHERE number = ?"
        row = db.execute(self._site.database, sql, self._number).fetchone()
        return row is not None and row[0] == self._hash

    def _read(self, thing: tuple[str, str], body: str) -> None:
        before = self._of.get(thing, frozenset())
        if not before and '"media":' not in body:
            return
        fields: Any = json.loads(body)
        after: frozenset[str] = frozenset()
        if fields["op"] == Op.PUT:
            named = fields.get("media")
            entries = named if isinstance(named, list) else ()
            after = frozenset(m["sha256"] for m in entries if is_hash(m.get("sha256")))
        for sha256 in before - after:
            self._uses[sha256] -= 1
        for sha256 in after - before:
            self._uses[sha256] = self._uses.get(sha256, 0) + 1
        if after:
            self._of[thing] = after
        else:
            self._of.pop(thing, None)
