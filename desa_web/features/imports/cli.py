"""`desa import …`: read the arguments, open the source, hand its texts to the service, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from desa_web.core.console import Console
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desa_web.core.actor import Actor
    from desa_web.features.imports.item import Done, Item

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


class Source(Protocol):
    """What every kind of source offers once it is open."""

    @property
    def source(self) -> str: ...

    def items(self) -> Iterable[Item]: ...

    def paths(self) -> list[tuple[str, str]]: ...


@click.group(
    "import",
    epilog="Contoh:  desa import wordpress situs.xml --media uploads/ --dry-run   ·   "
    "desa import opensid opensid.sql.gz --media desa/upload",
)
def import_() -> None:
    """Pindahan: bawa berita, halaman, dan foto dari situs lama. Aman diulang."""


def _shared(command: Callable[..., int]) -> Callable[..., int]:
    dry = click.option("--dry-run", is_flag=True, help="Hanya laporkan, jangan ubah apa pun.")
    folder = click.option("--media", type=_FOLDER, help="Folder foto situs lama.")
    return dry(folder(command))


@import_.command(epilog="Contoh:  desa import wordpress situs.xml --media uploads")
@click.argument("file", type=_FILE)
@click.option("--type", "types", multiple=True, help="Jenis tulisan lain yang ikut sebagai berita.")
@_shared
@click.pass_obj
def wordpress(
    console: Console, file: Path, types: tuple[str, ...], media: Path | None, dry_run: bool
) -> int:
    """Dari berkas ekspor WordPress (BERKAS .xml). Tanpa --media foto diunduh dari situs lama."""
    from desa_web.features.imports import wordpress as source

    with console.actor() as actor:
        export = source.open_export(file, _zone(actor), types)
        return _run(console, actor, export, media, fetches=media is None, is_dry_run=dry_run)


@import_.command(epilog="Contoh:  desa import opensid opensid.sql.gz --media desa/upload")
@click.argument("file", type=_FILE)
@_shared
@click.pass_obj
def opensid(console: Console, file: Path, media: Path | None, dry_run: bool) -> int:
    """Dari basis data OpenSID (BERKAS .sql atau .sql.gz); --media menunjuk folder desa/upload."""
    from desa_web.features.imports import opensid as source

    with console.actor() as actor:
        dump = source.open_dump(file, _zone(actor))
        return _run(console, actor, dump, media, fetches=False, is_dry_run=dry_run)


@import_.command(epilog="Contoh:  desa import feed https://lama.desa.id/feed --dry-run")
@click.argument("address")
@_shared
@click.pass_obj
def feed(console: Console, address: str, media: Path | None, dry_run: bool) -> int:
    """Dari feed situs lama: ALAMAT https://… atau nama berkas RSS, Atom, JSON Feed."""
    from desa_web.features.imports import feed as source

    with console.actor() as actor, source.opened(actor, address) as found:
        return _run(console, actor, found, media, fetches=True, is_dry_run=dry_run)


def _zone(actor: Actor) -> Any:
    from desa_web.core import settings
    from desa_web.core.clock import zone

    return zone(settings.read(actor.site)["time_zone"])


def _run(
    console: Console,
    actor: Actor,
    source: Source,
    media: Path | None,
    *,
    fetches: bool,
    is_dry_run: bool,
) -> int:
    """Bring everything in, tell of each text or show a bar, and report at the end."""
    from desa_web.core.disk import locked
    from desa_web.features.imports import service
    from desa_web.features.imports.item import Outcome
    from desa_web.features.imports.photos import photos
    from desa_web.features.imports.report import Report

    report = Report(is_dry_run)
    busy = _("Impor lain sedang berjalan di situs ini. Tunggu sampai selesai, lalu coba lagi.")
    with (
        locked(actor.site.path / "data" / "import.lock", busy),
        photos(actor, source.source, media, fetches=fetches, is_dry_run=is_dry_run) as pictures,
        _shown(console) as show,
    ):
        for done in service.run(
            actor, source.source, source.items(), pictures, is_dry_run=is_dry_run
        ):
            report.add(done)
            show(done)
        report.photos = pictures.count
        if not is_dry_run:
            service.keep_paths(actor, source.paths())
            pictures.remember()
    if console.is_json:
        console.event(report.record(), "")
    else:
        for line in report.lines():
            console.line(line)
    return 1 if report.number(Outcome.REFUSED) else 0


@contextmanager
def _shown(console: Console) -> Iterator[Callable[[Done], None]]:
    """Give what tells of one text: an event with --json, a line on a terminal, else nothing."""
    if console.is_json:
        yield lambda done: console.event(_record(done), "")
        return
    count = 0
    with console.moving_line() as write:

        def show(done: Done) -> None:
            nonlocal count
            count += 1
            # How many there will be is known when the last one was read.
            write(f"{_('Pindahan')}  {count}  {done.title[:60]}")

        yield show


def _record(done: Done) -> dict[str, object]:
    return {
        "event": "item",
        "key": done.key,
        "kind": done.kind.value,
        "title": done.title,
        "outcome": done.outcome.value,
        "id": done.object_id,
        "address": done.address,
        "photos": done.photos,
        "notes": [str(note) for note in done.notes],
    }
