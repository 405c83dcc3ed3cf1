"""Between table rows and the frozen views of page.py; the guarded update of a page.

For the service modules of this feature only: nobody else writes pages.
"""

from __future__ import annotations

from typing import Any

from desa_web.core import journal
from desa_web.core.clock import as_utc
from desa_web.core.errors import Conflict, NotFound, StaleVersion
from desa_web.core.i18n import _
from desa_web.core.journal import Change
from desa_web.features.pages.models import PageRevisionRow, PageRow
from desa_web.features.pages.page import Kind, Page, Revision, Text

# Of all pages that show the tree: the pages beside a page, the sitemap.
TREE, MENU = "pages", "menu"


def page_row(page_id: str, *, trashed: bool = False) -> PageRow:
    row = PageRow.get_or_none(PageRow.id == page_id)
    if row is None or (row.trashed_at is not None) != trashed:
        raise NotFound(_("Halaman ini tidak ada, atau sudah dibuang."))
    return row


def as_page(row: PageRow) -> Page:
    return Page(
        id=row.id,
        slug=row.slug,
        parent_id=row.parent_id,
        position=row.position,
        kind=Kind(row.kind),
        version=row.version,
        revision_id=row.revision_id,
        created_at=as_utc(row.created_at),
        updated_at=as_utc(row.updated_at),
        trashed_at=None if row.trashed_at is None else as_utc(row.trashed_at),
    )


def as_revision(row: PageRevisionRow) -> Revision:
    return Revision(
        id=row.id,
        page_id=row.page_id,
        number=row.number,
        author_name=row.author_name,
        created_at=as_utc(row.created_at),
        text=Text(
            title=row.title,
            body=row.body,
            standfirst=row.standfirst,
            lead_photo_id=row.lead_photo_id or "",
        ),
        digest=row.digest,
    )


def text_columns(text: Text) -> dict[str, Any]:
    """Return the columns of a revision that hold `text`, its digest included."""
    columns = {
        "title": text.title,
        "standfirst": text.standfirst,
        "lead_photo_id": text.lead_photo_id or None,
        "body": text.body,
    }
    return {**columns, "digest": journal.digest(columns)}


def revision_digest(row: PageRevisionRow) -> str:
    """Return what `digest` must be for the text that stands in the row now."""
    names = ("title", "standfirst", "lead_photo_id", "body")
    return journal.digest({name: getattr(row, name) for name in names})


def update(row: PageRow, change: Change, **values: Any) -> None:
    """Change the row only if nobody was faster: UPDATE … WHERE id AND version."""
    values |= {"version": row.version + 1, "updated_at": change.at_ms}
    same = (PageRow.id == row.id) & (PageRow.version == row.version)
    if not PageRow.update(**values).where(same).execute():
        raise Conflict(_("Orang lain baru saja mengubah halaman ini. Muat ulang, lalu ulangi."))
    for name, value in values.items():
        setattr(row, name, value)


def expect_version(row: PageRow, version: int | None) -> None:
    """Raise StaleVersion when the caller looked at an older version than the newest."""
    if version is not None and version != row.version:
        raise StaleVersion(
            _("Halaman ini sudah diubah orang lain sejak Anda membukanya. Lihat perubahannya."),
            version=row.version,
        )


def record(change: Change, row: PageRow, op: str, *, keys: set[str], note: str = "") -> None:
    """Write the journal row of a page: its revision, keys, canonical state."""
    change.record(
        "page",
        row.id,
        op,
        revision=row.revision_id,
        keys={f"page:{row.id}", *keys},
        digest=state_digest(row),
        note=note,
    )


def state_digest(row: PageRow) -> str:
    """Return the sha256 of what the page is, text included: `desa doctor` compares it."""
    text = PageRevisionRow.get_or_none(PageRevisionRow.id == row.revision_id)
    return journal.digest(
        {
            "id": row.id,
            "slug": row.slug,
            "parent": row.parent_id,
            "position": row.position,
            "kind": row.kind,
            "text": text.digest if text else None,
            "trashed": row.trashed_at is not None,
        }
    )
