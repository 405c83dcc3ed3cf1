"""Checks of the ground itself: database, journal, clock, disk, worker, private files."""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core import db, follow, journal, migrate
from desa_web.core.checks import Check, Finding, Level
from desa_web.core.disk import free_bytes
from desa_web.core.i18n import _
from desa_web.core.site import Site

_WORKER_SILENT_S = 180.0


def database(site: Site) -> Iterator[Finding]:
    """Is every page of the database readable, and its schema this program's?"""
    subject = _("Basis data")
    if not migrate.is_current(site.database):
        yield Finding(subject, Level.BAD, _("Data perlu diperbarui. Jalankan: desa upgrade"))
        return
    if db.is_read_only(site.database):
        yield Finding(subject, Level.WARNING, _("Hanya bisa dibaca. Periksa disk dan izin folder."))
    if db.is_sqlite(site.database):
        problems = [row[0] for row in db.execute(site.database, "PRAGMA integrity_check(5)")]
        if problems != ["ok"]:
            sentence = _("Rusak: {what}. Pulihkan dari cadangan: desa backup restore").format(
                what="; ".join(problems)
            )
            yield Finding(subject, Level.BAD, sentence)
            return
        if db.execute(site.database, "PRAGMA foreign_key_check").fetchone() is not None:
            yield Finding(subject, Level.BAD, _("Ada baris yang menunjuk ke baris yang hilang."))
            return
    yield Finding(subject, Level.GOOD, _("Utuh dan terbaca."))


def journal_whole(site: Site) -> Iterator[Finding]:
    """Does the journal run 1, 2, 3 … to its head without a hole?"""
    subject = _("Jurnal")
    head = journal.head(site).seq
    sql = "SELECT count(*), coalesce(min(seq), 1), coalesce(max(seq), 0) FROM journal"
    rows, first, last = db.execute(site.database, sql).fetchone()
    if (rows, first, last) == (head, 1, head):
        yield Finding(subject, Level.GOOD, _("{n} perubahan, berurutan.").format(n=rows))
        return
    yield Finding(
        subject,
        Level.BAD,
        _(
            "Ada catatan yang hilang atau berlebih ({rows} baris, ujung {head}). Data diubah "
            "tanpa lewat program; bandingkan dengan cadangan: desa backup verify"
        ).format(rows=rows, head=head),
    )


def clock(site: Site) -> Iterator[Finding]:
    """Can the clock be right?"""
    doubt = journal.clock_doubt(site)
    if doubt is None:
        yield Finding(_("Jam"), Level.GOOD, _("Masuk akal."))
    else:
        yield Finding(_("Jam"), Level.WARNING, doubt)


def disk(site: Site) -> Iterator[Finding]:
    """Is there room, and can it be written?"""
    free_mb = free_bytes(site.path) >> 20
    reserve_mb = site.config.number("free_space_reserve_mb")
    if free_mb < reserve_mb:
        sentence = _("Tinggal {n} MB. Kosongkan ruang (lihat Bantuan: Ruang server penuh).")
        yield Finding(_("Ruang"), Level.BAD, sentence.format(n=free_mb))
    elif free_mb < 4 * reserve_mb:
        sentence = _("Tinggal {n} MB. Kosongkan ruang sebelum penuh.")
        yield Finding(_("Ruang"), Level.WARNING, sentence.format(n=free_mb))
    else:
        yield Finding(_("Ruang"), Level.GOOD, _("Sisa {n} MB.").format(n=free_mb))


def worker(site: Site) -> Iterator[Finding]:
    """Is somebody following the journal?"""
    age_s = follow.beat_age_s(site)
    if age_s is not None and age_s < _WORKER_SILENT_S:
        yield Finding(_("Pengikut"), Level.GOOD, _("Bekerja."))
        return
    yield Finding(
        _("Pengikut"),
        Level.WARNING,
        _("Tidak ada yang bekerja. Jalankan situs (desa serve) atau: desa follow"),
    )


def private_files(site: Site) -> Iterator[Finding]:
    """Are the keys closed to other users of the machine?"""
    keys = site.data / "keys"
    open_ones = [
        path.name
        for path in (keys, *keys.glob("*"))
        if path.exists() and path.stat().st_mode & 0o077
    ]
    if not open_ones:
        yield Finding(_("Kunci"), Level.GOOD, _("Tertutup bagi pengguna lain."))
        return
    sentence = _("Bisa dibaca orang lain: {names}. Jalankan: chmod -R go= {path}").format(
        names=", ".join(open_ones), path=keys
    )
    yield Finding(_("Kunci"), Level.BAD, sentence)


CHECKS: tuple[Check, ...] = (database, journal_whole, clock, disk, worker, private_files)
