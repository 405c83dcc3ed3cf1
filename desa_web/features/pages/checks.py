"""Health of pages: texts that changed behind the program's back, menu items that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core import db
from desa_web.core.checks import Finding, Level
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.pages import menu, rows
from desa_web.features.pages.models import PageRevisionRow, PageRow, PageSlugRow

_NEWEST = (
    "SELECT j.object_id, j.digest FROM journal j JOIN (SELECT object_id, max(seq) AS seq "
    "FROM journal WHERE kind = ? GROUP BY object_id) m ON m.seq = j.seq"
)


def texts(site: Site) -> Iterator[Finding]:
    """Compare every text with its own digest, pages and menu with their newest journal row."""
    changed = [
        revision.title
        for revision in PageRevisionRow.select().iterator()
        if rows.revision_digest(revision) != revision.digest
    ]
    known = dict(db.execute(site.database, _NEWEST, "page").fetchall())
    changed += [
        row.slug
        for row in PageRow.select().iterator()
        if known.get(row.id) != rows.state_digest(row)
    ]
    menus = dict(db.execute(site.database, _NEWEST, "menu").fetchall())
    if menus and menus["site"] != menu.state_digest(site):
        changed.append(_("Menu"))
    sentence = _(
        "“{name}” berubah tanpa lewat program. Bandingkan dengan cadangan, lalu simpan ulang."
    )
    for name in changed:
        yield Finding("halaman", Level.BAD, sentence.format(name=name))
    if not changed:
        yield Finding("halaman", Level.GOOD, _("Semua halaman sama dengan yang disimpan."))


def ways(site: Site) -> Iterator[Finding]:
    """Does every menu item that names a page's address lead to one?"""
    lost = []
    for item in (i for top in menu.items(site) for i in (top, *top.children)):
        slug = item.path.removeprefix("/halaman/") if item.path.startswith("/halaman/") else ""
        if slug and not PageSlugRow.select().where(PageSlugRow.slug == slug).exists():
            lost.append(item.title)
    if not lost:
        yield Finding("menu", Level.GOOD, _("Semua butir menu ada halamannya."))
        return
    sentence = _("Butir menu ini tidak ada halamannya: {names}. Ubah di Halaman & menu.")
    yield Finding("menu", Level.WARNING, sentence.format(names=", ".join(lost)))


CHECKS = (texts, ways)
