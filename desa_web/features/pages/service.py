"""The rules of pages; the only writer of pages. Whoever may manage pages changes them at once.

    page = create(actor, Text(title="Sejarah", body="<p>…</p>"), parent_id=profile.id)
    save(actor, page.id, Text(title="Sejarah desa", body=…), version=page.version)
    place(actor, page.id, slug="sejarah-desa")        the old address leads there for ever

Every text is kept and can be brought back; what is thrown away stays 30 days. The menu is in
menu.py; reading is in queries.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from desa_web.core import due, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import DAY_MS
from desa_web.core.errors import Conflict, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import new_id, slugify
from desa_web.core.journal import Change
from desa_web.features.pages import menu, rows
from desa_web.features.pages.models import PageRevisionRow, PageRow, PageSlugRow
from desa_web.features.pages.page import DEPTH_MAX, Kind, Page, Text, checked

TRASH_DAYS = 30
# Room between two neighbours, so that a file can name a place between them.
STEP = 10


def create(
    actor: Actor,
    text: Text,
    *,
    slug: str = "",
    parent_id: str | None = None,
    position: int | None = None,
    kind: Kind = Kind.PAGE,
) -> Page:
    """Make a page that readers see at once, last among its neighbours unless `position` is given.

    Raises InvalidInput with a sentence per field, Conflict when `slug` is taken.
    """
    actor.require(Permission.MANAGE_PAGES)
    text = checked(text)
    with journal.change(actor) as change:
        page_id = new_id(change.at_ms)
        _check_parent(page_id, parent_id)
        address = _wanted(slug, page_id) if slug else _free_slug(text.title, page_id)
        row = PageRow.create(
            id=page_id,
            slug=address,
            parent_id=parent_id,
            position=_last(parent_id) + STEP if position is None else max(0, position),
            kind=kind,
            version=1,
            revision_id=new_id(change.at_ms),
            created_at=change.at_ms,
            updated_at=change.at_ms,
        )
        _insert(change, row, text, revision_id=row.revision_id)
        keep_address(address, page_id, change.at_ms)
        rows.record(change, row, "create", keys={rows.TREE})
        return rows.as_page(row)


def save(actor: Actor, page_id: str, text: Text, *, version: int | None = None) -> Page:
    """Give the page another text; the same text leaves no trace.

    A menu item that carries the page's title is renamed with it. Raises StaleVersion when the
    page moved on since `version`.
    """
    actor.require(Permission.MANAGE_PAGES)
    text = checked(text)
    with journal.change(actor) as change:
        row = rows.page_row(page_id)
        rows.expect_version(row, version)
        before = PageRevisionRow.get_by_id(row.revision_id)
        if rows.text_columns(text)["digest"] == before.digest:
            return rows.as_page(row)
        made = _insert(change, row, text)
        rows.update(row, change, revision_id=made.id)
        keys: set[str] = set()
        if before.title != text.title:
            keys = {rows.TREE}
            menu.rename_items(change, row.id, before.title, text.title)
        rows.record(change, row, "save", keys=keys)
        return rows.as_page(row)


def place(
    actor: Actor,
    page_id: str,
    *,
    slug: str | None = None,
    parent_id: str | None = "",
    position: int | None = None,
    version: int | None = None,
) -> Page:
    """Move the page: another address, another place in the tree. What is not named stays.

    `parent_id` None puts it on top. Raises Conflict for a taken address, InvalidInput for a place
    under itself.
    """
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        row = rows.page_row(page_id)
        rows.expect_version(row, version)
        values: dict[str, object] = {}
        if slug is not None and slug != row.slug:
            values["slug"] = _wanted(slug, row.id)
        if parent_id != "" and parent_id != row.parent_id:
            _check_parent(row.id, parent_id)
            values["parent_id"] = parent_id
            values["position"] = _last(parent_id) + STEP
        if position is not None and (position != row.position or "position" in values):
            values["position"] = max(0, position)
        if not values:
            return rows.as_page(row)
        rows.update(row, change, **values)
        keep_address(row.slug, row.id, change.at_ms)
        rows.record(change, row, "move", keys=_tree_keys(row.id))
        return rows.as_page(row)


def shift(actor: Actor, page_id: str, *, up: bool) -> Page:
    """Change places with the neighbour above or below; at the end nothing happens."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        row = rows.page_row(page_id)
        beside = list(_children(row.parent_id))
        at = next(i for i, other in enumerate(beside) if other.id == row.id)
        to = at - 1 if up else at + 1
        if 0 <= to < len(beside):
            places = [other.position for other in beside]
            if len(set(places)) < len(places):
                places = [STEP * n for n in range(1, len(beside) + 1)]
            beside[at], beside[to] = beside[to], beside[at]
            for other, position in zip(beside, places, strict=True):
                if other.position != position:
                    rows.update(other, change, position=position)
                    rows.record(change, other, "move", keys={rows.TREE})
        return rows.as_page(rows.page_row(page_id))


