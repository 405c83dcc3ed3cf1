"""What `desa sync pair`, `push` and `invitation` do, and the exit codes that scripts rely on.

0 sent or nothing new · 1 the hub said no · 3 no way to the hub · 4 security · 5 disk · 75 busy
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from desa_web.core.clock import as_utc
from desa_web.core.console import Console, out_file
from desa_web.core.disk import write_atomic
from desa_web.core.errors import Conflict
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync.client import Unreachable
from desa_web.features.sync import hubs, pairing
from desa_web.features.sync import push as pushing
from desa_web.features.sync.hubs import Hub, State

_ASK_EVERY_S = 3.0


class NoLine(Unreachable):
    """There is no way to the hub now; nothing was changed."""

    code = "tanpa-jalan"
    exit_code = 3


def pair(console: Console, code: str, address: str, *, is_waiting: bool) -> int:
    """Answer the invitation, show the words, and wait for the officer."""
    with console.actor() as actor:
        known = hubs.newest(actor.site)
        if not address and known is not None and code.replace(" ", "").isdigit():
            address = known.address
        with _exit_codes():
            hub = pairing.connect(actor, code, address)
        sentence = _(
            "Bacakan empat kata ini kepada petugas {name}:\n\n  {words}\n\n"
            "Bila sama dengan di layarnya, ia menekan “Sama persis, sambungkan”."
        )
        console.event(
            {"event": "words", "hub": hub.site, "name": hub.name, "words": hub.words.split()},
            sentence.format(name=hub.name, words=hub.words),
        )
        return _wait(console, actor.site, hub) if is_waiting else 0


def push(console: Console) -> None:
    """Send what waits; one event for each part and photo with --json."""
    with console.actor() as actor:
        with _exit_codes(), _progress(console) as tell:
            _require_confirmed(actor.site)
            pushed = pushing.push(actor.site, tell)
        record = {
            "event": "pushed", "lines": pushed.lines, "photos": pushed.photos,
            "photos_left": pushed.photos_left, "receipts": pushed.receipts,
            "bytes": pushed.size_bytes,
        }  # fmt: skip
        sentence = _("Terkirim: {lines} catatan, {photos} foto; {receipts} kabar dari Kominfo.")
        nothing = _("Semua sudah sampai di Kominfo; {receipts} kabar baru dari sana.")
        is_something = pushed.lines or pushed.photos
        console.event(record, (sentence if is_something else nothing).format(**record))


def accept(console: Console, file: Path, output: Path) -> None:
    """Answer an invitation file; write the reply beside, whole or not at all."""
    with console.actor() as actor:
        if output.exists():
            raise Conflict(
                _("{file} sudah ada. Pilih nama lain dengan --output.").format(file=output)
            )
        path = out_file(output)
        reply = pairing.accept(actor, file.read_bytes()[: 64 << 10])
        write_atomic(path, reply, mode=0o600)
        hub = hubs.newest(actor.site)
        words = hub.words if hub else ""
        sentence = _("Bawa {file} kepada petugas, dan bacakan empat kata ini: {words}")
        console.event(
            {"event": "accepted", "file": str(output), "words": words.split()},
            sentence.format(file=output, words=words),
        )


def _require_confirmed(site: Site) -> None:
    """Ask the hub when the officer had still to compare. Raises Conflict while he has not."""
    waits = hubs.current(site)
    if waits is None or waits.state is not State.WAITING:
        return
    hub = pairing.look(site)
    if hub is not None and hub.state is State.WAITING:
        sentence = _(
            "Petugas {name} belum mencocokkan empat kata: {words}. Bacakan kepadanya lewat "
            "telepon, lalu ulangi: desa sync push"
        )
        raise Conflict(sentence.format(name=hub.name, words=hub.words))


def _wait(console: Console, site: Site, hub: Hub) -> int:
    """Ask until an officer has decided or the time is over."""
    while hub.state is State.WAITING and hub.expires_at > as_utc(site.clock.now_ms()):
        time.sleep(_ASK_EVERY_S)
        # A line that is away for a moment is no answer.
        with suppress(Unreachable):
            hub = pairing.look(site) or hub
    is_paired = hub.state is State.PAIRED
    said = _("Tersambung dengan {name}.") if is_paired else _("{name} belum menyambungkan.")
    console.event({"event": hub.state.value, "hub": hub.site}, said.format(name=hub.name))
    return 0 if is_paired else 1


@contextmanager
def _progress(console: Console) -> Iterator[pushing.Tell]:
    """Give what hears of progress: events, or one line of a terminal that is cleared at the end."""
    if console.is_json:
        yield lambda event: console.event(event, "")
        return
    sent = {"bytes": 0, "photos": 0}
    with console.moving_line() as write:

        def tell(event: dict[str, Any]) -> None:
            sent["bytes"] += int(event.get("bytes", 0))
            sent["photos"] += event["event"] == "photo"
            line = _("{kb} KB terkirim, {photos} foto")
            write(line.format(kb=sent["bytes"] // 1024, photos=sent["photos"]))

        yield tell


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Let failures of the way end with the code of SYNC that scripts know."""
    try:
        yield
    except Unreachable as error:
        raise NoLine(error.reason, error.message) from error
