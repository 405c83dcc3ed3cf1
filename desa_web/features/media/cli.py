"""`desa media …`: read the arguments, call one service function, print."""

from __future__ import annotations

from pathlib import Path

import click

from desa_web.core.console import Console
from desa_web.core.i18n import _

_COLUMNS = ("id", "name", "caption", "credit", "width", "height")
_SHOWS = ("tanpa-keterangan", "tanpa-alt", "tidak-terpakai", "izin-anak", "keranjang")


@click.group(epilog="Contoh:  desa media add foto/*.jpg --caption 'Kerja bakti' --credit Nur")
def media() -> None:
    """Foto, dokumen, dan media kit."""


@media.command(
    epilog="Contoh:  desa media add foto/panen.jpg --caption 'Panen raya' --credit 'Nur Aini'"
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--caption", default="", help="Keterangan: siapa, sedang apa, di mana, kapan.")
@click.option("--credit", default="", help="Nama pemotret.")
@click.option("--alt", default="", help="Apa yang terlihat.")
@click.pass_obj
def add(console: Console, files: tuple[Path, ...], caption: str, credit: str, alt: str) -> int:
    """Masukkan foto atau PDF. Berkas yang sama tidak masuk dua kali."""
    from desa_web.core.errors import DesaError
    from desa_web.features.media import documents, service

    refused = 0
    with console.actor() as actor:
        for file in files:
            try:
                if file.suffix.lower() == ".pdf":
                    made_id = documents.add(actor, file, title=caption).id
                else:
                    made_id = service.add(actor, file, caption=caption, credit=credit, alt=alt).id
            except DesaError as error:
                refused += 1
                record = {"file": str(file), "id": "", "error": str(error), "code": error.code}
                console.event(record, f"{file}: {error}")
                continue
            record = {"file": str(file), "id": made_id, "error": "", "code": ""}
            console.event(record, f"{file}: {made_id}")
    return 1 if refused else 0


@media.command("list", epilog="Contoh:  desa media list --only tanpa-keterangan")
@click.option("--query", default="", help="Kata di keterangan, nama, atau tempat.")
@click.option("--only", default="", type=click.Choice(["", *_SHOWS]), help="Hanya yang begini.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    help="Paling banyak sekian.",
    type=click.IntRange(1, 10_000),
)
@click.pass_obj
def list_(console: Console, query: str, only: str, limit: int) -> None:
    """Daftar foto, terbaru dulu."""
    from desa_web.features.media import library

    with console.actor() as actor:
        wanted = library.Filter(query=query, show=library.Show(only))
        page = library.photos(actor.site, wanted, limit=limit)
        records = [
            {
                "id": p.id, "name": p.name, "caption": p.caption, "credit": p.credit,
                "alt": p.alt, "width": p.width_px, "height": p.height_px,
                "size_bytes": p.size_bytes, "sha256": p.master_sha256,
                "children": p.children.value, "by": p.uploader_name,
                "created_at": p.created_at.isoformat(timespec="seconds"),
            }
            for p in page.photos
        ]  # fmt: skip
        console.show(records, columns=_COLUMNS)


@media.command(epilog="Contoh:  desa media rebuild   ·   desa media rebuild FOTO")
@click.argument("photos", nargs=-1)
@click.pass_obj
def rebuild(console: Console, photos: tuple[str, ...]) -> int:
    """Olah lagi semua foto, atau FOTO (id) saja; yang gagal dicoba lagi."""
    from desa_web.features.media import housekeeping

    failed = 0
    with console.actor() as actor:
        for photo_id, state in housekeeping.rebuild(actor.site, list(photos)):
            failed += not state.is_ready
            record = {"id": photo_id, "renditions": len(state.renditions), "error": state.reason}
            sentence = state.sentence or _("{n} ukuran").format(n=len(state.renditions))
            console.event(record, f"{photo_id}: {sentence}")
    return 1 if failed else 0


@media.command(epilog="Contoh:  desa --site situs media gc")
@click.option("--dry-run", is_flag=True, help="Hanya sebutkan, jangan hapus.")
@click.pass_obj
def gc(console: Console, dry_run: bool) -> None:
    """Hapus berkas yang tidak dipakai lagi: sisa unggahan, foto yang sudah dibuang."""
    from desa_web.features.media import housekeeping

    with console.actor() as actor:
        found = housekeeping.gc(actor.site, is_dry_run=dry_run)
        for one in found:
            record = {"what": one.what, "name": one.name, "size_bytes": one.size_bytes}
            console.event(record, f"{one.what}: {one.name}")
        if not found:
            console.say(_("Tidak ada yang perlu dibersihkan."))


@media.command(epilog="Contoh:  desa media kit panen-raya panen.zip   ·   desa media kit")
@click.argument("article", required=False)
@click.argument("target", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def kit(console: Console, article: str | None, target: Path | None) -> None:
    """Buat media kit BERITA (alamatnya) ke TUJUAN; tanpa BERITA, paket desa."""
    import shutil

    from desa_web.features.media import kit as kits

    with console.actor() as actor:
        made = kits.of_article(actor.site, article) if article else kits.of_village(actor.site)
        goal = target or Path.cwd()
        goal = goal / made.name if goal.is_dir() else goal
        shutil.copyfile(made.path, goal)
        record = {"file": str(goal), "size_bytes": made.size_bytes, "photos": made.photo_count}
        console.event(record, _("Media kit ada di {file}").format(file=goal))
