"""Health of search: is the index whole, and does it keep up with the journal?"""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core import journal
from desa_web.core.checks import Finding, Level
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.search import shelf

_SUBJECT = "pencarian"
_BEHIND = 50


def index(site: Site) -> Iterator[Finding]:
    """Open the index, which verifies its checksums, and compare its cursor with the journal."""
    from desa_web.engines.search import Condition, SearchIndex

    status = SearchIndex(shelf.folder(site)).status()
    head, kept = journal.head(site), shelf.cursor_file(site).read()
    if status.condition is not Condition.READY:
        shelf.ask_for_rebuild(site)
        sentence = _("Indeks pencarian belum ada atau rusak; dibuat ulang saat `desa serve` jalan.")
        yield Finding(_SUBJECT, Level.WARNING, sentence)
    elif kept is None or kept.journal_id != head.journal_id:
        sentence = _("Indeks pencarian akan dibuat ulang saat `desa serve` jalan.")
        yield Finding(_SUBJECT, Level.WARNING, sentence)
    elif head.seq - kept.seq > _BEHIND:
        sentence = _("Pencarian tertinggal {n} perubahan. Jalankan `desa serve`.")
        yield Finding(_SUBJECT, Level.WARNING, sentence.format(n=head.seq - kept.seq))
    else:
        sentence = _("{n} naskah bisa dicari.").format(n=status.documents)
        yield Finding(_SUBJECT, Level.GOOD, sentence)


CHECKS = (index,)
