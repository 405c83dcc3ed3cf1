"""`desa backup create|verify|restore`, and `desa upgrade`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from desa_web.core.console import Console, no_folder, out_file
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.ops.backup import Backup


@click.group(epilog="Contoh:  desa backup create --to /media/stik/   ·   desa backup verify BERKAS")
def backup() -> None:
    """Cadangan: buat, periksa, pulihkan."""


@backup.command(epilog="Contoh:  desa backup create   ·   desa backup create --to /media/stik/")
@click.option(
    "--to", "target", metavar="TUJUAN", type=click.Path(path_type=Path),
    help="Berkas atau folder tujuan.",
)  # fmt: skip
@click.pass_obj
def create(console: Console, target: Path | None) -> None:
    """Buat cadangan dan buktikan bisa dipulihkan."""
    from desa_web.ops import backup as ops

    with console.site() as site:
        if target is not None:
            target = target / ops.file_name(site) if target.is_dir() else _new_file(target)
        label = _("Mencadangkan")
        shown = sys.stderr.isatty() and not console.is_json
        with click.progressbar(length=100, label=label, file=sys.stderr, hidden=not shown) as bar:
            made = ops.create(site, target, lambda done, total: _advance(bar, done, total))
        _tell(console, made, _("Cadangan sudah dibuat dan terbukti bisa dipulihkan: {file}"))


@backup.command(epilog="Contoh:  desa backup verify /media/stik/situs-20261122-140500.zip")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def verify(console: Console, file: Path) -> None:
    """Periksa setiap huruf cadangan dengan memulihkannya ke tempat sementara."""
    from desa_web.ops import backup as ops

    _tell(console, ops.verify(file), _("Cadangan utuh: {file}"))


@backup.command(
    epilog="Contoh:  desa --site situs backup restore /media/stik/situs-20261122-140500.zip"
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Jangan bertanya.")
@click.pass_obj
def restore(console: Console, file: Path, yes: bool) -> None:
    """Ganti isi situs dengan cadangan; folder lama tetap disimpan di sebelahnya."""
    from desa_web.ops import backup as ops

    folder = console.folder()
    question = _("Isi {folder} diganti dengan cadangan. Lanjutkan?").format(folder=folder)
    console.confirm(question, is_sure=yes)
    old = ops.restore(file, folder)
    sentence = _("Situs dipulihkan di {folder}.").format(folder=folder)
    if old is not None:
        sentence += " " + _("Yang lama disimpan di {old}.").format(old=old)
    console.event({"event": "restored", "site": str(folder), "old": str(old or "")}, sentence)


@click.command(epilog="Contoh:  desa --site situs upgrade")
@click.pass_obj
def upgrade(console: Console) -> None:
    """Perbarui susunan data sesudah memasang versi baru; salinan lama disimpan dulu."""
    from desa_web.ops import upgrade as ops

    with console.site(any_schema=True) as site:
        done = ops.upgrade(site)
        record = {"applied": list(done.applied), "copy": str(done.copy or "")}
        console.event(record, done.sentence)


def _new_file(target: Path) -> Path:
    """Return the file to write. A stick that is not in must not become a folder of the disk."""
    if not target.suffix and not target.exists():
        raise InvalidInput(no_folder(target))
    return out_file(target)


def _advance(bar: object, done: int, total: int) -> None:
    percent = 100 * done // max(total, 1)
    bar.update(percent - bar.pos)  # type: ignore[attr-defined]


def _tell(console: Console, made: Backup, sentence: str) -> None:
    record = {
        "file": str(made.file), "size_bytes": made.size_bytes, "created_at": made.created_at,
        "journal_id": made.journal_id, "head": made.head, "files": made.files,
    }  # fmt: skip
    console.event(record, sentence.format(file=made.file))
