"""Bundles of this site: news and photos for a stick, and taking in what a stick brings.

Received lines go into the database, received photos beside it in media/kiriman, both verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from html import escape
from itertools import chain
from pathlib import Path

from desa_web.core import settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc, zone
from desa_web.core.disk import locked, sync_folder, write_atomic
from desa_web.core.errors import DesaError, DiskFull, InvalidInput, ReadOnly, storage_error
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.core.site import Site
from desa_web.engines.sync import Problem, Receiver, bundle, log
from desa_web.engines.sync.errors import NotStored, Tampered
from desa_web.engines.sync.line import Trailer
from desa_web.features.media import masters
from desa_web.features.sync.received import sentence_of

RECEIVED = "kiriman"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bundle brought: new lines, lines that wait for a predecessor, new photos."""

    site: str
    accepted: int
    known: int
    waiting: int
    photos: int
    missing_photos: int


def create(actor: Actor, folder: Path) -> list[Path]:
    """Write the site's whole log and its photos into `folder`; return the files."""
    actor.require(Permission.MANAGE_SITE)
    site = actor.site
    if not folder.is_dir():
        raise InvalidInput(_("Folder {folder} tidak ada.").format(folder=folder))
    values = settings.read(site)
    now = as_utc(site.clock.now_ms()).astimezone(zone(values["time_zone"]))
    name = f"{slugify(values.full_name, fallback='desa')}-{now:%Y%m%d-%H%M}"
    with _stored():
        return bundle.create(
            site, folder, lambda digest: _master(site, digest), name=name, at=now,
            readme=_readme(values.full_name),
        )  # fmt: skip


def take(actor: Actor, file: Path) -> Taken:
    """Take in a bundle of another site; twice changes nothing.

    Raises Tampered (signature, fork), Damaged, NotFound, Busy, NotStored.
    """
    actor.require(Permission.MANAGE_SITE)
    site = actor.site
    sentence = _("Penerimaan lain sedang berjalan. Tunggu sampai selesai, lalu ulangi.")
    with locked(site.data / "sync.lock", sentence), _stored():
        found = bundle.check(file)
        own = log.head(site)
        if own is not None and own.site == found.site:
            raise InvalidInput(_("Ini kiriman situs ini sendiri, jadi tidak ada yang diterima."))
        counts = _take_lines(site, found)
        photos = sum(_take_photo(site, found, digest) for digest in found.media)
        missing = sum(not received_path(site, digest).exists() for digest in found.missing)
    return Taken(found.site, *counts, photos, missing)


def received_path(site: Site, digest: str) -> Path:
    """Return where a received photo lies."""
    return site.media / RECEIVED / digest[:2] / digest


def _master(site: Site, digest: str) -> Path | None:
    path = masters.path_of(site, digest)
    return path if path.exists() else None


def _take_lines(site: Site, found: bundle.Bundle) -> tuple[int, int, int]:
    """Receive the lines piece by piece; return how many were new, known, and wait."""
    receiver = Receiver(site)
    accepted = known = waiting = 0
    with closing(bundle.changes(found)) as pieces:
        # The manifest has proven that these are all lines, so we announce the end ourselves.
        for piece in chain(pieces, [Trailer(0, False).wire()]):
            outcome = receiver.receive(found.site, piece)
            accepted += len(outcome.accepted)
            known += outcome.duplicates
            waiting += outcome.parked
            if outcome.problem is not None:
                raise _refused(outcome.problem)
    return accepted, known, waiting


def _take_photo(site: Site, found: bundle.Bundle, digest: str) -> bool:
    """Keep one photo of the bundle; False when it is here already."""
    target = received_path(site, digest)
    if target.exists():
        return False
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(target.parent.parent)
    with bundle.media(found, digest) as blocks:
        write_atomic(target, b"".join(blocks))
    return True


def _refused(problem: Problem) -> Tampered:
    return Tampered(sentence_of(problem), problem=problem.value)


@contextmanager
def _stored() -> Iterator[None]:
    """Let a full or read-only disk end with the exit code that scripts of sync know."""
    try:
        yield
    except (DiskFull, ReadOnly, OSError) as error:
        known = error if isinstance(error, DesaError) else storage_error(error)
        if known is None:
            raise
        raise NotStored(known.message) from error


def _readme(name: str) -> str:
    lines = (
        _("Berkas ini berisi berita dan foto dari {name}, bertanda tangan.").format(name=name),
        _("Serahkan ke Kominfo, atau buka di komputer yang memasang desa-web dengan:"),
    )
    return (
        '<!DOCTYPE html><html lang="id"><meta charset="utf-8">'
        f"<title>{escape(name)}</title><h1>{escape(name)}</h1>"
        f"<p>{escape(lines[0])}</p><p>{escape(lines[1])}</p>"
        "<pre>desa sync bundle import BERKAS.desa</pre></html>\n"
    )
