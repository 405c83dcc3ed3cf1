"""`desa hub inbox …`: the villages' news in the terminal, and what an officer decides on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from desa_web.core.console import Column, Console
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.core.actor import Actor
    from desa_web.core.site import Site
    from desa_web.features.hub.item import Item

_ITEM_STATE = Column(
    "state",
    words={
        "new": "baru", "held": "disimpan", "published": "terbit di sini",
        "returned": "dikembalikan",
    },
)  # fmt: skip
_EMPTY_SHELVES = {
    "new": "Tidak ada kabar baru. Ambil dulu: desa sync pull",
    "updated": "Tidak ada berita yang berubah di desa.",
    "withdrawn": "Tidak ada berita yang ditarik desa.",
    "held": "Tidak ada yang disimpan.",
    "published": "Belum ada kabar desa yang terbit di sini.",
    "returned": "Tidak ada yang dikembalikan ke desa.",
}


@click.group(epilog="Contoh:  desa hub inbox list   ·   desa hub inbox publish ID ID")
def inbox() -> None:
    """Kotak masuk: berita yang datang dari desa."""


@inbox.command(
    "list",
    epilog="Contoh:  desa hub inbox list   ·   desa hub inbox list --shelf updated",
)
@click.option(
    "--shelf",
    type=click.Choice(list(_EMPTY_SHELVES)),
    default="new",
    metavar="BAGIAN",
    help="new (baru), updated (berubah di desa), withdrawn (ditarik desa), held (disimpan), "
    "published (terbit di sini), returned (dikembalikan).",
)
@click.option("--source", "source_name", default="", metavar="NAMA", help="Hanya sumber ini.")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), help="Paling banyak sekian.")
@click.pass_obj
def inbox_list(console: Console, shelf: str, source_name: str, limit: int) -> None:
    """Yang menunggu, terbaru di atas."""
    from desa_web.features.hub import at_hub, items, sources

    with at_hub.officer(console) as actor:
        chosen = sources.find(actor.site, source_name).id if source_name else ""
        names = _names(actor.site)
        found = items.listing(items.Shelf(shelf), source_id=chosen, limit=limit)
        console.show(
            [_item(one, names) for one in found],
            ("id", "source", "title", _ITEM_STATE, "received_at"),
            empty=_(_EMPTY_SHELVES[shelf]),
        )


@inbox.command(epilog="Contoh:  desa hub inbox publish ID ID")
@click.argument("ids", nargs=-1, required=True)
@click.option("--replace-edit", is_flag=True, help="Ganti suntingan kita dengan naskah desa.")
@click.pass_obj
def publish(console: Console, ids: tuple[str, ...], replace_edit: bool) -> None:
    """Terbitkan dengan nama desanya."""
    from desa_web.features.hub import inbox

    _each(
        console,
        ids,
        lambda actor, item_id: inbox.publish(actor, item_id, replaces_edit=replace_edit),
        _("Terbit: {title}"),
    )


@inbox.command(epilog="Contoh:  desa hub inbox hold ID")
@click.argument("ids", nargs=-1, required=True)
@click.pass_obj
def hold(console: Console, ids: tuple[str, ...]) -> None:
    """Simpan dulu, belum diterbitkan."""
    from desa_web.features.hub import inbox

    _each(console, ids, inbox.hold, _("Disimpan: {title}"))


@inbox.command(
    "return", epilog="Contoh:  desa hub inbox return ID --reason 'Tambahkan tanggal kegiatannya.'"
)
@click.argument("item_id")
@click.option("--reason", required=True, metavar="ALASAN", help="Yang perlu ditambah atau diganti.")
@click.pass_obj
def return_(console: Console, item_id: str, reason: str) -> None:
    """Kembalikan ke desa dengan alasan."""
    from desa_web.features.hub import inbox

    _each(
        console,
        (item_id,),
        lambda actor, one: inbox.return_(actor, one, reason),
        _("Dikembalikan: {title}"),
    )


def _each(
    console: Console, ids: tuple[str, ...], decide: Callable[[Actor, str], Item], done: str
) -> None:
    """Decide on each item and say so at once: what is said is done, whatever comes after."""
    from desa_web.features.hub import at_hub

    with at_hub.officer(console) as actor:
        names = _names(actor.site)
        for item_id in ids:
            try:
                item = decide(actor, item_id)
            except NotFound as error:
                sentence = _("Kiriman {id} tidak ada. Lihat daftarnya: desa hub inbox list")
                raise NotFound(sentence.format(id=item_id)) from error
            console.event(_item(item, names), done.format(title=item.title))


def _names(site: Site) -> Mapping[str, str]:
    """Return what the sources are called, by their id."""
    from desa_web.features.hub import sources

    return {one.id: one.name for one in sources.listed(site)}


def _item(one: Item, names: Mapping[str, str]) -> Mapping[str, object]:
    return {
        "id": one.id, "source": names.get(one.source_id, ""), "title": one.title,
        "state": one.state.value, "op": one.op, "needs_look": one.needs_look,
        "lost": one.is_lost, "article": one.article_id or "",
        "published_at": one.published_at.isoformat(),
        "received_at": one.received_at.isoformat(),
    }  # fmt: skip
