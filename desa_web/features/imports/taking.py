"""One text of a source as an article, a page or an album of ours; pictures first, then the text.

Called by service.py inside its transaction; the texts go through the services of news and pages
as everybody's do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from desa_web.core import html
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import Conflict
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.features.imports.body import (
    body_of,
    has_script,
    left_behind,
    with_documents,
    with_films,
)
from desa_web.features.imports.item import NOWHERE, Item, Kind, Picture
from desa_web.features.imports.models import OriginRow
from desa_web.features.imports.notes import Note, Topic
from desa_web.features.imports.old_files import is_upload
from desa_web.features.imports.photos import DRY_ID, Photos
from desa_web.features.media import albums
from desa_web.features.news import article as news_article
from desa_web.features.news import publication, rubrics
from desa_web.features.news import service as news
from desa_web.features.news.article import State
from desa_web.features.news.models import ArticleRow
from desa_web.features.pages import page as pages_page
from desa_web.features.pages import service as pages
from desa_web.features.pages.models import PageRow

_RUBRIC_MAX, _TAG_MAX = 40, 40
# A real picture inside the text; what stands in for a picture that loads later is far smaller.
_EMBEDDED = re.compile(r"src=[\"']data:image/(?:jpe?g|png|webp);base64,[A-Za-z0-9+/=\s]{2000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An item whose pictures are ours now, as far as they could be had.

    shown: ids of the pictures in order; missing: how many could not be had.
    """

    item: Item
    body: str
    lead_id: str
    shown: tuple[str, ...]
    missing: int
    notes: list[Note]

    @property
    def photos(self) -> int:
        return len(self.shown)


@dataclass(frozen=True, slots=True)
class Made:
    """What a text became; revision_id: how it came, "" for an album."""

    object_id: str
    address: str
    revision_id: str


def ready_of(item: Item, photos: Photos) -> Ready:
    """Take the pictures and return the text with them; no transaction may be open."""
    notes = list(item.notes)
    told = {picture.url: picture for picture in item.pictures}
    asked: dict[str, str] = {}

    def photo_of(picture: Picture) -> str:
        more = told.get(picture.url, picture)
        full = Picture(
            picture.url,
            picture.caption or more.caption,
            picture.alt or more.alt,
            picture.credit or more.credit,
        )
        if picture.url not in asked:
            asked[picture.url] = photos.take(full, notes)
        return asked[picture.url]

    lost: list[str] = []

    def document_of(url: str, title: str) -> str | None:
        if not is_upload(url):
            return None
        found = photos.document(url, title, notes)
        if not found:
            lost.append(url)
            # An address that only names a place in the folder leads nowhere.
            return "" if url.startswith(NOWHERE) else None
        return found

    lead_id = photo_of(item.lead) if item.lead else ""
    if item.kind is Kind.ALBUM:
        for picture in item.pictures:
            photo_of(picture)
        body = ""
    else:
        html_here = with_documents(with_films(item.html), item.base_url, document_of)
        body = body_of(html_here, item.base_url, photo_of)
        if _EMBEDDED.search(item.html):
            notes.append(Note(Topic.INLINE))
        notes.extend(Note(Topic.EMBED, name) for name in left_behind(item.html))
        if has_script(item.html):
            notes.append(Note(Topic.SCRIPT))
    shown = tuple(photo_id for photo_id in asked.values() if photo_id)
    return Ready(
        item=item,
        body=body,
        lead_id=lead_id or next(iter(shown), ""),
        shown=shown,
        missing=len(asked) - len(shown) + len(lost),
        notes=notes,
    )


def check(actor: Actor, ready: Ready, wanted_rubrics: set[str]) -> None:
    """Find on a dry run what would be refused, and say which rubrics would be new."""
    item = ready.item
    if item.kind is Kind.ARTICLE:
        name = _rubric_name(item.rubric)
        known = {r.slug for r in rubrics.rubrics()}
        slug = slugify(name, fallback="")
        if slug and slug not in known | wanted_rubrics and actor.may(Permission.MANAGE_SITE):
            wanted_rubrics.add(slug)
            ready.notes.append(Note(Topic.RUBRIC, name))
        text = news_article.checked(_article_text(ready, "", _tags(item, ready.notes)))
        _warn_if_empty(ready, text.body)
    elif item.kind is Kind.PAGE:
        pages_page.checked(_page_text(ready))


def make(actor: Actor, ready: Ready) -> Made:
    """Make the article, page or album. Raises the DesaError of whatever rule stands against it."""
    if ready.item.kind is Kind.ARTICLE:
        return _article(actor, ready)
    if ready.item.kind is Kind.PAGE:
        return _page(actor, ready)
    album = albums.add(actor, _short(ready.item.title or _("Galeri"), 120, ready.notes, _("judul")))
    _fill_album(actor, album.id, ready)
    return Made(album.id, f"/galeri/{album.slug}", "")


def is_untouched(row: OriginRow) -> bool:
    """Return whether what came in is still as it came in."""
    if row.kind == Kind.ARTICLE:
        article = ArticleRow.get_or_none(ArticleRow.id == row.object_id)
        return bool(
            article is not None
            and article.trashed_at is None
            and article.working_revision_id == row.revision_id
            and article.state in (State.DRAFT, State.PUBLISHED)
        )
    if row.kind == Kind.PAGE:
        page = PageRow.get_or_none(PageRow.id == row.object_id)
        return bool(
            page is not None and page.trashed_at is None and page.revision_id == row.revision_id
        )
    return any(album.id == row.object_id for album in albums.albums())


