"""What readers can search of news: live articles and announcements (adapter "searchable")."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from markupsafe import Markup, escape

from desa_web.core import html
from desa_web.core.clock import to_ms
from desa_web.core.i18n import _
from desa_web.core.journal import Row
from desa_web.core.site import Site
from desa_web.engines.search import Document
from desa_web.features.media import service as media
from desa_web.features.media.pictures import pictures
from desa_web.features.media.uses import uses
from desa_web.features.news import presentation, queries, rubrics
from desa_web.features.news.article import Kind
from desa_web.web.context_parts import Hit, Link

labels: Mapping[str, str] = {Kind.ARTICLE.value: "Berita", Kind.ANNOUNCEMENT.value: "Pengumuman"}
_NEWEST = 3


def touched(site: Site, rows: Sequence[Row]) -> Collection[str]:
    """Return the articles of these rows, and those that show a photo whose words changed."""
    found = {row.object_id for row in rows if row.kind == "article"}
    photos = {row.object_id for row in rows if row.kind == "media" and row.op != "add"}
    if photos:
        known = uses(site)
        found |= {u.object_id for p in photos for u in known.of(p) if u.kind == "article"}
    return found


def documents(site: Site, ids: Collection[str] | None) -> Iterator[Document]:
    """Yield the live articles among `ids` as documents, all of them for None."""
    for article_id in queries.live_ids(site) if ids is None else ids:
        found = queries.live_by_id(article_id)
        if found is not None:
            yield _document(found)


def hits(site: Site, ids: Collection[str]) -> Mapping[str, Hit]:
    """Return the live articles among `ids` as they are shown now (two queries)."""
    items = queries.live_items(site, ids)
    shown = pictures(site, [item.lead_photo_id for item in items if item.lead_photo_id])
    return {
        item.id: Hit(
            title=escape(item.title),
            snippet=Markup(),
            url=f"/berita/{item.slug}",
            kicker=presentation.rubric_link(item),
            byline=item.byline,
            published_at=item.published_at,
            picture=shown.get(item.lead_photo_id),
        )
        for item in items
    }


def rubric_names(_site: Site) -> Mapping[str, str]:
    return {rubric.slug: rubric.name for rubric in rubrics.rubrics()}


def ways_on(site: Site) -> Sequence[Link]:
    """Return the newest articles, then the rubrics that hold something."""
    newest = queries.published(site, limit=_NEWEST)
    links = [Link(text=item.title, url=f"/berita/{item.slug}") for item in newest]
    for rubric in rubrics.rubrics():
        if queries.published(site, rubric_id=rubric.id, limit=1):
            links.append(Link(text=rubric.name, url=f"/rubrik/{rubric.slug}"))
    return [*links, Link(text=_("Semua berita"), url="/berita/")]


def file_links(site: Site) -> Iterator[str]:
    """Yield the live texts that link to files: the media feature reads the links."""
    return queries.live_bodies_with(site, "/media/")


def _document(found: queries.Live) -> Document:
    article, text = found.article, found.revision.text
    body = " – ".join(part for part in (text.dateline, html.plain_text(text.body)) if part)
    return Document(
        kind=article.kind.value,
        id=article.id,
        url=f"/berita/{article.slug}",
        title=text.title,
        body="\n".join(part for part in (text.standfirst, body) if part),
        tags=text.tags,
        rubric=text.rubric,
        published_at=0 if article.published_at is None else to_ms(article.published_at),
        extra="\n".join(_extra(found)),
    )


def _extra(found: queries.Live) -> Iterable[str]:
    """Yield what stands around the text, as sentences: a snippet may show them."""
    text = found.revision.text
    for sentence, words in (
        (_("Ralat: {words}"), text.correction),
        (_("Penulis: {words}."), text.byline),
        (_("Sumber: {words}."), text.source),
    ):
        if words:
            yield sentence.format(words=words)
    ids = [i for i in (text.lead_photo_id, *media.photo_ids(text.body)) if i]
    if ids:
        for photo in media.photos(ids).values():
            if not photo.is_private:
                yield from (words for words in (photo.caption, photo.credit) if words)
