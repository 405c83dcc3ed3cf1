"""Sends this site's log and photos to the hub it is paired with, over a line that may break.

    pushed = push(site)             all that waits; what is sent is never sent twice

After a cut the hub is asked how far it is, so nothing is lost and nothing doubled. Parts grow and
shrink with the line. News first, photos after them; receipts come back in the same answers.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from desa_web.core.disk import locked
from desa_web.core.errors import Conflict, DesaError
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import Page, Point, UnknownPoints, log, page, pause
from desa_web.engines.sync.client import Answer, Reason, Unreachable
from desa_web.engines.sync.errors import Tampered
from desa_web.engines.sync.line import is_hash, is_point
from desa_web.engines.sync.named_media import NamedMedia, Standing
from desa_web.features.media import masters
from desa_web.features.sync import hubline, hubs, receipts
from desa_web.features.sync.hubline import HubRefused, Line
from desa_web.features.sync.hubs import Hub, State

SMALLEST_BYTES, LARGEST_BYTES = 16 << 10, 256 << 10
# A part should take some seconds: long enough to be worth its headers, short enough to be lost.
_QUICK_S, _SLOW_S = 4.0, 15.0
_TRIES = 3
_POLL_S = 15 * 60
_FIRST_WAIT_S, _LONGEST_WAIT_S = 30, 3600
_MAX_PHOTOS = 50
# tus: the upload is gone, has moved on, or arrived changed; a new start finds out how far it is.
_BEGIN_ANEW = ("tidak-ada", "unggahan-bergeser", "unggahan-berubah")
_TUS = {"Tus-Resumable": "1.0.0"}
Tell = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Pushed:
    """What one run did. is_end: the hub holds all lines; photos_left: what it still wants."""

    lines: int = 0
    photos: int = 0
    photos_left: int = 0
    receipts: int = 0
    size_bytes: int = 0
    is_end: bool = False
    gone: list[str] = field(default_factory=list)


def push(site: Site, tell: Tell | None = None) -> Pushed:
    """Send what waits. Raises Conflict when not paired, Busy, Unreachable, HubRefused, Tampered.

    tell: hears an event for each part and photo. How it went is kept for the page "Sinkron".
    """
    hub = hubs.current(site)
    if hub is None or hub.state is not State.PAIRED:
        raise Conflict(
            _(
                "Situs ini belum tersambung dengan Kominfo. Minta kode undangan kepada petugasnya, "
                "lalu: desa sync pair KODE --hub ALAMAT"
            )
        )
    if not hub.address:
        raise Conflict(
            _(
                "{name} dihubungi lewat stik. Buat berkasnya dengan: desa sync bundle create FOLDER"
            ).format(name=hub.name)
        )
    reason = pause(site)
    if reason is not None:
        raise Conflict(reason)
    sentence = _("Pengiriman lain sedang berjalan. Tunggu sampai selesai, lalu ulangi.")
    with locked(site.data / "push.lock", sentence):
        pushed = Pushed()
        try:
            import asyncio

            asyncio.run(_Push(site, hub, pushed, tell or _nobody).run())
        except DesaError as error:
            _failed(site, hub, error)
            raise
        _went_well(site, hub, pushed)
    return pushed


class _Push:
    """One run over one open line."""

    def __init__(self, site: Site, hub: Hub, pushed: Pushed, tell: Tell) -> None:
        self._site = site
        self._hub = hub
        self._pushed = pushed
        self._tell = tell
        self._part_bytes = min(max(hub.part_bytes, SMALLEST_BYTES), LARGEST_BYTES)
        self._head = _point(hub.head)

    async def run(self) -> None:
        async with hubline.line(self._site, self._hub.address, self._hub.token) as line:
            wanted = await self._lines(line)
            await self._photos(line, wanted)
            if self._pushed.gone:
                await self._part(line, b"")

    async def _lines(self, line: Line) -> list[str]:
        """Send lines until the hub holds them all; return the photos it wants."""
        is_known = self._head is not None and log.holds(self._site, self._head)
        have = [self._head] if self._head is not None and is_known else None
        for _attempt in range(_TRIES):
            if have is None:
                self._head = None
                have = _points(await self._part(line, b""))
            reply, end = await self._send_after(line, have)
            self._head = next(iter(_points(reply)), None)
            if self._head is not None and self._head == end:
                self._pushed.is_end = True
                return _wanted(reply)
            # It holds something else than we thought: we ask for all its places, once more.
            have = None
        raise Unreachable(
            Reason.FAILED,
            _(
                "Kominfo menerima kiriman tetapi belum menyimpannya. Dicoba lagi nanti; bila tetap "
                "begini, hubungi petugasnya."
            ),
        )

    async def _send_after(self, line: Line, have: list[Point]) -> tuple[dict[str, Any], Point]:
        """Send part after part; return the last answer, and the place up to which we have said."""
        while True:
            found = self._page(have)
            reply = await self._part(line, found.body if found.n else b"")
            self._pushed.lines += found.n
            if not found.more:
                return reply, found.end
            # What was answered is on the hub's disk, so its word is needed at the end only.
            have = [found.end]

    def _page(self, have: list[Point]) -> Page:
        """Return what comes after the newest of `have`; from the start when none is known."""
        try:
            return page(self._site, have, max_bytes=self._part_bytes)
        except UnknownPoints:
            return page(self._site, (), max_bytes=self._part_bytes)

    async def _part(self, line: Line, lines: bytes) -> dict[str, Any]:
        """Send one part, smaller ones while the line breaks; return what the hub says."""
        born, n = receipts.place(self._site, self._hub.site)
        headers = {
            "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip",
            "Desa-Receipts": f"{born}.{n}",
        }  # fmt: skip
        if self._head is not None:
            headers["Desa-Head"] = self._head.hash
        if self._pushed.gone:
            headers["Desa-Gone"] = ",".join(self._pushed.gone)
        body = gzip.compress(lines, 6, mtime=0) if lines else b""
        if not lines:
            del headers["Content-Encoding"]
        reply = hubline.as_object(await self._timed(line, "POST", "push", body, headers))
        self._heed(reply)
        self._tell({"event": "part", "bytes": len(body)})
        self._pushed.size_bytes += len(body)
        self._remember(reply)
        return reply

    async def _timed(
        self, line: Line, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Send, and let the size of the next part follow how long this one took."""
        clock = self._site.clock
        began_s = clock.monotonic_s()
        try:
            answer = await line.send(method, path, body, headers)
        except Unreachable as error:
            if error.reason in (Reason.CUT, Reason.SLOW):
                self._resize(self._part_bytes // 2)
            raise
        took_s = clock.monotonic_s() - began_s
        if took_s > _SLOW_S:
            self._resize(self._part_bytes // 2)
        elif took_s < _QUICK_S and len(body) * 8 > self._part_bytes:
            self._resize(self._part_bytes * 2)
        return answer

    def _resize(self, size_bytes: int) -> None:
        size_bytes = min(max(size_bytes, SMALLEST_BYTES), LARGEST_BYTES)
        if size_bytes != self._part_bytes:
            self._part_bytes = size_bytes
            hubs.store(self._site, self._hub.site, part_bytes=size_bytes)

    def _heed(self, reply: dict[str, Any]) -> None:
        """Take in receipts; stop where the hub says that something is wrong."""
        letter = reply.get("receipts")
        if isinstance(letter, str) and letter:
            taken = receipts.take(self._site, self._hub.site, letter.encode())
            self._pushed.receipts += taken.new
        problem = reply.get("problem")
        if isinstance(problem, dict):
            message = problem.get("message")
            said = " ".join(str(message).split())[:400]
            raise Tampered(_("Kominfo menolak: {sentence}").format(sentence=said))

    def _remember(self, reply: dict[str, Any]) -> None:
        points = _points(reply)
        if points and log.holds(self._site, points[0]):
            head = f"{points[0].epoch} {points[0].seq} {points[0].hash}"
            hubs.store(self._site, self._hub.site, head=head)

    async def _photos(self, line: Line, wanted: list[str]) -> None:
        """Send the photos that the hub wants and we have."""
        # Nothing is given away but what the log holds public now.
        named = NamedMedia(self._site)
        self._pushed.photos_left = len(wanted)
        for digest in wanted:
            path = masters.path_of(self._site, digest)
            is_public = named.standing(digest) is Standing.PUBLIC
            if not is_public or not path.exists():
                self._pushed.gone.append(digest)
            else:
                await self._photo(line, digest, path)
                self._pushed.photos += 1
                self._tell({"event": "photo", "sha256": digest})
            self._pushed.photos_left -= 1

    async def _photo(self, line: Line, digest: str, path: Path) -> None:
        """Send one photo by tus 1.0; goes on where the hub stands, as often as it gets further."""
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._upload(line, digest, path)
            except HubRefused as refusal:
                # It came another way, or its last piece arrived and only the answer got lost.
                if refusal.hub_code == "sudah-ditarik":
                    return None
                if refusal.hub_code not in _BEGIN_ANEW or attempt == _TRIES:
                    raise

    async def _upload(self, line: Line, digest: str, path: Path) -> None:
        size = path.stat().st_size
        name = base64.b64encode(digest.encode()).decode()
        headers = {**_TUS, "Upload-Length": str(size), "Upload-Metadata": f"sha256 {name}"}
        made = await line.send("POST", "uploads", b"", headers)
        place, offset, idle = _upload_path(made), _offset(made), 0
        while offset < size:
            piece = _piece(path, offset, self._part_bytes)
            try:
                offset = await self._append(line, place, offset, piece)
                idle = 0
            except Unreachable as error:
                idle += 1
                if error.reason not in (Reason.CUT, Reason.SLOW) or idle >= _TRIES:
                    raise
                now = _offset(await line.send("HEAD", place, b"", _TUS))
                idle = 0 if now > offset else idle
                offset = now

    async def _append(self, line: Line, place: str, offset: int, piece: bytes) -> int:
        checksum = base64.b64encode(sha256(piece).digest()).decode()
        headers = {
            **_TUS, "Upload-Offset": str(offset), "Upload-Checksum": f"sha256 {checksum}",
            "Content-Type": "application/offset+octet-stream",
        }  # fmt: skip
        answer = await self._timed(line, "PATCH", place, piece, headers)
        self._pushed.size_bytes += len(piece)
        now = _offset(answer)
        if now <= offset:
            raise Unreachable(Reason.STRANGER)
        return now


def _points(reply: Mapping[str, Any]) -> list[Point]:
    have = reply.get("have")
    found = [p for p in have if is_point(p)] if isinstance(have, list) else []
    return [Point(p[0], p[1], p[2]) for p in found[:64]]


def _wanted(reply: Mapping[str, Any]) -> list[str]:
    want = reply.get("want")
    found = [digest for digest in want if is_hash(digest)] if isinstance(want, list) else []
    return list(dict.fromkeys(found))[:_MAX_PHOTOS]


def _upload_path(made: Answer) -> str:
    location = made.headers.get("Location", "")
    _before, found, upload_id = location.partition("/sync/v1/uploads/")
    if not found or not upload_id or not upload_id.replace("-", "").replace("_", "").isalnum():
        raise Unreachable(Reason.STRANGER)
    return f"uploads/{upload_id}"


def _offset(answer: Answer) -> int:
    text = answer.headers.get("Upload-Offset", "")
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise Unreachable(Reason.STRANGER)
    return int(text)


def _piece(path: Path, offset: int, size_bytes: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(size_bytes)


def _point(text: str) -> Point | None:
    epoch, _space, rest = text.partition(" ")
    seq, _space, digest = rest.partition(" ")
    if not seq.isdigit() or not is_point([epoch, int(seq), digest]):
        return None
    return Point(epoch, int(seq), digest)


def _failed(site: Site, hub: Hub, error: DesaError) -> None:
    """Note why, and when to try again: after 30 seconds, then twice as long, up to an hour."""
    now_ms = site.clock.now_ms()
    failures = hub.failures + 1
    wait_s = min(_FIRST_WAIT_S << min(failures - 1, 20), _LONGEST_WAIT_S)
    wait_s = max(wait_s, int(getattr(error, "retry_after_s", 0) or 0))
    reason = getattr(error, "reason", None) or getattr(error, "hub_code", "") or error.code
    values: dict[str, object] = {
        "tried_at": now_ms, "failures": failures, "next_at": now_ms + wait_s * 1000,
        "error_code": str(reason), "error": error.message[:500],
    }  # fmt: skip
    if isinstance(error, HubRefused) and error.hub_code == "belum-tersambung":
        if hub.sent_at is None:
            # Paired by files: the reply is still on its way to the officer.
            values["error"] = _("Petugas belum membaca balasan desa, jadi belum ada yang terkirim.")
        else:
            values |= {"state": State.ENDED.value, "token": ""}
    hubs.store(site, hub.site, **values)


def _went_well(site: Site, hub: Hub, pushed: Pushed) -> None:
    now_ms = site.clock.now_ms()
    hubs.store(
        site, hub.site, tried_at=now_ms, sent_at=now_ms, failures=0, error="", error_code="",
        next_at=now_ms + _POLL_S * 1000,
    )  # fmt: skip


def _nobody(_event: dict[str, Any]) -> None:
    """Hear what nobody asked for."""
