"""Reading news: lists without bodies, one article with its text. Nothing here writes.

Lists page by key, never by OFFSET; each query has its index in core/migrations/0003_news.sql.
Public functions take the site and see live texts only; desk functions take the Actor.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any

from desa_web.core import db
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc, to_ms, zone
from desa_web.core.errors import Gone, NotFound
from desa_web.core.i18n import _
from desa_web.core.settings import Settings
from desa_web.core.site import Site
from desa_web.features.news import rows
from desa_web.features.news.article import Article, Kind, Revision, State
from desa_web.features.news.models import ArticleRow, ArticleSlugRow, RevisionRow, RubricRow

_FAR_MS = 1 << 52
_ITEM = (
    "a.id, a.kind, a.slug, r.title, r.standfirst, u.slug, u.name, r.byline, r.initials, "
    "a.published_at, r.lead_photo_id, r.expires_on, r.source"
)
_LIVE = (
    f"SELECT {_ITEM} FROM article a JOIN revision r ON r.id = a.live_revision_id "
    "LEFT JOIN rubric u ON u.id = a.live_rubric_id WHERE a.live_revision_id IS NOT NULL AND "
)

_WHOLE = (
    f"SELECT {db.columns(ArticleRow, 'a')}, {db.columns(RevisionRow, 'r')}, "
    f"{db.columns(RubricRow, 'u')} FROM article a JOIN revision r ON r.id = a.live_revision_id "
    "LEFT JOIN rubric u ON u.id = a.live_rubric_id WHERE "
)
_OF_ARTICLE, _OF_REVISION = (len(m._meta.sorted_fields) for m in (ArticleRow, RevisionRow))


@dataclass(frozen=True, slots=True)
class Item:
    """One live article in a list. `published_at` is UTC; lists sort by (published_at, id)."""

    id: str
    kind: str
    slug: str
    title: str
    standfirst: str
    rubric_slug: str
    rubric_name: str
    byline: str
    initials: str
    published_at: datetime
    lead_photo_id: str
    expires_on: str
    source: str = ""

    def __hash__(self) -> int:
        # Of all fields it would be dearer than what is kept by it; equality compares them all.
        return hash((self.id, self.title))


@dataclass(frozen=True, slots=True)
class DeskItem:
    """One article in a list of the desk, with the title of its working text."""

    id: str
    kind: Kind
    state: State
    is_live: bool
    title: str
    author_name: str
    note: str
    updated_at: datetime
    published_at: datetime | None
    scheduled_at: datetime | None
    slug: str
    version: int
    lead_photo_id: str


@dataclass(frozen=True, slots=True)
class Live:
    """A live article with its text. `is_expired` holds for announcements."""

    article: Article
    revision: Revision
    rubric_name: str
    is_expired: bool
    rubric_id: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """The address is an old one; the article lives at `slug` now."""

    slug: str


def published(
    site: Site,
    *,
    kind: Kind | None = Kind.ARTICLE,
    rubric_id: str = "",
    tag: str = "",
    since: datetime | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 12,
) -> list[Item]:
    """Return live articles, newest first, older than the key `before` (published_at, id)."""
    at, last_id = (to_ms(before[0]), before[1]) if before else (_FAR_MS, "")
    where, params = ["(a.published_at, a.id) < (?, ?)"], [at, last_id]
    if since is not None:
        where.append("a.published_at >= ?")
        params.append(to_ms(since))
    if tag:
        return _tagged(site, tag, where, params, limit)
    if rubric_id:
        where.insert(0, "a.live_rubric_id = ?")
        params.insert(0, rubric_id)
    elif kind is not None:
        where.insert(0, f"a.{_is(kind)}")
    sql = f"{_LIVE}{' AND '.join(where)} ORDER BY a.published_at DESC, a.id DESC LIMIT ?"
    return [_item(values) for values in db.execute(site.database, sql, *params, limit)]


def live_items(site: Site, ids: Collection[str]) -> list[Item]:
    """Return those of `ids` that readers see, in no order."""
    if not ids:
        return []
    sql = f"{_LIVE}a.id IN ({', '.join('?' * len(ids))})"
    return [_item(values) for values in db.execute(site.database, sql, *ids)]


def item_at(site: Site, slug: str) -> Item | None:
    """Return the live article or announcement at an address, None when there is none."""
    row = db.execute(site.database, f"{_LIVE}a.slug = ?", slug).fetchone()
    return None if row is None else _item(row)


def live_bodies_with(site: Site, words: str) -> Iterator[str]:
    """Yield the bodies of live articles that hold `words`: a walk through all of them."""
    sql = (
        "SELECT r.body FROM article a JOIN revision r ON r.id = a.live_revision_id "
        "WHERE a.live_revision_id IS NOT NULL AND r.body LIKE ?"
    )
    for row in db.execute(site.database, sql, f"%{words}%"):
        yield str(row[0])


def board(site: Site, limit: int = 4) -> list[Item]:
    """Return the announcements that still hold, newest first."""
    sql = (
        f"{_LIVE}a.kind = 'announcement' AND a.is_expired = 0 "
        "ORDER BY a.published_at DESC, a.id DESC LIMIT ?"
    )
    return [_item(values) for values in db.execute(site.database, sql, limit)]


def month(
    site: Site, settings: Settings, year: int, number: int, kind: Kind = Kind.ARTICLE
) -> list[Item]:
    """Return all live articles of one month in the village's time zone, newest first."""
    first, after = _month_bounds(settings, year, number)
    key = (after, "")
    return published(site, kind=kind, since=first, before=key, limit=2000)


