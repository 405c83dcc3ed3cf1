"""Moving in: one text after the other through the services of news, pages and media.

    for done in run(actor, "wordpress:lama.desa.id", items, photos): …

Each text is one transaction with the row that says where it came from: a run that was killed is
simply started again. What is here already is never overwritten, whatever became of it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from desa_web.core import html, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import Conflict, DesaError
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.features.imports import aliases
from desa_web.features.imports.body import body_of
from desa_web.features.imports.item import Done, Item, Kind, Outcome, Picture
from desa_web.features.imports.models import OriginRow
from desa_web.features.imports.photos import Photos
from desa_web.features.media import albums
from desa_web.features.media import service as media
from desa_web.features.news import article as news_article
from desa_web.features.news import publication, rubrics
from desa_web.features.news import service as news
from desa_web.features.pages import page as pages_page
from desa_web.features.pages import service as pages

_RUBRIC_MAX, _TAG_MAX = 40, 40
_MAX_NOTES = 20


@dataclass(frozen=True, slots=True)
class Ready:
    """An item whose text and pictures are ours now."""

    item: Item
    body: str
    lead_id: str
    photos: int
    notes: list[str]


def run(
    actor: Actor, source: str, items: Iterable[Item], photos: Photos, *, is_dry_run: bool = False
) -> Iterator[Done]:
    """Bring in what is not here yet, one result an item. Raises Forbidden before the first.

    A dry run writes nothing and says what a run would say.
    """
    actor.require(Permission.EDIT_ALL)
    actor.require(Permission.PUBLISH)
    seen: set[str] = set()
    wanted_rubrics: set[str] = set()
    for item in items:
        if item.key in seen:
            yield _done(item, Outcome.SKIPPED, [_("sudah ada di berkas yang sama")])
            continue
        seen.add(item.key)
        known = _known(source, item)
        if known is not None:
            yield known
            continue
        try:
            yield _bring(actor, source, item, photos, is_dry_run, wanted_rubrics)
        except DesaError as error:
            yield _done(item, Outcome.REFUSED, [str(error)])


def keep_paths(actor: Actor, paths: Iterable[tuple[str, str]]) -> None:
    """Let old lists and feeds lead to ours; a rubric that does not exist is nobody's target."""
    known = {f"/rubrik/{rubric.slug}" for rubric in rubrics.rubrics()}
    with journal.change(actor) as change:
        for old, path in paths:
            if path in known or not path.startswith("/rubrik/"):
                aliases.keep(change, old, aliases.Kind.PATH, path)


def _known(source: str, item: Item) -> Done | None:
    """Return the result of what is left out or here already."""
    if item.skip:
        return _done(item, Outcome.SKIPPED, [item.skip])
    row = OriginRow.get_or_none(
        OriginRow.source == source, OriginRow.origin_key == _hashed(item.key)
    )
    if row is None:
        here = aliases.targets(item.addresses)
        # Two texts of one source may share an address there; both are wanted.
        own = OriginRow.object_id.in_(sorted(here)) & (OriginRow.source == source)
        if here and not OriginRow.select().where(own).exists():
            note = _("sudah masuk lewat impor lain")
            return replace(_done(item, Outcome.SKIPPED, [note]), object_id=min(here))
        return None
    if row.digest == item.digest():
        return replace(_done(item, Outcome.UNCHANGED, []), object_id=row.object_id)
    note = _("berubah di situs lama sejak diimpor; yang di sini tidak disentuh")
    return replace(_done(item, Outcome.CHANGED, [note]), object_id=row.object_id)


