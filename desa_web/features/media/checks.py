"""Health of media: masters that are missing or changed, words changed behind our back, room."""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core import db
from desa_web.core.checks import Finding, Level
from desa_web.core.disk import digest_of
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.media import masters
from desa_web.features.media.housekeeping import orphans
from desa_web.features.media.models import PhotoRow
from desa_web.features.media.photo import state_digest
from desa_web.features.media.renditions import renditions
from desa_web.features.media.space import space


def files(site: Site) -> Iterator[Finding]:
    """Read every master and document and compare it with its name."""
    sql = "SELECT master_sha256, name FROM photo UNION ALL SELECT sha256, name FROM document"
    bad = 0
    for sha256, name in db.execute(site.database, sql).fetchall():
        path = masters.path_of(site, sha256)
        if not path.exists():
            sentence = _("Berkas “{name}” hilang. Pulihkan dari cadangan.")
        elif digest_of(path) != sha256:
            sentence = _("Berkas “{name}” berubah tanpa lewat program. Pulihkan dari cadangan.")
        else:
            continue
        bad += 1
        yield Finding("foto", Level.BAD, sentence.format(name=name))
    if not bad:
        yield Finding("foto", Level.GOOD, _("Semua foto dan dokumen utuh."))


def words(site: Site) -> Iterator[Finding]:
    """Compare what is said about every photo with its newest journal row."""
    newest = (
        "SELECT j.object_id, j.digest FROM journal j JOIN (SELECT object_id, max(seq) AS seq "
        "FROM journal WHERE kind = 'media' GROUP BY object_id) m ON m.seq = j.seq"
    )
    known = dict(db.execute(site.database, newest).fetchall())
    changed = [r.name for r in PhotoRow.select().iterator() if known.get(r.id) != state_digest(r)]
    for name in changed:
        sentence = _(
            "Keterangan foto “{name}” berubah tanpa lewat program. Periksa, lalu simpan ulang."
        )
        yield Finding("foto", Level.BAD, sentence.format(name=name))
    if not changed:
        yield Finding("foto", Level.GOOD, _("Semua keterangan foto sama dengan yang disimpan."))


def pictures(site: Site) -> Iterator[Finding]:
    """Name photos that could not be worked, and say how many are waiting."""
    shelf, waiting = renditions(site), 0
    sql = "SELECT master_sha256, name FROM photo WHERE trashed_at IS NULL"
    for sha256, name in db.execute(site.database, sql).fetchall():
        state = shelf.state(sha256)
        if state is None or not state.is_final:
            waiting += 1
        elif state.reason:
            sentence = _("Foto “{name}” tidak bisa ditampilkan: {why}")
            why = state.sentence
            yield Finding("foto", Level.WARNING, sentence.format(name=name, why=why))
    if waiting:
        sentence = _("{n} foto menunggu diolah. Jalankan `desa serve` atau `desa follow --once`.")
        yield Finding("foto", Level.WARNING, sentence.format(n=waiting))


def room(site: Site) -> Iterator[Finding]:
    """Say when the quota or the disk comes to its end, and what lies around unused."""
    now = space(site)
    used_mb = now.used_bytes >> 20
    if now.is_low:
        sentence = _("Ruang foto hampir habis ({n} MB terpakai). Buang foto yang tidak terpakai.")
        yield Finding("ruang foto", Level.WARNING, sentence.format(n=used_mb))
    else:
        sentence = _("Foto dan dokumen memakai {n} MB.")
        yield Finding("ruang foto", Level.GOOD, sentence.format(n=used_mb))
    found = orphans(site)
    if found:
        sentence = _("{n} berkas tidak dipakai lagi. Bersihkan dengan: desa media gc")
        yield Finding("ruang foto", Level.WARNING, sentence.format(n=len(found)))


CHECKS = (files, words, pictures, room)
