"""Reading pages: the tree without texts, one page with its text. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from desa_web.core import db
from desa_web.core.clock import as_utc
from desa_web.core.errors import Gone, NotFound
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.pages import rows
from desa_web.features.pages.models import PageRevisionRow, PageRow, PageSlugRow
from desa_web.features.pages.page import Page, Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One page in the tree, with its title; `depth` 0 is on top."""

    id: str
    slug: str
    parent_id: str | None
    position: int
    title: str
    version: int
    updated_at: datetime
    depth: int = 0

    @property
    def url(self) -> str:
        return f"/halaman/{self.slug}"


@dataclass(frozen=True, slots=True)
class Moved:
    """The address is an old one; the page lives at `slug` now."""

    slug: str
    page_id: str


def tree(site: Site) -> list[Node]:
    """Return all pages, each followed by those under it, in their order (one query)."""
    sql = (
        "SELECT p.id, p.slug, p.parent_id, p.position, r.title, p.version, p.updated_at "
        "FROM page p JOIN page_revision r ON r.id = p.revision_id "
        "WHERE p.trashed_at IS NULL ORDER BY p.position, p.id"
    )
    found = [
        (page_id, slug, parent_id, position, title, version, as_utc(at))
        for page_id, slug, parent_id, position, title, version, at in db.execute(site.database, sql)
    ]
    ids = {values[0] for values in found}

    def under(parent_id: str | None, depth: int) -> Iterator[Node]:
        for page_id, slug, above, position, title, version, at in found:
            # A page whose parent is in the trash stands on top meanwhile.
            if (above if above in ids else None) == parent_id:
                yield Node(
                    id=page_id, slug=slug, parent_id=above, position=position, title=title,
                    version=version, updated_at=at, depth=depth,
                )  # fmt: skip
                yield from under(page_id, depth + 1)

    return list(under(None, 0))


def live(slug: str) -> tuple[Page, Revision] | Moved:
    """Return the page at an address, or where it moved.

    Raises Gone for what was thrown away, NotFound for an address never used.
    """
    row = PageRow.get_or_none((PageRow.slug == slug) & PageRow.trashed_at.is_null())
    if row is not None:
        return rows.as_page(row), _text_of(row)
    known = PageSlugRow.get_or_none(PageSlugRow.slug == slug)
    if known is None:
        raise NotFound(_("Jalan ini buntu, tapi halamannya mungkin hanya pindah."))
    row = PageRow.get_or_none(PageRow.id == known.page_id) if known.page_id else None
    if row is None or row.trashed_at is not None or row.slug == slug:
        raise Gone(_("Halaman ini sudah diturunkan oleh desa."))
    return Moved(row.slug, row.id)


def get(page_id: str, *, trashed: bool = False) -> tuple[Page, Revision]:
    """Return a page with its text. Raises NotFound."""
    row = rows.page_row(page_id, trashed=trashed)
    return rows.as_page(row), _text_of(row)


def find(id_or_slug: str, *, trashed: bool = False) -> Page:
    """Return a page by its id or address (the CLI takes both). Raises NotFound."""
    row = PageRow.get_or_none((PageRow.id == id_or_slug) | (PageRow.slug == id_or_slug))
    return rows.as_page(rows.page_row(row.id if row else id_or_slug, trashed=trashed))


def revisions(page_id: str) -> list[Revision]:
    """Return all kept texts, newest first."""
    query = PageRevisionRow.select().where(PageRevisionRow.page_id == page_id)
    return [rows.as_revision(row) for row in query.order_by(PageRevisionRow.number.desc())]


def revision(page_id: str, revision_id: str) -> Revision:
    row = PageRevisionRow.get_or_none(
        PageRevisionRow.id == revision_id, PageRevisionRow.page_id == page_id
    )
    if row is None:
        raise NotFound(_("Revisi ini tidak ada. Muat ulang daftar revisi."))
    return rows.as_revision(row)


def trash(site: Site) -> list[tuple[Page, str]]:
    """Return what was thrown away with its title, newest first."""
    found = PageRow.select().where(PageRow.trashed_at.is_null(False))
    ordered = list(found.order_by(PageRow.trashed_at.desc(), PageRow.id.desc()))
    return [(rows.as_page(row), _text_of(row).text.title) for row in ordered]


def old_slugs(page: Page) -> list[str]:
    """Return the addresses that lead to this page besides its own."""
    query = PageSlugRow.select().where(
        (PageSlugRow.page_id == page.id) & (PageSlugRow.slug != page.slug)
    )
    return [row.slug for row in query.order_by(PageSlugRow.slug)]


def sitemap(site: Site) -> tuple[list[tuple[str, datetime | None]], set[str]]:
    """Return the paths of all pages with their last change, and the keys they depend on."""
    return [(node.url, node.updated_at) for node in tree(site)], {rows.TREE}


def _text_of(row: PageRow) -> Revision:
    return rows.as_revision(PageRevisionRow.get_by_id(row.revision_id))
