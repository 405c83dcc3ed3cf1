"""`desa page …`: read the arguments, call one service function, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from desa_web.core.console import Console
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.features.pages.page import Page

_OUTCOMES = {"created": "baru", "updated": "diperbarui", "unchanged": "tidak berubah"}


@click.group(epilog="Contoh:  desa page list   ·   desa page import halaman/")
def page() -> None:
    """Halaman tetap dan menu: profil, perangkat, layanan, kontak."""


@page.command("list", epilog="Contoh:  desa page list   ·   desa page list --trash")
@click.option("--trash", is_flag=True, help="Isi tempat sampah.")
@click.pass_obj
def list_(console: Console, trash: bool) -> None:
    """Semua halaman menurut susunannya."""
    from desa_web.features.pages import files, queries

    with console.site() as site:
        if trash:
            records = [files.page_record(found, title) for found, title in queries.trash(site)]
        else:
            records = [
                {
                    "id": node.id, "slug": node.slug, "title": node.title,
                    "parent_id": node.parent_id, "position": node.position, "depth": node.depth,
                    "version": node.version,
                    "updated_at": node.updated_at.isoformat(timespec="seconds"),
                }
                for node in queries.tree(site)
            ]  # fmt: skip
        console.show(records, ("slug", "title", "position", "updated_at"))


@page.command(epilog="Contoh:  desa page show sejarah")
@click.argument("page_name", metavar="HALAMAN")
@click.pass_obj
def show(console: Console, page_name: str) -> None:
    """Satu halaman: keterangan dan naskahnya. HALAMAN adalah alamat (slug) atau id."""
    from desa_web.core import html
    from desa_web.features.pages import files, queries

    with console.site():
        found, revision = queries.get(_find(page_name).id)
        fields = files.page_record(found, revision.text.title)
        fields |= {
            "standfirst": revision.text.standfirst,
            "revision": revision.number,
            "aliases": queries.old_slugs(found),
        }
        if console.is_json:
            console.show([{**fields, "body": revision.text.body}])
            return
        for name, value in fields.items():
            if value not in ("", None, []):
                console.line(f"{name}: {value}")
        console.line("")
        console.line(html.to_markdown(revision.text.body))


@page.command("import", epilog="Contoh:  desa page import halaman")
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def import_(console: Console, path: Path) -> int:
    """Masukkan halaman Markdown dan menu.toml dari FOLDER atau satu BERKAS. Aman diulang."""
    from desa_web.features.news.importer import Outcome
    from desa_web.features.pages import files

    refused = 0
    with console.actor() as actor:
        for done in files.import_path(actor, path):
            refused += done.outcome is Outcome.REFUSED
            record = {
                "file": done.file, "outcome": done.outcome.value, "id": done.object_id,
                "error": done.sentence,
            }  # fmt: skip
            console.event(record, done.sentence or f"{done.file}: {_OUTCOMES[done.outcome.value]}")
    return 1 if refused else 0


@page.command(epilog="Contoh:  desa page export halaman")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def export(console: Console, folder: Path) -> None:
    """Tulis semua halaman dan menu.toml ke FOLDER."""
    from desa_web.features.pages import files

    with console.actor() as actor:
        count = files.export_folder(actor, folder)
        sentence = _("{n} halaman ditulis ke {folder}.").format(n=count, folder=folder)
        console.event({"count": count, "folder": str(folder)}, sentence)


@page.command(epilog="Contoh:  desa page move sejarah --parent profil --position 2")
@click.argument("page_name", metavar="HALAMAN")
@click.option("--slug", help="Alamat baru; yang lama tetap mengantar ke sini.")
@click.option("--parent", metavar="HALAMAN", help="Halaman induk; tulis - untuk paling atas.")
@click.option("--position", type=click.IntRange(0, 1_000_000), help="Angka urutan.")
@click.pass_obj
def move(
    console: Console, page_name: str, slug: str | None, parent: str | None, position: int | None
) -> None:
    """Pindahkan halaman: alamat, induk, atau urutannya."""
    from desa_web.features.pages import service

    with console.actor() as actor:
        parent_id: str | None = ""
        if parent is not None:
            parent_id = None if parent == "-" else _find(parent).id
        found = _find(page_name)
        after = service.place(actor, found.id, slug=slug, parent_id=parent_id, position=position)
        record = {"id": after.id, "slug": after.slug, "version": after.version}
        console.event(record, _("Sudah dipindah: {url}").format(url=after.url))


@page.command(epilog="Contoh:  desa page trash sejarah")
@click.argument("page_name", metavar="HALAMAN")
@click.pass_obj
def trash(console: Console, page_name: str) -> None:
    """Buang halaman ke tempat sampah (30 hari)."""
    from desa_web.features.pages import service

    with console.actor() as actor:
        after = service.trash(actor, _find(page_name).id)
        record = {"id": after.id, "slug": after.slug, "version": after.version}
        console.event(record, _("Dibuang: {slug}").format(slug=after.slug))


@page.command(epilog="Contoh:  desa page restore sejarah")
@click.argument("page_name", metavar="HALAMAN")
@click.pass_obj
def restore(console: Console, page_name: str) -> None:
    """Ambil halaman kembali dari tempat sampah."""
    from desa_web.features.pages import service

    with console.actor() as actor:
        after = service.restore(actor, _find(page_name, trashed=True).id)
        record = {"id": after.id, "slug": after.slug, "version": after.version}
        console.event(record, _("Dipulihkan: {url}").format(url=after.url))


def _find(page_name: str, *, trashed: bool = False) -> Page:
    from desa_web.features.pages import queries

    try:
        return queries.find(page_name, trashed=trashed)
    except NotFound as error:
        where = "desa page list --trash" if trashed else "desa page list"
        sentence = _("{why} Lihat daftarnya: {where}")
        raise NotFound(sentence.format(why=error.message, where=where)) from error
