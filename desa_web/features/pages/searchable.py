"""What readers can search of the standing pages (adapter "searchable")."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from markupsafe import Markup, escape

from desa_web.core import html
from desa_web.core.errors import NotFound
from desa_web.core.journal import Row
from desa_web.core.site import Site
from desa_web.engines.search import Document
from desa_web.features.media import service as media
from desa_web.features.media.pictures import pictures
from desa_web.features.media.uses import uses
from desa_web.features.pages import queries
from desa_web.features.pages.page import Page, Revision
from desa_web.web.context_parts import Hit

labels: Mapping[str, str] = {"page": "Halaman"}


def touched(site: Site, rows: Sequence[Row]) -> Collection[str]:
    """Return the pages of these rows, and those that show a photo whose words changed."""
    found = {row.object_id for row in rows if row.kind == "page"}
    photos = {row.object_id for row in rows if row.kind == "media" and row.op != "add"}
    if photos:
        known = uses(site)
        found |= {u.object_id for p in photos for u in known.of(p) if u.kind == "page"}
    return found


def documents(site: Site, ids: Collection[str] | None) -> Iterator[Document]:
    """Yield the pages among `ids` as documents, all of them for None."""
    for page, revision in _live(site, ids):
        text = revision.text
        photos = [i for i in (text.lead_photo_id, *media.photo_ids(text.body)) if i]
        captions = [p.caption for p in media.photos(photos).values() if not p.is_private]
        yield Document(
            kind="page",
            id=page.id,
            url=page.url,
            title=text.title,
            body="\n".join(part for part in (text.standfirst, html.plain_text(text.body)) if part),
            extra="\n".join(caption for caption in captions if caption),
        )


def hits(site: Site, ids: Collection[str]) -> Mapping[str, Hit]:
    """Return the pages among `ids` as they are shown now."""
    found = list(_live(site, ids))
    shown = pictures(site, [r.text.lead_photo_id for _page, r in found if r.text.lead_photo_id])
    return {
        page.id: Hit(
            title=escape(revision.text.title),
            snippet=Markup(),
            url=page.url,
            picture=shown.get(revision.text.lead_photo_id),
        )
        for page, revision in found
    }


def file_links(site: Site) -> Iterator[str]:
    """Yield the texts of all pages: the media feature looks for links to its files in them."""
    for _page, revision in _live(site, None):
        if "/media/" in revision.text.body:
            yield revision.text.body


def _live(site: Site, ids: Collection[str] | None) -> Iterator[tuple[Page, Revision]]:
    for page_id in [node.id for node in queries.tree(site)] if ids is None else ids:
        try:
            yield queries.get(page_id)
        except NotFound:
            continue  # In the trash, or gone.
