"""Sends one file to another site by tus 1.0 (creation, checksum), from whatever byte it has.

    await upload(client, f"{hub}/sync/v1/media", file, sha256=sha256, headers=authorization,
                 known=kept, keep=keep)

Parts grow on a good line and shrink on a bad one. waitress gives a part to the program only when
it is complete, so a part that is cut has to be small enough to come through the next time.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from hashlib import sha256 as new_sha256
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from desa_web.engines.sync.client import Answer, Client
from desa_web.engines.sync.unreachable import Reason, Unreachable

MIN_PART_BYTES, FIRST_PART_BYTES, MAX_PART_BYTES = 16 << 10, 32 << 10, 256 << 10
_TUS = {"Tus-Resumable": "1.0.0"}
_QUICK_S, _LONG_S, _PART_S = 4, 15, 60
# So many cuts in a row without a new byte end it; the caller comes again later.
_IDLE = 4
_CHECKSUM_MISMATCH = 460
# The hub has forgotten the upload, or never knew it: begin a new one.
_FORGOTTEN = (403, 404, 410)

Keep = Callable[[str], None]
Progress = Callable[[int, int], None]


async def upload(
    client: Client,
    url: str,
    file: Path,
    *,
    sha256: str,
    headers: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    known: str = "",
    keep: Keep | None = None,
    progress: Progress | None = None,
) -> str:
    """Send `file` and return the address of the finished upload.

    known: the address that an earlier call told `keep`, which is called before the first byte
    goes. headers (a token) go to the site of `url` only. progress(sent, size) is told after each
    part. Raises Unreachable (CORRUPT: the file here is not what `sha256` says), OSError.
    """
    sending = _Sending(client, url, file, sha256, dict(headers or {}), dict(metadata or {}))
    await asyncio.to_thread(sending.check)
    await sending.locate(known)
    if keep is not None and sending.address != known:
        keep(sending.address)
    while not sending.is_done:
        await sending.part()
        if progress is not None:
            progress(sending.offset, sending.size)
    return sending.address


class _Sending:
    """One upload: where it is, how far it is, how large the next part may be."""

    def __init__(
        self,
        client: Client,
        url: str,
        file: Path,
        sha256: str,
        headers: dict[str, str],
        metadata: dict[str, str],
    ) -> None:
        self.address = ""
        self.offset = 0
        self.size = file.stat().st_size
        self._client = client
        self._url = url
        self._file = file
        self._sha256 = sha256
        self._headers = {**_TUS, **headers}
        self._metadata = {"sha256": sha256, **metadata}
        self._part_bytes = FIRST_PART_BYTES
        self._idle = 0

    @property
    def is_done(self) -> bool:
        return self.offset == self.size

    def check(self) -> None:
        """Is this the file that was promised? Nothing else is sent."""
        digest = new_sha256()
        with self._file.open("rb") as source:
            while data := source.read(1 << 20):
                digest.update(data)
        if digest.hexdigest() != self._sha256:
            raise Unreachable(Reason.CORRUPT)

    async def locate(self, known: str) -> None:
        """Find the upload begun earlier, or begin one."""
        if known:
            self.address = self._here(known)
            if await self._ask():
                return
        await self._create()

    async def part(self) -> None:
        """Send the next part; after a cut, ask how much of it came."""
        data = await asyncio.to_thread(self._read)
        checksum = base64.b64encode(new_sha256(data).digest()).decode()
        headers = {
            **self._headers,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(self.offset),
            "Upload-Checksum": f"sha256 {checksum}",
        }
        began = time.monotonic()
        try:
            answer = await self._client.send(
                "PATCH", self.address, data, headers=headers, timeout_s=_PART_S,
                accept=(409, _CHECKSUM_MISMATCH, *_FORGOTTEN),
            )  # fmt: skip
        except Unreachable as error:
            if error.reason not in (Reason.CUT, Reason.SLOW):
                raise
            await self._stumbled(error)
            return
        if answer.status in _FORGOTTEN:
            await self._stumbled(Unreachable(Reason.GONE, http_status=answer.status))
        elif answer.status in (409, _CHECKSUM_MISMATCH):
            await self._stumbled(Unreachable(Reason.CUT, http_status=answer.status))
        else:
            self._moved_to(_offset_of(answer))
            self._adapt(time.monotonic() - began)

    def _read(self) -> bytes:
        with self._file.open("rb") as source:
            source.seek(self.offset)
            return source.read(self._part_bytes)

    def _adapt(self, took_s: float) -> None:
        if took_s < _QUICK_S:
            self._part_bytes = min(self._part_bytes * 2, MAX_PART_BYTES)
        elif took_s > _LONG_S:
            self._part_bytes = max(self._part_bytes // 2, MIN_PART_BYTES)

    async def _stumbled(self, error: Unreachable) -> None:
        """Go on where the hub says, in smaller parts; give up after some tries without a byte."""
        before = self.offset
        self._part_bytes = max(self._part_bytes // 4, MIN_PART_BYTES)
        if self._idle >= _IDLE:
            raise error
        if self._idle:
            await asyncio.sleep(2.0 ** (self._idle - 1))
        self._idle += 1
        try:
            if not await self._ask():
                await self._create()
        except Unreachable as again:
            if again.reason not in (Reason.CUT, Reason.SLOW):
                raise
        if self.offset > before:
            self._idle = 0

    async def _ask(self) -> bool:
        """Learn how much the hub has; False when it does not know the upload."""
        answer = await self._client.send(
            "HEAD", self.address, headers=self._headers, accept=_FORGOTTEN
        )
        if answer.status in _FORGOTTEN:
            return False
        length = answer.headers.get("Upload-Length", str(self.size))
        if length != str(self.size):
            return False
        self.offset = self._checked(_offset_of(answer))
        return True

    async def _create(self) -> None:
        said = ",".join(
            f"{name} {base64.b64encode(text.encode()).decode()}"
            for name, text in self._metadata.items()
        )
        headers = {**self._headers, "Upload-Length": str(self.size), "Upload-Metadata": said}
        answer = await self._client.send("POST", self._url, headers=headers)
        location = answer.headers.get("Location", "")
        if answer.status not in (200, 201) or not location:
            raise Unreachable(Reason.STRANGER, http_status=answer.status)
        self.address = self._here(location)
        # A hub that has the file, or some of it, says so at once.
        self.offset = self._checked(_offset_of(answer)) if "Upload-Offset" in answer.headers else 0

    def _here(self, location: str) -> str:
        """Return the upload's address. Raises Unreachable: our token goes to no other site."""
        found = urljoin(self._url, location)
        here, there = urlsplit(self._url), urlsplit(found)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise Unreachable(Reason.MOVED, where=found)
        return found

    def _moved_to(self, offset: int) -> None:
        if self._checked(offset) <= self.offset:
            raise Unreachable(Reason.STRANGER)
        self.offset = offset
        self._idle = 0

    def _checked(self, offset: int) -> int:
        if not 0 <= offset <= self.size:
            raise Unreachable(Reason.STRANGER)
        return offset


def _offset_of(answer: Answer) -> int:
    text = answer.headers.get("Upload-Offset", "")
    if not text.isascii() or not text.isdigit():
        raise Unreachable(Reason.STRANGER)
    return int(text[:18])
