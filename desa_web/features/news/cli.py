"""`desa news …`: read the arguments, call one service function, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from desa_web.core.console import Column, Console
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.core.actor import Actor
    from desa_web.features.news.article import Article

_STATES = ("draft", "submitted", "returned", "approved", "scheduled", "published", "withdrawn")


@click.group(epilog="Contoh:  desa news list --state submitted   ·   desa news import naskah/")
def news() -> None:
    """Berita dan pengumuman: dari draf sampai terbit."""


@news.command(
    "list", epilog="Contoh:  desa news list --state submitted   ·   desa news list --query panen"
)
@click.option(
    "--state", "states", multiple=True, type=click.Choice(_STATES), help="Hanya status ini."
)
@click.option("--mine", is_flag=True, help="Hanya tulisan sendiri.")
@click.option("--query", default="", help="Kata di dalam judul.")
@click.option("--trash", is_flag=True, help="Isi keranjang.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    help="Paling banyak sekian.",
    type=click.IntRange(1, 1000),
)
@click.pass_obj
def list_(
    console: Console, states: tuple[str, ...], mine: bool, query: str, trash: bool, limit: int
) -> None:
    """Daftar berita, perubahan terbaru dulu."""
    from desa_web.features.news import queries
    from desa_web.features.news.article import State

    with console.actor() as actor:
        wanted = tuple(State(state) for state in states)
        items = queries.desk(
            actor, states=wanted, mine=mine, query=query, trashed=trash, limit=limit
        )
        records = [
            {
                "id": item.id, "slug": item.slug, "kind": item.kind.value,
                "state": item.state.value, "is_live": item.is_live, "title": item.title,
                "author": item.author_name, "version": item.version,
                "updated_at": item.updated_at.isoformat(timespec="seconds"),
            }
            for item in items
        ]  # fmt: skip
        named = Column("state", words={state.value: state.label for state in State})
        columns = ("slug", named, "title", "author", "updated_at")
        empty = _("Tidak ada berita yang cocok.") if states or query else ""
        console.show(records, columns, empty=empty)


@news.command(epilog="Contoh:  desa news show panen-raya")
@click.argument("article")
@click.pass_obj
def show(console: Console, article: str) -> None:
    """Satu berita: keterangan dan naskahnya. BERITA adalah alamat (slug) atau id."""
    from desa_web.core import html
    from desa_web.features.news import queries

    with console.actor() as actor:
        found = _find(actor, article)
        kept, revision = queries.get(actor, found.id)
        fields = queries.export_fields(kept, revision)
        if console.is_json:
            console.show([fields])
            return
        for name, value in fields.items():
            if name != "body" and value not in ("", None, []):
                console.line(f"{name}: {value}")
        console.line("")
        console.line(html.to_markdown(revision.text.body))


@news.command(
    "import", epilog="Contoh:  desa news import naskah   ·   desa news import naskah/panen.md"
)
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def import_(console: Console, path: Path) -> int:
    """Masukkan satu BERKAS Markdown, atau semua yang ada di FOLDER. Aman diulang."""
    from desa_web.features.news import importer

    refused = 0
    with console.actor() as actor:
        for done in importer.import_path(actor, path):
            refused += done.outcome is importer.Outcome.REFUSED
            record = {
                "file": done.file, "outcome": done.outcome.value, "id": done.object_id,
                "error": done.sentence,
            }  # fmt: skip
            console.event(record, done.sentence or f"{done.file}: {_OUTCOMES[done.outcome.value]}")
    return 1 if refused else 0


@news.command("export", epilog="Contoh:  desa news export naskah")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def export(console: Console, folder: Path) -> None:
    """Tulis semua berita sebagai berkas Markdown ke FOLDER yang kosong."""
    from desa_web.features.news import importer

    with console.actor() as actor:
        count = importer.export_folder(actor, folder)
        sentence = _("{n} berita ditulis ke {folder}.").format(n=count, folder=folder)
        console.event({"count": count, "folder": str(folder)}, sentence)


def _transition(name: str, help_text: str, done: str, *, note: bool = False) -> click.Command:
    """Make one command for one transition of the workflow."""

    def run(console: Console, article: str, version: int | None, note: str = "") -> None:
        from desa_web.features.news import service

        with console.actor() as actor:
            found = _find(actor, article, trashed=name == "restore")
            op = service.Op(name)
            after = service.act(actor, op, found.id, version=version, note=note)
            _tell(console, after, done)

    command = click.pass_obj(run)
    command = click.option("--version", type=int, help="Versi yang Anda lihat.")(command)
    if note:
        command = click.option("--note", default="", help="Catatan.")(command)
    example = f"Contoh:  desa news {name} panen-raya"
    made = click.command(name, help=help_text, epilog=example)
    return made(click.argument("article")(command))


@news.command(
    epilog="Contoh:  desa news publish panen-raya   ·   desa news publish panen-raya --now"
)
@click.argument("article")
@click.option("--version", type=int, help="Versi yang Anda lihat.")
@click.option("--now", is_flag=True, help="Ajukan dan setujui sekaligus, bila berwenang.")
@click.pass_obj
def publish(console: Console, article: str, version: int | None, now: bool) -> None:
    """Terbitkan yang sudah disetujui."""
    from desa_web.features.news import service

    with console.actor() as actor:
        found = _find(actor, article)
        if now:
            after = service.publish_now(actor, found.id, version=version)
        else:
            after = service.act(actor, service.Op.PUBLISH, found.id, version=version)
        _tell(console, after, _("Sudah terbit: {slug}"))


@news.command(epilog="Contoh:  desa news schedule panen-raya 2026-11-23T07:00")
@click.argument("article")
@click.argument("at")
@click.option("--version", type=int, help="Versi yang Anda lihat.")
@click.pass_obj
def schedule(console: Console, article: str, at: str, version: int | None) -> None:
    """Jadwalkan terbit; WAKTU ditulis 2026-11-23T07:00 menurut waktu desa."""
    from desa_web.features.news import service

    with console.actor() as actor:
        moment = service.local_moment(actor.site, at)
        found = _find(actor, article)
        after = service.act(actor, service.Op.SCHEDULE, found.id, version=version, at=moment)
        _tell(console, after, _("Dijadwalkan: {slug}"))


@news.command(
    epilog="Contoh:  desa news erase panen-raya   ·   desa news erase panen-raya --keep-photos"
)
@click.argument("article")
@click.option("--keep-photos", is_flag=True, help="Jangan hapus fotonya.")
@click.option("--yes", is_flag=True, help="Jangan bertanya.")
@click.pass_obj
def erase(console: Console, article: str, keep_photos: bool, yes: bool) -> None:
    """Hapus selamanya, di sini dan di Kominfo: demi privasi seseorang. Tidak bisa dibatalkan."""
    from desa_web.features.news import service

    with console.actor() as actor:
        try:
            found = _find(actor, article)
        except NotFound:
            found = _find(actor, article, trashed=True)
        question = _("Naskah, semua versinya dan fotonya hilang selamanya: {slug}. Lanjutkan?")
        console.confirm(question.format(slug=found.slug), is_sure=yes)
        gone = service.erase(actor, found.id, keeps_photos=keep_photos)
        record = {"id": found.id, "revisions": gone.revisions, "photos": gone.photos}
        sentence = _("Terhapus: {revisions} versi naskah dan {photos} foto.").format(**record)
        console.event(record, sentence)


for _name, _help, _done, _note in (
    ("submit", "Ajukan untuk diperiksa.", "Sudah diajukan: {slug}", True),
    ("recall", "Kembalikan ke draf.", "Kembali menjadi draf: {slug}", False),
    ("approve", "Setujui.", "Sudah disetujui: {slug}", True),
    ("return", "Kembalikan ke penulis dengan --note.", "Dikembalikan: {slug}", True),
    ("withdraw", "Tarik dari pembaca.", "Sudah ditarik: {slug}", True),
    ("trash", "Buang ke keranjang (30 hari).", "Dibuang ke keranjang: {slug}", False),
    ("restore", "Ambil kembali dari keranjang.", "Dipulihkan: {slug}", False),
):
    news.add_command(_transition(_name, _help, _done, note=_note))

_OUTCOMES = {"created": "baru", "updated": "diperbarui", "unchanged": "tidak berubah"}


def _find(actor: Actor, article: str, *, trashed: bool = False) -> Article:
    from desa_web.features.news import queries

    try:
        return queries.find(actor, article, trashed=trashed)
    except NotFound as error:
        where = "desa news list --trash" if trashed else "desa news list"
        sentence = _("{why} Lihat daftarnya: {where}")
        raise NotFound(sentence.format(why=error.message, where=where)) from error


def _tell(console: Console, article: Article, sentence: str) -> None:
    record = {
        "id": article.id, "slug": article.slug, "state": article.state.value,
        "version": article.version,
    }  # fmt: skip
    if console.is_json:
        console.show([record])
    else:
        console.line(_(sentence).format(slug=article.slug))
