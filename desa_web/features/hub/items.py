"""Reading the inbox: lists, one item with all that is known of it, where our articles come from."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from desa_web.core import db, settings
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import content, photos, sources, takeover
from desa_web.features.hub.item import Full, Item, Look, Origin, State, as_item
from desa_web.features.hub.models import ItemRow, SourceRow
from desa_web.features.news.models import ArticleRow

_COLUMNS = ", ".join(f.column_name for f in ItemRow._meta.sorted_fields if f.name != "content")


class Shelf(StrEnum):
    """The shelves of the inbox. Each item that waits for somebody stands on one of the first
    three."""

    NEW = "new"
    UPDATED = "updated"
    WITHDRAWN = "withdrawn"
    HELD = "held"
    PUBLISHED = "published"
    RETURNED = "returned"


# Written for hub_item i joined with hub_source s.
CONDITIONS = {
    Shelf.NEW: "i.state = 'new' AND i.op = 'put'",
    # Not in: so that nobody looks for the few through all that is published.
    Shelf.UPDATED: "i.needs_look = 1 AND i.op = 'put' AND i.state NOT IN ('new', 'returned')",
    Shelf.WITHDRAWN: "i.needs_look = 1 AND i.op <> 'put'",
    Shelf.HELD: "i.state = 'held' AND i.op = 'put'",
    Shelf.PUBLISHED: "i.state = 'published' AND i.op = 'put'",
    Shelf.RETURNED: "i.state = 'returned' AND i.op = 'put'",
}


def listing(
    shelf: Shelf,
    *,
    source_id: str = "",
    word: str = "",
    before: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[Item]:
    """Return a shelf's items, what came last first, without their texts.

    word: only those whose title has it. before: (received_at in ms, id) of the last item seen.
    """
    where = [CONDITIONS[shelf], "s.state <> 'removed'"]
    values: list[object] = []
    if source_id:
        where.append("i.source_id = ?")
        values.append(source_id)
    if word:
        escaped = word.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        where.append("lower(i.title) LIKE ? ESCAPE '!'")
        values.append(f"%{escaped}%")
    if before is not None:
        where.append("(i.received_at, i.id) < (?, ?)")
        values += before
    columns = ", ".join(f"i.{name}" for name in _COLUMNS.split(", "))
    sql = (
        f"SELECT {columns} FROM hub_item i JOIN hub_source s ON s.id = i.source_id "  # noqa: S608 - fragments of our own
        f"WHERE {' AND '.join(where)} ORDER BY i.received_at DESC, i.id DESC LIMIT ?"
    )
    return [_item(row) for row in db.execute(db.current(), sql, *values, limit).fetchall()]


def counts(source_id: str = "") -> dict[Shelf, int]:
    """Return how many items stand on each shelf; none of them is read for it."""
    where, values = (" AND i.source_id = ?", [source_id]) if source_id else ("", [])
    one = (
        "(SELECT count(*) FROM hub_item i JOIN hub_source s ON s.id = i.source_id "
        "WHERE s.state <> 'removed' AND "
    )
    sums = ", ".join(f"{one}{CONDITIONS[shelf]}{where})" for shelf in Shelf)
    row = db.execute(db.current(), f"SELECT {sums}", *values * len(Shelf)).fetchone()
    return {shelf: int(n or 0) for shelf, n in zip(Shelf, row, strict=True)}


def get(site: Site, item_id: str) -> Full:
    """Return one item with its text. Raises NotFound."""
    row = row_of(item_id)
    said = content.read(row.content)
    source = sources.get(site, row.source_id)
    article = takeover.article_of(row)
    return Full(
        item=as_item(row),
        content=said,
        link=link_of(source.address, said),
        look=_look(row),
        is_derivative=takeover.is_edited_here(row),
        photo_states=photos.states(row, said),
        published_url=address_of(site, article) if article is not None else "",
    )


def row_of(item_id: str) -> ItemRow:
    row = db.first(ItemRow, "id = ?", item_id)
    if row is None:
        raise NotFound(_("Kiriman ini tidak ada. Muat ulang kotak masuk."))
    return row


def of_articles(article_ids: Sequence[str]) -> dict[str, Origin]:
    """Return where our articles come from, by their id; our own are not named."""
    if not article_ids:
        return {}
    marks = ", ".join("?" * len(article_ids))
    rows = db.select(ItemRow, f"article_id IN ({marks})", *article_ids)
    if not rows:
        return {}
    ids = sorted({row.source_id for row in rows})
    named = db.select(SourceRow, f"id IN ({', '.join('?' * len(ids))})", *ids)
    by_id = {source.id: source for source in named}
    return {row.article_id or "": _origin(row, by_id[row.source_id]) for row in rows}


def of_article(article_id: str) -> Origin | None:
    """Return where one of our articles comes from, None for our own."""
    return of_articles([article_id]).get(article_id)


def of_object(source_id: str, object_id: str) -> Item | None:
    """Return the item of one article of a source."""
    row = db.first(ItemRow, "source_id = ? AND object_id = ?", source_id, object_id)
    return None if row is None else as_item(row)


def public_of(source_id: str) -> list[ItemRow]:
    """Return the rows of all that is public at a source, as it says itself."""
    return db.select(ItemRow, "source_id = ? AND op = 'put' AND is_lost = 0", source_id)


def lost(source_id: str) -> list[Item]:
    """Return what a village lost with its disk and could have back."""
    sql = "source_id = ? AND is_lost = 1 AND op = 'put' ORDER BY published_at, id"
    return [as_item(row) for row in db.select(ItemRow, sql, source_id)]


def link_of(address: str, said: content.Content) -> str:
    """Return the address of the original, "" when it is not known."""
    if said.link:
        return said.link
    return f"{address}/berita/{said.slug}" if address and said.slug else ""


def address_of(site: Site, article: ArticleRow) -> str:
    """Return our own public address of an article, "" while readers do not see it."""
    is_live = article.live_revision_id is not None
    return f"{public_base(site)}/berita/{article.slug}" if is_live else ""


def public_base(site: Site) -> str:
    """Return this site's own address without a slash at the end, "" when nobody set it."""
    base: str = site.config.text("base_url") or settings.read(site)["public_address"]
    return base.rstrip("/")


def _origin(row: ItemRow, source: SourceRow) -> Origin:
    said = content.read(row.content)
    is_there = row.op == "put" and not row.is_lost
    return Origin(
        source_id=source.id,
        source_name=source.name,
        source_slug=source.slug,
        item_id=row.id,
        link=link_of(source.address, said) if is_there else "",
        is_derivative=takeover.is_edited_here(row),
        licence=said.licence,
    )


def _look(row: ItemRow) -> Look:
    if not row.needs_look:
        return Look.NONE
    if row.is_lost:
        return Look.LOST
    if row.op != "put":
        return Look.WITHDRAWN
    if row.state != State.PUBLISHED:
        return Look.UPDATED
    if row.digest == row.taken_digest:
        return Look.BACK
    return Look.DERIVATIVE if takeover.is_edited_here(row) else Look.UPDATED


def _item(values: Sequence[object]) -> Item:
    names = _COLUMNS.split(", ")
    row = ItemRow(__no_default__=True, **dict(zip(names, values, strict=True)), content="")
    row.needs_look, row.is_lost = bool(row.needs_look), bool(row.is_lost)
    return as_item(row)
