"""Health of news: texts that changed behind the program's back, work that hangs."""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core import db, journal
from desa_web.core.checks import Finding, Level
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.news import rows
from desa_web.features.news.models import ArticleRow, RevisionRow

_LATE_MS = 600_000


def texts(site: Site) -> Iterator[Finding]:
    """Compare every text with its own digest and every article with its newest journal row."""
    changed = 0
    for revision in RevisionRow.select().iterator():
        if rows.revision_digest(revision) != revision.digest:
            changed += 1
            yield _changed(revision.title)
    newest = (
        "SELECT j.object_id, j.digest FROM journal j JOIN (SELECT object_id, max(seq) AS seq "
        "FROM journal WHERE kind = 'article' GROUP BY object_id) m ON m.seq = j.seq"
    )
    known = dict(db.execute(site.database, newest).fetchall())
    for row in ArticleRow.select().iterator():
        if known.get(row.id) != rows.state_digest(row):
            changed += 1
            yield _changed(row.slug)
    if not changed:
        yield Finding("berita", Level.GOOD, _("Semua naskah sama dengan yang disimpan."))


def planned(site: Site) -> Iterator[Finding]:
    """Say when scheduled work is held back by a doubtful clock or a missing worker."""
    doubt = journal.clock_doubt(site)
    if doubt is not None:
        yield Finding("jam", Level.WARNING, doubt)
        return
    sql = "SELECT count(*) FROM due WHERE at < ?"
    late = db.execute(site.database, sql, site.clock.now_ms() - _LATE_MS).fetchone()[0]
    if late:
        sentence = _("{n} pekerjaan terjadwal belum berjalan. Jalankan `desa serve`.")
        yield Finding("jadwal", Level.WARNING, sentence.format(n=late))
    else:
        yield Finding("jadwal", Level.GOOD, _("Tidak ada jadwal yang tertinggal."))


def _changed(name: str) -> Finding:
    sentence = _(
        "“{name}” berubah tanpa lewat program. Bandingkan dengan cadangan, lalu simpan ulang."
    )
    return Finding("berita", Level.BAD, sentence.format(name=name))


CHECKS = (texts, planned)
