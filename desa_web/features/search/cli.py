"""`desa search QUERY`, `desa search rebuild`, `desa search status`."""

from __future__ import annotations

from typing import Any

import click

from desa_web.core.console import Column, Console
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _

_STATUS = (
    Column(
        "condition",
        "keadaan",
        {
            "ready": "siap",
            "needs_rebuild": "perlu dibuat ulang: desa search rebuild",
            "rebuilding": "sedang dibuat ulang",
        },
    ),
    Column("documents", "naskah"),
    Column("seq", "sampai perubahan ke"),
    Column("head", "dari"),
    Column("segments", "potongan"),
    Column("size_bytes", "ukuran (byte)"),
    Column("reason", "catatan teknis"),
)


class _WordsOrCommand(click.Group):
    """A group whose first word may also be the query: `desa search posyandu`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Options before the words (--limit 5 posyandu) belong to the search as well.
        is_help = any(arg in ("-h", "--help") for arg in args[:1])
        if args and not is_help and args[0] not in self.commands:
            args = ["query", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in super().list_commands(ctx) if name != "query"]


@click.group(
    cls=_WordsOrCommand,
    options_metavar="",
    subcommand_metavar="KATA… | rebuild | status",
    epilog="Contoh:  desa search 'pelatihan posyandu' --limit 5   ·   desa search status",
)
def search() -> None:
    """Cari di semua yang terbit, atau urus indeksnya.

    Pilihan seperti --limit, --rubric, --year, --kind, --exact: desa search query --help.
    Untuk mencari kata "rebuild" atau "status", tulis: desa search query status
    """


@search.command("query", epilog="Contoh:  desa search posyandu --json")
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--limit",
    default=10,
    show_default=True,
    help="Paling banyak sekian.",
    type=click.IntRange(1, 100),
)
@click.option("--rubric", default="", metavar="SLUG", help="Hanya rubrik ini (alamatnya).")
@click.option("--year", default=0, metavar="TAHUN", help="Hanya tahun ini.")
@click.option(
    "--kind",
    default="",
    metavar="JENIS",
    help="Hanya jenis ini: article, announcement, page, album, document.",
)
@click.option("--exact", "is_exact", is_flag=True, help="Jangan betulkan salah ketik.")
@click.pass_obj
def query(console: Console, /, words: tuple[str, ...], limit: int, **filters: Any) -> None:
    """Cari KATA; tampil jenis, judul, alamat, cuplikan."""
    from desa_web.features.search import finding, sources

    with console.site() as site:
        kinds = sources.kind_labels()
        if filters["kind"] and filters["kind"] not in kinds:
            sentence = _("Jenis {kind} tidak ada. Pilih salah satu: {kinds}.")
            raise InvalidInput(sentence.format(kind=filters["kind"], kinds=", ".join(kinds)))
        text = finding.clean(" ".join(words))[: finding.LONGEST_QUERY]
        found = finding.find(site, finding.Ask(text=text, **filters), size=limit)
        if found.is_partial:
            console.say(_("Indeks belum lengkap. Lengkapi dengan: desa search rebuild"))
        if found.corrected:
            console.say(_("Menampilkan hasil untuk “{text}”.").format(text=found.corrected))
        records = [
            {
                "kind": hit.kind,
                "id": hit.id,
                "title": hit.shown.title.striptags(),
                "url": hit.shown.url,
                "snippet": hit.shown.snippet.striptags(),
                "score": hit.score,
            }
            for hit in found.hits
        ]
        columns = (Column("kind", words=kinds), "title", "url")
        console.show(records, columns, empty=_("Tidak ada yang cocok. Coba kata lain."))


@search.command(epilog="Contoh:  desa --site situs search rebuild")
@click.pass_obj
def rebuild(console: Console) -> None:
    """Buat ulang indeks; pencarian tetap jalan selama itu."""
    from desa_web.features.search import follower, shelf

    with console.site() as site:
        follower.rebuild_now(site)
        count = shelf.index_of(site).status().documents
        sentence = _("Selesai: {n} naskah bisa dicari.").format(n=count)
        console.event({"documents": count}, sentence)


@search.command(epilog="Contoh:  desa --site situs search status")
@click.pass_obj
def status(console: Console) -> None:
    """Keadaan indeks: lengkap atau tidak, sampai mana, berapa besar."""
    from desa_web.core import journal
    from desa_web.features.search import shelf

    with console.site() as site:
        found, head = shelf.index_of(site).status(), journal.head(site)
        kept = shelf.cursor_file(site).read()
        is_ours = kept is not None and kept.journal_id == head.journal_id
        record = {
            "condition": found.condition.value,
            "reason": found.reason,
            "documents": found.documents,
            "seq": kept.seq if kept and is_ours else None,
            "head": head.seq,
            "segments": found.segments,
            "size_bytes": found.size_bytes,
        }
        console.show_one(record, _STATUS)