def _hashed(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _bring(
    actor: Actor,
    source: str,
    item: Item,
    photos: Photos,
    is_dry_run: bool,
    wanted_rubrics: set[str],
) -> Done:
    ready = _ready(item, photos)
    if is_dry_run:
        _check(actor, ready, wanted_rubrics)
        done = _done(item, Outcome.CREATED, ready.notes)
        return replace(done, photos=ready.photos)
    with journal.change(actor) as change:
        if item.kind is Kind.ARTICLE:
            object_id, address = _article(actor, ready)
        elif item.kind is Kind.PAGE:
            object_id, address = _page(actor, ready)
        else:
            object_id, address = _album(actor, ready, photos)
        OriginRow.insert(
            source=source,
            origin_key=_hashed(item.key),
            kind=item.kind,
            object_id=object_id,
            digest=item.digest(),
            imported_at=change.at_ms,
        ).execute()
        if item.kind is not Kind.ALBUM:
            kind = aliases.Kind(item.kind.value)
            for old in item.addresses:
                aliases.keep(change, old, kind, object_id)
    done = _done(item, Outcome.CREATED, ready.notes)
    return replace(done, object_id=object_id, address=address, photos=ready.photos)


def _ready(item: Item, photos: Photos) -> Ready:
    """Take the pictures, before any transaction is open."""
    notes = list(item.notes)
    told = {picture.url: picture for picture in item.pictures}
    used: list[str] = []

    def photo_of(picture: Picture) -> str:
        more = told.get(picture.url, picture)
        full = Picture(
            picture.url,
            picture.caption or more.caption,
            picture.alt or more.alt,
            picture.credit or more.credit,
        )
        photo_id = photos.take(full, notes)
        if photo_id:
            used.append(photo_id)
        return photo_id

    lead_id = photo_of(item.lead) if item.lead else ""
    if item.kind is Kind.ALBUM:
        used += [i for p in item.pictures if (i := photos.take(p, notes))]
        return Ready(replace(item), "", "", len(used), notes)
    body = body_of(item.html, item.base_url, photo_of)
    if not lead_id and used:
        lead_id = used[0]
    return Ready(item, body, lead_id, len(used), notes)


def _article_text(ready: Ready, rubric: str, tags: tuple[str, ...]) -> news_article.Text:
    item, limits = ready.item, (news_article.TITLE_MAX, 320, 120)
    return news_article.Text(
        title=_short(item.title or _("Tanpa judul"), limits[0], ready.notes, _("judul")),
        body=ready.body,
        standfirst=_short(item.standfirst, limits[1], ready.notes, _("ringkasan")),
        byline=_short(item.byline, limits[2], ready.notes, _("nama penulis")),
        rubric=rubric,
        tags=tags,
        lead_photo_id="" if ready.lead_id == "-" else ready.lead_id,
    )


def _check(actor: Actor, ready: Ready, wanted_rubrics: set[str]) -> None:
    """Find on a dry run what would be refused, and say which rubrics would be new."""
    item = ready.item
    if item.kind is Kind.ARTICLE:
        name = item.rubric[:_RUBRIC_MAX]
        known = {r.slug for r in rubrics.rubrics()}
        slug = slugify(name, fallback="")
        if slug and slug not in known | wanted_rubrics and actor.may(Permission.MANAGE_SITE):
            wanted_rubrics.add(slug)
            ready.notes.append(_("rubrik baru: {name}").format(name=name))
        text = news_article.checked(_article_text(ready, "", _tags(item, ready.notes)))
        _warn_if_empty(ready, text.body)
    elif item.kind is Kind.PAGE:
        pages_page.checked(_page_text(ready))


def _article(actor: Actor, ready: Ready) -> tuple[str, str]:
    item = ready.item
    rubric = _rubric(actor, item.rubric)
    tags = _tags(item, ready.notes)
    if item.rubric and not rubric:
        tags = _tags(replace(item, tags=(item.rubric, *item.tags)), ready.notes)
    text = news_article.checked(_article_text(ready, rubric, tags))
    made = news.create(actor, text, slug=_free_slug(item.slug), published_at=item.published_at)
    if item.is_published and not _warn_if_empty(ready, text.body):
        made = news.publish_now(actor, made.id)
    return made.id, f"/berita/{made.slug}"


def _warn_if_empty(ready: Ready, body: str) -> bool:
    if ready.item.is_published and not html.plain_text(body).strip() and "data-foto" not in body:
        ready.notes.append(_("tanpa isi, jadi masuk sebagai draf"))
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
        lead_photo_id="" if ready.lead_id == "-" else ready.lead_id,
    )


def _page(actor: Actor, ready: Ready) -> tuple[str, str]:
    text = _page_text(ready)
    slug = slugify(ready.item.slug, fallback="")
    try:
        made = pages.create(actor, text, slug=slug)
    except Conflict:
        made = pages.create(actor, text)
        ready.notes.append(
            _("halaman {slug} sudah ada di sini; yang lama masuk sebagai {new}").format(
                slug=slug, new=made.slug
            )
        )
    return made.id, made.url


def _album(actor: Actor, ready: Ready, photos: Photos) -> tuple[str, str]:
    title = _short(ready.item.title or _("Galeri"), 120, ready.notes, _("judul"))
    made = albums.add(actor, title)
    notes: list[str] = []
    for picture in ready.item.pictures:
        photo_id = photos.take(picture, notes)
        if photo_id and media.get(photo_id) is not None:
            albums.set_albums_of(actor, photo_id, sorted({*albums.of_photo(photo_id), made.id}))
    return made.id, f"/galeri/{made.slug}"


def _rubric(actor: Actor, name: str) -> str:
    """Return the rubric of this name, new if need be; "" when there is none to be had."""
    name = news_article.one_line(name)[:_RUBRIC_MAX].strip()
    slug = slugify(name, fallback="")
    if not slug:
        return ""
    known = {r.slug for r in rubrics.rubrics()}
    if slug in known:
        return slug
    return rubrics.add(actor, name).slug if actor.may(Permission.MANAGE_SITE) else ""


def _tags(item: Item, notes: list[str]) -> tuple[str, ...]:
    clean = [news_article.one_line(tag).lstrip("#").strip() for tag in item.tags]
    fitting = list(dict.fromkeys(tag for tag in clean if tag and len(tag) <= _TAG_MAX))
    kept = fitting[: news_article.TAGS_MAX]
    lost = [tag for tag in dict.fromkeys(clean) if tag and tag not in kept]
    if lost:
        notes.append(_("kata kunci tidak ikut: {tags}").format(tags=", ".join(lost)[:200]))
    return tuple(kept)


def _short(text: str, limit: int, notes: list[str], what: str) -> str:
    clean = news_article.one_line(text)
    if len(clean) <= limit:
        return clean
    notes.append(_("{what} dipendekkan").format(what=what))
    cut = clean.rfind(" ", limit // 2, limit)
    return clean[: cut if cut > 0 else limit - 1].rstrip(" ,.;:") + "…"


def _done(item: Item, outcome: Outcome, notes: list[str]) -> Done:
    shown = tuple(dict.fromkeys(notes))[:_MAX_NOTES]
    title = item.title or item.key
    return Done(key=item.key, kind=item.kind, title=title, outcome=outcome, notes=shown)
