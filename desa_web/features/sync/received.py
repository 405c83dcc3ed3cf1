"""What this site has received of other sites, for the command line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from desa_web.core.clock import as_utc
from desa_web.core.i18n import _
from desa_web.core.registry import Feature, adapters
from desa_web.core.site import Site
from desa_web.engines.sync import Problem
from desa_web.engines.sync.shelf import Shelf, Source


@dataclass(frozen=True, slots=True)
class Received:
    """One source: its name, what is public of it, when it went well, and what is wrong.

    site "": a feed of other software. lines counts what was taken of it.
    """

    site: str
    name: str
    epoch: str
    last_seq: int
    articles: int
    lines: int
    last_ok_at: str | None
    problem: str

    def as_record(self) -> dict[str, object]:
        """Return what `desa sync status --json` says of a source; scripts rely on it."""
        return {
            "source": self.name or self.site, "site": self.site, "articles": self.articles,
            "last_seq": self.last_seq, "last_ok_at": self.last_ok_at, "error": self.problem,
            "lines": self.lines, "behind": None, "epoch": self.epoch, "recovery_code": None,
        }  # fmt: skip


_SENTENCES = {
    Problem.NOT_A_LINE: "Data yang datang rusak. Ambil sekali lagi.",
    Problem.OTHER_SITE: "Di alamat ini sekarang ada situs lain. Hubungi desa; bila itu memang desa "
    "yang sama dengan kunci baru: desa hub source trust-again NAMA.",
    Problem.BAD_SIGNATURE: "Tanda tangan tidak cocok; tidak ada yang diterima sesudah baris itu.",
    Problem.FORK: "Dua situs memakai kunci desa ini, mungkin salinan. Hubungi desa: salinannya "
    "menjalankan desa sync home copy. Sesudah itu: desa hub source trust-again NAMA.",
    Problem.RESTARTED: "Desa ini mulai dari awal atau dipulihkan dua kali. Tanyakan ke desa; bila "
    "benar begitu: desa hub source trust-again NAMA.",
    Problem.UNPROVEN_ERASURE: "Ada baris yang dihapus tanpa bukti. Ambil sekali lagi.",
}


def sentence_of(problem: Problem) -> str:
    """Return what a problem means and what to do."""
    return _(_SENTENCES[problem])


def sources(site: Site) -> list[Received]:
    """Return all sources whose news is received here; a hub also knows those that failed yet."""
    shelf = Shelf(site)
    known = {source.site: _received(shelf, source) for source in shelf.sources()}
    told = [one for tell in adapters(_features(), "sources") for one in tell(site, known)]
    named = {one.site for one in told}
    return [*told, *(one for one in known.values() if one.site not in named)]


def _features() -> Iterable[Feature]:
    from desa_web.features import FEATURES

    return FEATURES


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