def months(site: Site, settings: Settings, kind: Kind = Kind.ARTICLE) -> list[tuple[int, int]]:
    """Return the (year, month)s that have live articles, newest first.

    Two statements however many articles and months there are: the first and the last moment,
    then one seek for each month between them.
    """
    which = f"FROM article WHERE live_revision_id IS NOT NULL AND {_is(kind)}"
    ends = (
        f"SELECT (SELECT published_at {which} ORDER BY published_at, id LIMIT 1), "
        f"(SELECT published_at {which} ORDER BY published_at DESC, id DESC LIMIT 1)"
    )
    oldest, newest = db.execute(site.database, ends).fetchone()
    if newest is None:
        return []
    tz = zone(settings["time_zone"])
    first, last = (as_utc(ms).astimezone(tz) for ms in (oldest, newest))
    spans = _months_between(tz, first.year * 12 + first.month - 1, last.year * 12 + last.month)
    marks = ", ".join(["(?, ?, ?)"] * (len(spans) // 3))
    sql = (
        f"WITH span (n, begins, ends) AS (VALUES {marks}) SELECT n FROM span WHERE EXISTS "
        f"(SELECT 1 {which} AND published_at >= begins AND published_at < ends) ORDER BY n DESC"
    )
    found = db.execute(site.database, sql, *spans).fetchall()
    return [(n // 12, n % 12 + 1) for (n,) in found]


def live(site: Site, slug: str) -> Live | Moved:
    """Return the live article at an address, or where it moved.

    Raises Gone for what was withdrawn or thrown away, NotFound for an address never used.
    """
    row = db.execute(site.database, f"{_WHOLE}a.slug = ?", slug).fetchone()
    return _elsewhere(slug) if row is None else _as_live(row)


def live_by_id(article_id: str) -> Live | None:
    """Return the article as readers see it, None when they do not."""
    row = db.execute(db.current(), f"{_WHOLE}a.id = ?", article_id).fetchone()
    return None if row is None else _as_live(row)


def live_ids(site: Site) -> Iterator[str]:
    """Yield the ids of all live articles, for followers that rebuild; 500 at a time."""
    sql = (
        "SELECT id FROM article WHERE live_revision_id IS NOT NULL AND id > ? ORDER BY id LIMIT 500"
    )
    last = ""
    while batch := [row[0] for row in db.execute(site.database, sql, last)]:
        yield from batch
        last = batch[-1]


def related(site: Site, found: Live, limit: int = 3) -> list[Item]:
    """Return other live articles of the same rubric, older ones first to be near in time."""
    article = found.article
    if not found.revision.text.rubric or article.published_at is None:
        return []
    rubric_id, key = found.rubric_id or "-", (article.published_at, article.id)
    older = published(site, rubric_id=rubric_id, before=key, limit=limit)
    if len(older) < limit:
        newest = published(site, rubric_id=rubric_id, limit=limit + 1)
        known = {item.id for item in older} | {article.id}
        older += [item for item in newest if item.id not in known]
    return older[:limit]


def desk(
    actor: Actor,
    *,
    states: tuple[State, ...] = (),
    mine: bool = False,
    query: str = "",
    live: bool | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 30,
    trashed: bool = False,
) -> list[DeskItem]:
    """Return what `actor` may see, newest change first, by state, ownership and title."""
    at, last_id = (to_ms(before[0]), before[1]) if before else (_FAR_MS, "")
    moment = "a.trashed_at" if trashed else "a.updated_at"
    where = [f"({moment}, a.id) < (?, ?)", f"a.trashed_at IS {'NOT ' if trashed else ''}NULL"]
    params: list[Any] = [at, last_id]
    if states:
        where.append(f"a.state IN ({', '.join('?' * len(states))})")
        params += [state.value for state in states]
    if live is not None:
        where.append(f"a.live_revision_id IS {'NOT ' if live else ''}NULL")
    if query:
        where.append("lower(r.title) LIKE ? ESCAPE '!'")
        escaped = query.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        params.append(f"%{escaped}%")
    _only_visible(actor, mine, where, params)
    sql = (
        "SELECT a.id, a.kind, a.state, a.live_revision_id, r.title, a.author_name, a.note, "
        "a.updated_at, a.published_at, a.scheduled_at, a.slug, a.version, r.lead_photo_id "
        "FROM article a JOIN revision r ON r.id = a.working_revision_id "
        f"WHERE {' AND '.join(where)} ORDER BY {moment} DESC, a.id DESC LIMIT ?"
    )
    return [_desk_item(values) for values in db.execute(actor.site.database, sql, *params, limit)]


def waiting(actor: Actor) -> int:
    """Return how many submitted articles wait for review (the badge)."""
    sql = "SELECT count(*) FROM article WHERE state = 'submitted' AND trashed_at IS NULL"
    return int(db.execute(actor.site.database, sql).fetchone()[0])


def get(actor: Actor, article_id: str, *, trashed: bool = False) -> tuple[Article, Revision]:
    """Return an article of the desk with its working text. Raises NotFound."""
    row = rows.article_row(actor, article_id, trashed=trashed)
    return rows.as_article(row), rows.as_revision(rows.revision_row(row.working_revision_id))


def working_text(article: Article) -> Revision:
    """Return the working text of an article that the caller was given by a service."""
    return rows.as_revision(rows.revision_row(article.working_revision_id))


def find(actor: Actor, id_or_slug: str, *, trashed: bool = False) -> Article:
    """Return an article by its id or address (the CLI takes both). Raises NotFound."""
    row = ArticleRow.get_or_none((ArticleRow.id == id_or_slug) | (ArticleRow.slug == id_or_slug))
    article_id = row.id if row else id_or_slug
    return rows.as_article(rows.article_row(actor, article_id, trashed=trashed))


def _tagged(site: Site, tag: str, where: list[str], params: list[Any], limit: int) -> list[Item]:
    # The tag's own index gives the order; the article's rows are looked up by key.
    near = [part.replace("a.published_at, a.id", "t.published_at, t.article_id") for part in where]
    near = [part.replace("a.published_at >=", "t.published_at >=") for part in near]
    sql = (
        f"SELECT {_ITEM} FROM article_tag t JOIN article a ON a.id = t.article_id "
        "JOIN revision r ON r.id = a.live_revision_id "
        "LEFT JOIN rubric u ON u.id = a.live_rubric_id "
        f"WHERE t.slug = ? AND {' AND '.join(near)} "
        "ORDER BY t.published_at DESC, t.article_id DESC LIMIT ?"
    )
    return [_item(values) for values in db.execute(site.database, sql, tag, *params, limit)]


def _only_visible(actor: Actor, mine: bool, where: list[str], params: list[Any]) -> None:
    if mine or not (actor.may(Permission.EDIT_ALL) or actor.may(Permission.REVIEW)):
        where.append("a.author_id = ?")
        params.append(actor.user_id or "")
    elif not actor.may(Permission.EDIT_ALL):
        shown = "a.state <> 'draft' OR a.live_revision_id IS NOT NULL"
        where.append(f"({shown} OR a.author_id = ?)")
        params.append(actor.user_id or "")


def _elsewhere(slug: str) -> Moved:
    known = db.first(ArticleSlugRow, "slug = ?", slug)
    if known is None:
        raise NotFound(_("Jalan ini buntu, tapi beritanya mungkin hanya pindah."))
    row = None
    if known.article_id:
        row = db.first(ArticleRow, "id = ?", known.article_id)
    if row is None or row.live_revision_id is None or row.slug == slug:
        raise Gone(_("Berita ini sudah ditarik oleh desa."))
    return Moved(row.slug)


def _as_live(values: tuple[Any, ...]) -> Live:
    """Return what a row of `_WHOLE` holds: article, live revision and rubric in one statement."""
    article = db.as_row(ArticleRow, values[:_OF_ARTICLE])
    revision = db.as_row(RevisionRow, values[_OF_ARTICLE : _OF_ARTICLE + _OF_REVISION])
    last = values[_OF_ARTICLE + _OF_REVISION :]
    rubric = db.as_row(RubricRow, last) if last[0] is not None else None
    return Live(
        rows.as_article(article),
        rows.as_revision(revision, rubric),
        rubric.name if rubric else "",
        bool(article.is_expired),
        rubric.id if rubric else "",
    )


def _month_bounds(settings: Settings, year: int, number: int) -> tuple[datetime, datetime]:
    if not (1 <= number <= 12 and 1970 <= year <= 9000):
        raise NotFound(_("Bulan ini tidak ada."))
    tz = zone(settings["time_zone"])
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=tz), datetime(*after, 1, tzinfo=tz)


def _is(kind: Kind) -> str:
    """Return the condition for a kind, written out.

    As a parameter it might decide which partial index serves, so SQLite would make a plan for each
    call: 38 us instead of 16 for the newest eight.
    """
    return f"kind = '{kind.value}'"


@lru_cache(maxsize=8)
def _months_between(tz: tzinfo, first: int, after: int) -> tuple[int, ...]:
    """Return number (year * 12 + month - 1), begin and end in ms of each month."""
    begins = [to_ms(datetime(n // 12, n % 12 + 1, 1, tzinfo=tz)) for n in range(first, after + 1)]
    months = zip(range(first, after), begins, begins[1:], strict=False)
    return tuple(part for month in months for part in month)


@lru_cache(maxsize=120)
def _item(values: tuple[Any, ...]) -> Item:
    """Return the same item for the same row: the newest articles stand on most pages."""
    (
        article_id,
        kind,
        slug,
        title,
        standfirst,
        rubric_slug,
        rubric_name,
        byline,
        initials,
        published_at,
        photo,
        expires_on,
        source,
    ) = values
    return Item(
        article_id,
        kind,
        slug,
        title,
        standfirst,
        rubric_slug or "",
        rubric_name or "",
        byline,
        initials,
        as_utc(published_at),
        photo or "",
        expires_on,
        source,
    )


def _desk_item(values: Any) -> DeskItem:
    (
        article_id,
        kind,
        state,
        live_id,
        title,
        author,
        note,
        updated,
        published_at,
        scheduled,
        slug,
        version,
        photo,
    ) = values
    return DeskItem(
        article_id,
        Kind(kind),
        State(state),
        live_id is not None,
        title,
        author,
        note,
        as_utc(updated),
        None if published_at is None else as_utc(published_at),
        None if scheduled is None else as_utc(scheduled),
        slug,
        version,
        photo or "",
    )


def export_fields(article: Article, revision: Revision) -> dict[str, Any]:
    """Return an article as plain data, for JSON on the command line and in the API."""
    moments = ("created_at", "updated_at", "published_at", "scheduled_at", "trashed_at")
    return {
        "id": article.id,
        "kind": article.kind.value,
        "state": article.state.value,
        "version": article.version,
        "slug": article.slug,
        "author": article.author_name,
        "note": article.note,
        "is_live": article.is_live,
        "working_revision_id": article.working_revision_id,
        "sends_to_kominfo": article.sends_to_kominfo,
        **{n: v.isoformat() if (v := getattr(article, n)) else None for n in moments},
        **json.loads(json.dumps(revision.text.as_mapping())),
    }


def tag_name(site: Site, slug: str) -> str:
    """Return the tag as its newest article writes it; the slug when nothing carries it."""
    sql = "SELECT name FROM article_tag WHERE slug = ? ORDER BY published_at DESC LIMIT 1"
    row = db.execute(site.database, sql, slug).fetchone()
    return row[0] if row else slug
