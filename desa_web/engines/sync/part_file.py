"""The piece of a file that is here already, and what is still to be asked for.

Any byte may be the last one that came: what is on the disk is hashed again before more is asked.
Knows no network.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from desa_web.core.disk import sync_file, sync_folder
from desa_web.engines.sync.unreachable import Reason, Unreachable

_READ_BYTES = 64 << 10


class PartFile:
    """The piece of a file that is here, and what is still to be asked for."""

    def __init__(self, part: Path, size: int | None, digest: str | None, limit: int) -> None:
        self._part = part
        self._size = size
        self._wanted = digest
        self._limit = limit
        self._digest = sha256()
        self._descriptor: int | None = None
        self._is_ended = False
        self.offset = 0
        if digest is not None:
            self._read_part()
        else:
            self.forget()

    @property
    def has_all(self) -> bool:
        return self._is_ended or (self._size is not None and self.offset == self._size)

    @property
    def is_whole(self) -> bool:
        return self.has_all and self.is_right()

    def is_right(self) -> bool:
        is_size = self._size is None or self.offset == self._size
        return is_size and self._wanted in (None, self._digest.hexdigest())

    def range(self) -> dict[str, str]:
        # Without a hash nobody knows whether the rest still belongs to our piece.
        if not self.offset or self._wanted is None:
            return {}
        return {"Range": f"bytes={self.offset}-", "If-Range": f'"{self._wanted}"'}

    def begin(self, status: int, content_range: str) -> None:
        """Go on at our byte, or from the start when the source does so."""
        if status == 206:
            if not content_range.startswith(f"bytes {self.offset}-") or not self.offset:
                raise Unreachable(Reason.STRANGER)
        elif self.offset:
            self.forget()
        self._descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, data: bytes) -> None:
        assert self._descriptor is not None  # noqa: S101 - begin() came before
        if self.offset + len(data) > self._limit:
            raise Unreachable(Reason.TOO_LARGE)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._digest.update(data)
        self.offset += len(data)

    def ended(self) -> None:
        """The source said that this is all."""
        self._is_ended = True

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def settle(self, file: Path) -> None:
        """Give the whole file its name, durable."""
        sync_file(self._part)
        self._part.replace(file)
        sync_folder(file.parent)

    def forget(self) -> None:
        """Begin anew."""
        with self._part.open("wb"):
            pass
        self._digest = sha256()
        self._is_ended = False
        self.offset = 0

    def _read_part(self) -> None:
        limit = self._limit
        with self._part.open("rb") as file:
            while data := file.read(_READ_BYTES):
                self._digest.update(data)
                self.offset += len(data)
        if self.offset > limit or (self.offset and not self.is_right() and self.has_all):
            self.forget()