def restore_text(
    actor: Actor, page_id: str, revision_id: str, *, version: int | None = None
) -> Page:
    """Bring an earlier text back, as a new revision: nothing is lost."""
    old = PageRevisionRow.get_or_none(
        PageRevisionRow.id == revision_id, PageRevisionRow.page_id == page_id
    )
    if old is None:
        raise NotFound(_("Revisi ini tidak ada. Muat ulang daftar revisi."))
    return save(actor, page_id, rows.as_revision(old).text, version=version)


def trash(actor: Actor, page_id: str, *, version: int | None = None) -> Page:
    """Take the page from readers; for 30 days it can be taken back, with its place in the menu."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        row = rows.page_row(page_id)
        rows.expect_version(row, version)
        if _children(row.id):
            raise Conflict(
                _("Masih ada halaman di bawahnya. Pindahkan atau buang dulu yang di bawah.")
            )
        due.plan("pages.purge", row.id, change.at_ms + TRASH_DAYS * DAY_MS)
        rows.update(row, change, trashed_at=change.at_ms)
        rows.record(change, row, "trash", keys=_tree_keys(row.id))
        return rows.as_page(row)


def restore(actor: Actor, page_id: str) -> Page:
    """Take a page back from the trash; on top, when the page above it is gone."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        row = rows.page_row(page_id, trashed=True)
        due.cancel("pages.purge", row.id)
        values: dict[str, object] = {"trashed_at": None}
        above = PageRow.get_or_none(PageRow.id == row.parent_id) if row.parent_id else None
        if row.parent_id and (above is None or above.trashed_at is not None):
            values["parent_id"] = None
        rows.update(row, change, **values)
        rows.record(change, row, "restore", keys=_tree_keys(row.id))
        return rows.as_page(row)


def purge(actor: Actor, page_id: str) -> None:
    """Empty one page out of the trash for good; its addresses go on saying 410."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        due.cancel("pages.purge", page_id)
        row = PageRow.get_or_none(PageRow.id == page_id)
        if row is not None and row.trashed_at is not None:
            menu.drop_items(change, page_id)
            for below in PageRow.select().where(PageRow.parent_id == page_id):
                rows.update(below, change, parent_id=None)
                rows.record(change, below, "move", keys=set())
            row.delete_instance()
            change.record("page", page_id, "purge", keys={f"page:{page_id}"})


def add_addresses(actor: Actor, page_id: str, slugs: Sequence[str]) -> None:
    """Let older addresses lead to this page. Raises Conflict when another page has one."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        row = rows.page_row(page_id)
        query = PageSlugRow.select().where(PageSlugRow.page_id == row.id)
        known = {address.slug for address in query}
        missing = [slug for slug in slugs if slug not in known]
        for slug in missing:
            if _wanted(slug, row.id) != slug:
                raise InvalidInput(_("Alamat lama {slug} salah tulis.").format(slug=slug))
            keep_address(slug, row.id, change.at_ms)
        if missing:
            rows.record(change, row, "aliases", keys=set(), note=", ".join(missing))


