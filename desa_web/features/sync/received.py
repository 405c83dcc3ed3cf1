"""What this site has received of other sites, for the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass

from desa_web.core.clock import as_utc
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import Problem
from desa_web.engines.sync.shelf import Shelf, Source


@dataclass(frozen=True, slots=True)
class Received:
    """One source: its name as it says itself, what is public of it, and what is wrong."""

    site: str
    name: str
    epoch: str
    last_seq: int
    articles: int
    lines: int
    last_ok_at: str | None
    problem: str


_SENTENCES = {
    Problem.NOT_A_LINE: "Data yang datang rusak. Ambil sekali lagi.",
    Problem.OTHER_SITE: "Data yang datang milik situs lain. Periksa alamat sumber.",
    Problem.BAD_SIGNATURE: "Tanda tangan tidak cocok; tidak ada yang diterima sesudah baris itu.",
    Problem.FORK: "Dua situs memakai kunci desa ini. Hubungi desa sebelum menerima lagi.",
    Problem.RESTARTED: "Desa ini mulai dari awal atau dipulihkan dua kali. Ambil langsung dari "
    "situsnya, atau sambungkan lagi bersama petugas desa.",
    Problem.UNPROVEN_ERASURE: "Ada baris yang dihapus tanpa bukti. Ambil sekali lagi.",
}


def sentence_of(problem: Problem) -> str:
    """Return what a problem means and what to do."""
    return _(_SENTENCES[problem])


def sources(site: Site) -> list[Received]:
    """Return all sources whose lines were received here."""
    shelf = Shelf(site)
    return [_received(shelf, source) for source in shelf.sources()]


def _received(shelf: Shelf, source: Source) -> Received:
    held = shelf.newest_of(source.site, "profile", "site")
    name = json.loads(held.body or "{}").get("name", "") if held is not None else ""
    return Received(
        site=source.site,
        name=name if isinstance(name, str) else "",
        epoch=source.head.epoch,
        last_seq=source.head.seq,
        articles=shelf.public_count(source.site, "article"),
        lines=source.number,
        last_ok_at=as_utc(source.ok_at_ms).isoformat() if source.ok_at_ms else None,
        problem=sentence_of(Problem(source.problem)) if source.problem else "",
    )