def remake(actor: Actor, object_id: str, ready: Ready) -> str:
    """Put the text with its pictures in the place of the one without; return its revision."""
    if ready.item.kind is Kind.ALBUM:
        _fill_album(actor, object_id, ready)
        return ""
    if ready.item.kind is Kind.PAGE:
        return pages.save(actor, object_id, _page_text(ready)).revision_id
    was_live = ArticleRow.get_by_id(object_id).live_revision_id is not None
    article = news.save(actor, object_id, _text_of(actor, ready)).article
    if was_live and article.state is not State.PUBLISHED:
        article = news.publish_now(actor, object_id)
    return article.working_revision_id


def _text_of(actor: Actor, ready: Ready) -> news_article.Text:
    item = ready.item
    rubric = _rubric(actor, item.rubric)
    named = item if rubric or not item.rubric else replace(item, tags=(item.rubric, *item.tags))
    return news_article.checked(_article_text(ready, rubric, _tags(named, ready.notes)))


def _article(actor: Actor, ready: Ready) -> Made:
    item = ready.item
    text = _text_of(actor, ready)
    made = news.create(actor, text, slug=_free_slug(item.slug), published_at=item.published_at)
    if item.is_published and not _warn_if_empty(ready, text.body):
        made = news.publish_now(actor, made.id)
    return Made(made.id, f"/berita/{made.slug}", made.working_revision_id)


def _article_text(ready: Ready, rubric: str, tags: tuple[str, ...]) -> news_article.Text:
    item, limits = ready.item, (news_article.TITLE_MAX, 320, 120)
    return news_article.Text(
        title=_short(item.title or _("Tanpa judul"), limits[0], ready.notes, _("judul")),
        body=ready.body,
        standfirst=_short(item.standfirst, limits[1], ready.notes, _("ringkasan")),
        byline=_short(item.byline, limits[2], ready.notes, _("nama penulis")),
        rubric=rubric,
        tags=tags,
        lead_photo_id="" if ready.lead_id == DRY_ID else ready.lead_id,
    )


def _warn_if_empty(ready: Ready, body: str) -> bool:
    if ready.item.is_published and not html.plain_text(body).strip() and "data-foto" not in body:
        ready.notes.append(Note(Topic.DRAFT, why=_("isinya kosong")))
        return True
    return False


def _free_slug(slug: str) -> str:
    """Return the old slug if it can be had, "" to let the title decide."""
    wanted = slugify(slug, fallback="")
    if not wanted or wanted.isdigit() or wanted in publication.RESERVED:
        return ""
    return wanted if publication.is_free(wanted, "") else ""


def _page_text(ready: Ready) -> pages_page.Text:
    item = ready.item
    return pages_page.Text(
        title=_short(item.title, pages_page.TITLE_MAX, ready.notes, _("judul")),
        body=ready.body,
        standfirst=_short(item.standfirst, pages_page.STANDFIRST_MAX, ready.notes, _("ringkasan")),
        lead_photo_id="" if ready.lead_id == DRY_ID else ready.lead_id,
    )


def _page(actor: Actor, ready: Ready) -> Made:
    text = _page_text(ready)
    slug = slugify(ready.item.slug, fallback="")
    try:
        made = pages.create(actor, text, slug=slug)
    except Conflict:
        made = pages.create(actor, text)
        ready.notes.append(Note(Topic.RENAMED, f"{slug} → {made.slug}"))
    return Made(made.id, made.url, made.revision_id)


def _fill_album(actor: Actor, album_id: str, ready: Ready) -> None:
    for photo_id in ready.shown:
        albums.set_albums_of(actor, photo_id, sorted({*albums.of_photo(photo_id), album_id}))


def _rubric(actor: Actor, name: str) -> str:
    """Return the rubric of this name, new if need be; "" when there is none to be had."""
    name = _rubric_name(name)
    slug = slugify(name, fallback="")
    if not slug:
        return ""
    known = {r.slug for r in rubrics.rubrics()}
    if slug in known:
        return slug
    return rubrics.add(actor, name).slug if actor.may(Permission.MANAGE_SITE) else ""


def _rubric_name(name: str) -> str:
    return news_article.one_line(name)[:_RUBRIC_MAX].strip()


def _tags(item: Item, notes: list[Note]) -> tuple[str, ...]:
    clean = [news_article.one_line(tag).lstrip("#").strip() for tag in item.tags]
    fitting = list(dict.fromkeys(tag for tag in clean if tag and len(tag) <= _TAG_MAX))
    kept = fitting[: news_article.TAGS_MAX]
    lost = [tag for tag in dict.fromkeys(clean) if tag and tag not in kept]
    if lost:
        notes.extend(Note(Topic.TAGS, tag[:60]) for tag in lost)
    return tuple(kept)


def _short(text: str, limit: int, notes: list[Note], what: str) -> str:
    clean = news_article.one_line(text)
    if len(clean) <= limit:
        return clean
    notes.append(Note(Topic.SHORTENED, what))
    cut = clean.rfind(" ", limit // 2, limit)
    return clean[: cut if cut > 0 else limit - 1].rstrip(" ,.;:") + "…"