def keep_address(slug: str, page_id: str, at_ms: int) -> None:
    """Remember that this address is a page's: it is never given to another one."""
    if not PageSlugRow.select().where(PageSlugRow.slug == slug).exists():
        PageSlugRow.insert(slug=slug, page_id=page_id, created_at=at_ms).execute()


def is_free(slug: str, page_id: str) -> bool:
    """Return whether no other page ever had this address."""
    had = PageSlugRow.get_or_none(PageSlugRow.slug == slug)
    return had is None or had.page_id == page_id


def _insert(change: Change, row: PageRow, text: Text, *, revision_id: str = "") -> PageRevisionRow:
    newest = PageRevisionRow.select(PageRevisionRow.number).where(PageRevisionRow.page_id == row.id)
    number = newest.order_by(PageRevisionRow.number.desc()).limit(1).scalar() or 0
    return PageRevisionRow.create(
        id=revision_id or new_id(change.at_ms),
        page_id=row.id,
        number=number + 1,
        author_label=change.actor.label,
        author_name=change.actor.name,
        created_at=change.at_ms,
        **rows.text_columns(text),
    )


def _children(parent_id: str | None) -> list[PageRow]:
    """Return the pages directly under `parent_id` (None: on top) in their order."""
    under = PageRow.parent_id.is_null() if parent_id is None else PageRow.parent_id == parent_id
    query = PageRow.select().where(under & PageRow.trashed_at.is_null())
    return list(query.order_by(PageRow.position, PageRow.id))


def _last(parent_id: str | None) -> int:
    return max((row.position for row in _children(parent_id)), default=0)


def _check_parent(page_id: str, parent_id: str | None) -> None:
    """Raise InvalidInput when the page would stand under itself or too deep to be found."""
    if parent_id is None:
        return
    depth = 1
    above: str | None = parent_id
    while above is not None:
        row = PageRow.get_or_none((PageRow.id == above) & PageRow.trashed_at.is_null())
        if row is None:
            raise InvalidInput(fields={"parent": _("Halaman induknya tidak ada. Pilih yang lain.")})
        if row.id == page_id:
            sentence = _("Halaman tidak bisa berada di bawah dirinya sendiri. Pilih induk lain.")
            raise InvalidInput(fields={"parent": sentence})
        depth, above = depth + 1, row.parent_id
    if depth + _height(page_id) > DEPTH_MAX:
        sentence = _("Terlalu dalam: paling banyak {n} tingkat. Pilih induk yang lebih atas.")
        raise InvalidInput(fields={"parent": sentence.format(n=DEPTH_MAX)})


def _height(page_id: str) -> int:
    """Return how many levels hang under a page."""
    return max((1 + _height(row.id) for row in _children(page_id)), default=0)


def _tree_keys(page_id: str) -> set[str]:
    return {rows.TREE, rows.MENU} if menu.leads_to(page_id) else {rows.TREE}


def _free_slug(title: str, page_id: str) -> str:
    base = slugify(title, fallback=f"halaman-{page_id[-8:]}")
    candidate, n = base, 1
    while not is_free(candidate, page_id):
        n += 1
        candidate = f"{base[:74]}-{n}" if n < 50 else f"{base[:60]}-{page_id[-12:]}"
    return candidate


def _wanted(slug: str, page_id: str) -> str:
    wanted = slugify(slug, fallback="")
    if not wanted:
        sentence = _("Alamat berisi huruf dan angka, misalnya visi-misi.")
        raise InvalidInput(fields={"slug": sentence})
    if not is_free(wanted, page_id):
        sentence = _("Alamat itu sudah dipakai halaman lain. Pilih yang lain.")
        raise Conflict(sentence)
    return wanted
