"""The readers' menu: two levels, each item leads to a page or to a path of this site.

    add(actor, "Layanan", page_id=page.id)          shift(actor, item_id, up=True)
    replace(actor, [NewItem(title="Beranda", path="/"), …])        all at once (menu.toml)
    readers_menu(site)                               what themes show (adapter "menu")

An item whose page is in the trash is hidden and comes back with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import new_id
from desa_web.core.journal import Change
from desa_web.core.site import Site
from desa_web.features.news.article import one_line
from desa_web.features.pages.models import MenuItemRow, PageRow
from desa_web.web.context_parts import MenuItem

TITLE_MAX, PATH_MAX, ITEMS_MAX = 60, 200, 80
_KEY = "menu"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """An item to be made: it leads to `page_id` or to `path`."""

    title: str
    page_id: str = ""
    path: str = ""
    children: tuple[NewItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item as the desk sees it; `is_hidden`: its page is in the trash."""

    id: str
    parent_id: str | None
    title: str
    page_id: str
    page_slug: str
    path: str
    is_hidden: bool = False
    children: tuple[Item, ...] = field(default=())

    @property
    def url(self) -> str:
        return f"/halaman/{self.page_slug}" if self.page_id else self.path


def items(site: Site) -> list[Item]:
    """Return the menu in its order, with what is hidden (one query)."""
    return _items(_rows(site))


def readers_menu(site: Site) -> tuple[MenuItem, ...]:
    """Return the menu for themes, () while there is none.

    An item that has others under it opens them, so it stands as the first of them, too.
    """
    return _readers_menu(_rows(site))


def add(
    actor: Actor, title: str, *, page_id: str = "", path: str = "", parent_id: str | None = None
) -> str:
    """Add an item, last of its level; return its id. Raises InvalidInput by field."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        if MenuItemRow.select().count() >= ITEMS_MAX:
            sentence = _("Menu paling banyak {n} butir. Hapus dulu yang jarang dibuka.")
            raise InvalidInput(sentence.format(n=ITEMS_MAX))
        parent = _checked_parent(parent_id)
        title, page, path = _checked(title, page_id, path)
        item_id = _insert(change, title, page, path, parent, len(_level(parent)) + 1)
        _record(change, "add")
        return item_id


def change_item(
    actor: Actor,
    item_id: str,
    title: str,
    *,
    page_id: str = "",
    path: str = "",
    parent_id: str | None = None,
) -> None:
    """Change what an item says, where it leads, under which item it stands."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        row = _row(item_id)
        parent = _checked_parent(parent_id)
        if parent == row.id or (parent is not None and _level(row.id)):
            sentence = _("Butir ini punya anak. Pindahkan dulu anaknya, lalu ulangi.")
            raise InvalidInput(fields={"parent": sentence})
        title, page, path = _checked(title, page_id, path)
        values: dict[str, object] = {"title": title, "page_id": page, "path": path}
        if parent != row.parent_id:
            values |= {"parent_id": parent, "position": len(_level(parent)) + 1}
        if any(getattr(row, name) != value for name, value in values.items()):
            MenuItemRow.update(**values).where(MenuItemRow.id == row.id).execute()
            _record(change, "change")


def remove(actor: Actor, item_id: str) -> None:
    """Take an item and what stands under it out of the menu; the pages stay."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        MenuItemRow.delete().where(MenuItemRow.id == _row(item_id).id).execute()
        _record(change, "remove")


def shift(actor: Actor, item_id: str, *, up: bool) -> None:
    """Change places with the neighbour above or below; at the end nothing happens."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        row = _row(item_id)
        beside = [other.id for other in _level(row.parent_id)]
        at = beside.index(row.id)
        to = at - 1 if up else at + 1
        if 0 <= to < len(beside):
            beside[at], beside[to] = beside[to], beside[at]
            _number(beside)
            _record(change, "move")


def replace(actor: Actor, wanted: Sequence[NewItem]) -> bool:
    """Make the whole menu anew; False when it was like that already. Raises InvalidInput."""
    actor.require(Permission.MANAGE_PAGES)
    with journal.change(actor) as change:
        if _as_new(items(actor.site)) == tuple(wanted):
            return False
        if sum(1 + len(item.children) for item in wanted) > ITEMS_MAX:
            raise InvalidInput(_("Menu paling banyak {n} butir.").format(n=ITEMS_MAX))
        MenuItemRow.delete().execute()
        for position, item in enumerate(wanted, 1):
            title, page, path = _checked(item.title, item.page_id, item.path)
            above = _insert(change, title, page, path, None, position)
            for place, child in enumerate(item.children, 1):
                title, page, path = _checked(child.title, child.page_id, child.path)
                _insert(change, title, page, path, above, place)
        _record(change, "replace")
        return True


def leads_to(page_id: str) -> bool:
    """Return whether an item leads to this page."""
    return bool(MenuItemRow.select().where(MenuItemRow.page_id == page_id).exists())


def rename_items(change: Change, page_id: str, before: str, after: str) -> None:
    """Let the items that carry a page's old title carry its new one."""
    same = (MenuItemRow.page_id == page_id) & (MenuItemRow.title == before[:TITLE_MAX])
    if MenuItemRow.update(title=after[:TITLE_MAX]).where(same).execute():
        _record(change, "change")


def drop_items(change: Change, page_id: str) -> None:
    """Forget the items of a page that goes for good; what stood under them moves up."""
    gone = list(MenuItemRow.select().where(MenuItemRow.page_id == page_id))
    for row in gone:
        for child in _level(row.id):
            place = row.parent_id, len(_level(row.parent_id)) + 1
            MenuItemRow.update(parent_id=place[0], position=place[1]).where(
                MenuItemRow.id == child.id
            ).execute()
        MenuItemRow.delete().where(MenuItemRow.id == row.id).execute()
    if gone:
        _record(change, "remove")


def state_digest(site: Site) -> str:
    """Return the sha256 of the menu as it stands: `desa doctor` compares it."""
    return journal.digest(_state(items(site)))


@lru_cache(maxsize=8)
def _readers_menu(rows: tuple[tuple[Any, ...], ...]) -> tuple[MenuItem, ...]:
    """Return the same menu for the same rows: every page asks, and they hardly ever change."""
    shown: list[MenuItem] = []
    for item in _items(rows):
        below = tuple(_shown(child) for child in item.children if not child.is_hidden)
        if item.is_hidden:
            shown.extend(below)
        elif below:
            shown.append(_shown(item, (_shown(item), *below)))
        else:
            shown.append(_shown(item))
    return tuple(shown)


def _rows(site: Site) -> tuple[tuple[Any, ...], ...]:
    sql = (
        "SELECT m.id, m.parent_id, m.title, m.page_id, m.path, p.slug, p.trashed_at "
        "FROM menu_item m LEFT JOIN page p ON p.id = m.page_id ORDER BY m.position, m.id"
    )
    return tuple(db.execute(site.database, sql).fetchall())


def _items(rows: tuple[tuple[Any, ...], ...]) -> list[Item]:
    found = [
        Item(
            id=item_id,
            parent_id=parent_id,
            title=title,
            page_id=page_id or "",
            page_slug=slug or "",
            path=path,
            is_hidden=trashed_at is not None,
        )
        for item_id, parent_id, title, page_id, path, slug, trashed_at in rows
    ]
    return [_with_children(item, found) for item in found if item.parent_id is None]


def _shown(item: Item, children: tuple[MenuItem, ...] = ()) -> MenuItem:
    return MenuItem(text=item.title, url=item.url, children=children)


def _with_children(item: Item, found: Iterable[Item]) -> Item:
    below = tuple(other for other in found if other.parent_id == item.id)
    return Item(
        id=item.id,
        parent_id=None,
        title=item.title,
        page_id=item.page_id,
        page_slug=item.page_slug,
        path=item.path,
        is_hidden=item.is_hidden,
        children=below,
    )


def _as_new(found: Iterable[Item]) -> tuple[NewItem, ...]:
    return tuple(
        NewItem(title=i.title, page_id=i.page_id, path=i.path, children=_as_new(i.children))
        for i in found
    )


def _state(found: Iterable[Item]) -> list[object]:
    return [[i.title, i.page_id, i.path, _state(i.children)] for i in found]


def _record(change: Change, op: str) -> None:
    change.record("menu", "site", op, keys={_KEY}, digest=state_digest(change.actor.site))


def _insert(
    change: Change, title: str, page_id: str | None, path: str, parent_id: str | None, position: int
) -> str:
    item_id = new_id(change.at_ms)
    MenuItemRow.create(
        id=item_id, parent_id=parent_id, position=position, title=title, page_id=page_id, path=path
    )
    return item_id


def _row(item_id: str) -> MenuItemRow:
    row = MenuItemRow.get_or_none(MenuItemRow.id == item_id)
    if row is None:
        raise NotFound(_("Butir menu ini tidak ada. Muat ulang halaman menu."))
    return row


def _level(parent_id: str | None) -> list[MenuItemRow]:
    under = MenuItemRow.parent_id
    same = under.is_null() if parent_id is None else under == parent_id
    query = MenuItemRow.select().where(same)
    return list(query.order_by(MenuItemRow.position, MenuItemRow.id))


def _number(ids: Sequence[str]) -> None:
    for position, item_id in enumerate(ids, 1):
        MenuItemRow.update(position=position).where(MenuItemRow.id == item_id).execute()


def _checked_parent(parent_id: str | None) -> str | None:
    if not parent_id:
        return None
    row = _row(parent_id)
    if row.parent_id is not None:
        raise InvalidInput(fields={"parent": _("Menu hanya dua tingkat. Pilih butir paling atas.")})
    return str(row.id)


def _checked(title: str, page_id: str, path: str) -> tuple[str, str | None, str]:
    """Return title, page and path as they are stored. Raises InvalidInput by field."""
    problems: dict[str, str] = {}
    title, path = one_line(title), path.strip()
    if not title or len(title) > TITLE_MAX or "\x00" in title:
        sentence = _("Tulis nama butir, paling banyak {n} huruf.")
        problems["title"] = sentence.format(n=TITLE_MAX)
    if page_id and path:
        problems["path"] = _("Pilih halaman atau alamat, tidak keduanya.")
    elif page_id:
        if not PageRow.select().where(PageRow.id == page_id).exists():
            problems["page"] = _("Halaman itu tidak ada. Pilih yang lain.")
    elif not _is_path(path):
        problems["path"] = _("Alamat di situs ini ditulis seperti /berita/.")
    if problems:
        raise InvalidInput(fields=problems)
    return title, page_id or None, path


def _is_path(path: str) -> bool:
    is_here = path.startswith("/") and not path.startswith(("//", "/\\"))
    plain = path.isprintable() and " " not in path and "\\" not in path
    return is_here and plain and len(path) <= PATH_MAX
