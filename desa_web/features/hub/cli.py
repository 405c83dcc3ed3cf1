"""`desa hub source …`: read the arguments, call one service function, print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from desa_web.core.console import Column, Console, out_file
from desa_web.core.i18n import _
from desa_web.features.hub.inbox_cli import inbox
from desa_web.features.hub.pairing_cli import pair

if TYPE_CHECKING:
    from desa_web.features.hub.source import Source

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_SHORT = Column("slug", "nama singkat")
_KIND = Column("kind", words={"desa": "situs desa", "feed": "feed"})
_SOURCE_STATE = Column("state", words={"active": "aktif", "paused": "dijeda", "removed": "dihapus"})
_TRUST = Column("trust", words={"review": "diperiksa dulu", "auto": "sendiri"})
_SOURCES = (
    "name", _SHORT, _KIND, _SOURCE_STATE, _TRUST, "last_ok_at", "last_news_at", "address", "error",
)  # fmt: skip
_SOURCE = (
    "name", _SHORT, _KIND, _SOURCE_STATE, _TRUST, "address", "site",
    "kode_wilayah", "district", Column("confirmed", "sudah dipastikan"), "contact",
    Column("claims_name", "mengaku sebagai"), Column("claims_code", "mengaku kode wilayah"),
    "last_ok_at", "last_news_at", "next_at", "error",
    Column("new", "berita baru"), Column("updated", "berubah"), Column("withdrawn", "ditarik"),
    Column("held", "disimpan"), Column("published", "terbit di sini"),
    Column("returned", "dikembalikan"), Column("lost", "hilang di desa"), "id",
)  # fmt: skip


@click.group(epilog="Contoh:  desa hub source add https://sukamaju.desa.id   ·   desa sync pull")
def hub() -> None:
    """Media center: sumber berita dan kotak masuk."""


hub.add_command(pair)
hub.add_command(inbox)


@hub.group(epilog="Contoh:  desa hub source list   ·   desa hub source trust sukamaju --auto")
def source() -> None:
    """Sumber berita: situs desa dan feed."""


@source.command(
    epilog="Contoh:  desa hub source add sukamaju.desa.id   ·   desa hub source add lama.id"
)
@click.argument("address")
@click.option("--kind", type=click.Choice(["desa", "feed"]), help="Tanpa bertanya ke alamatnya.")
@click.option("--name", default="", metavar="NAMA", help="Nama sumber; bawaan: sebutannya sendiri.")
@click.option("--contact", default="", metavar="SIAPA", help="Siapa yang dihubungi.")
@click.pass_obj
def add(console: Console, address: str, kind: str | None, name: str, contact: str) -> None:
    """Tambah sumber: alamat situs desa, atau alamat feed situs lain."""
    from desa_web.engines.sync.unreachable import Unreachable
    from desa_web.features.hub import at_hub, sources
    from desa_web.features.hub.source import Kind

    with at_hub.officer(console) as actor:
        chosen = Kind(kind) if kind else None
        try:
            made = sources.add(actor, address, kind=chosen, name=name, contact=contact)
        except Unreachable as error:
            if not error.may_pass:
                raise
            way = _("Tanpa bertanya: desa hub source add {address} --kind desa (atau feed)")
            sentence = f"{error.message} {way.format(address=address)}"
            raise Unreachable(error.reason, sentence) from error
        sentence = _("{name} ditambahkan sebagai {kind}. Ambil beritanya dengan: desa sync pull")
        told = _("situs desa") if made.kind is Kind.DESA else _("feed, tanpa tanda tangan")
        console.event(_record(made), sentence.format(name=made.name, kind=told))


@source.command(
    "list", epilog="Contoh:  desa hub source list   ·   desa hub source list --all --json"
)
@click.option("--all", "is_all", is_flag=True, help="Juga yang sudah dihapus.")
@click.pass_obj
def list_(console: Console, is_all: bool) -> None:
    """Daftar sumber dan keadaannya."""
    from desa_web.features.hub import at_hub, sources

    with at_hub.officer(console) as actor:
        found = sources.listed(actor.site, with_removed=is_all)
        empty = _("Belum ada sumber. Tambah dulu: desa hub source add https://sukamaju.desa.id")
        console.show([_record(one) for one in found], _SOURCES, empty=empty)


@source.command(epilog="Contoh:  desa hub source show sukamaju")
@click.argument("name")
@click.pass_obj
def show(console: Console, name: str) -> None:
    """Semua tentang satu sumber."""
    from desa_web.features.hub import at_hub, items, sources

    with at_hub.officer_of(console, name) as (actor, one):
        said = sources.claim(actor.site, one.site)
        counts = {str(shelf): n for shelf, n in items.counts(one.id).items()}
        record = {
            **_record(one), **counts, "lost": len(items.lost(one.id)),
            "claims_name": said.name if said else "",
            "claims_code": said.kode_wilayah if said else "",
        }  # fmt: skip
        console.show_one(record, _SOURCE)


@source.command(
    epilog="Contoh:  desa hub source change sukamaju --district Dander --contact 'Nur Aini'"
)
@click.argument("name")
@click.option("--name", "new_name", metavar="NAMA", help="Nama baru.")
@click.option("--contact", metavar="SIAPA", help="Siapa yang dihubungi.")
@click.option("--code", metavar="KODE", help="Kode wilayah desa, seperti 35.22.07.2004.")
@click.option("--district", metavar="NAMA", help="Kecamatan.")
@click.option("--address", metavar="ALAMAT", help="Alamat situs yang baru.")
@click.pass_obj
def change(
    console: Console,
    name: str,
    new_name: str | None,
    contact: str | None,
    code: str | None,
    district: str | None,
    address: str | None,
) -> None:
    """Ubah nama, alamat, kontak, atau wilayah sumber."""
    from desa_web.features.hub import at_hub, sources

    with at_hub.officer_of(console, name) as (actor, one):
        done = sources.change(
            actor, one.id, name=new_name, contact=contact, kode_wilayah=code, district=district,
            address=address,
        )  # fmt: skip
        console.event(_record(done), _("{name} sudah diubah.").format(name=done.name))


@source.command(epilog="Contoh:  desa hub source trust sukamaju --auto")
@click.argument("name")
@click.option(
    "--auto/--review", "is_auto", required=True, help="Terbit sendiri, atau diperiksa petugas dulu."
)
@click.pass_obj
def trust(console: Console, name: str, is_auto: bool) -> None:
    """Beritanya terbit sendiri, atau diperiksa petugas dulu."""
    from desa_web.features.hub import at_hub, sources
    from desa_web.features.hub.source import Trust

    with at_hub.officer_of(console, name) as (actor, one):
        value = Trust.AUTO if is_auto else Trust.REVIEW
        done = sources.trust(actor, one.id, value)
        sentences = {
            Trust.AUTO: _("Berita {name} terbit sendiri mulai sekarang."),
            Trust.REVIEW: _("Berita {name} diperiksa petugas dulu."),
        }
        console.event(_record(done), sentences[value].format(name=done.name))


def _decision(name: str, about: str, done: str) -> click.Command:
    """Return a command that calls the rule of this name on one source and says `done`."""

    @click.command(name, help=about, epilog=f"Contoh:  desa hub source {name} sukamaju")
    @click.argument("source_name", metavar="NAMA")
    @click.pass_obj
    def command(console: Console, source_name: str) -> None:
        from desa_web.features.hub import at_hub, sources

        with at_hub.officer_of(console, source_name) as (actor, one):
            made = getattr(sources, name)(actor, one.id)
            sentence = _(done).format(name=made.name, slug=made.slug)
            console.event(_record(made), sentence)

    return command


for _name, _about, _done in (
    (
        "confirm",
        "Pastikan: sumber ini memang desa yang disebutnya.",
        "{name} sudah dipastikan. Supaya beritanya terbit sendiri: "
        "desa hub source trust {slug} --auto",
    ),
    (
        "pause",
        "Jangan tanyai sumber ini untuk sementara.",
        "{name} dijeda. Tanyai lagi dengan: desa hub source resume {slug}",
    ),
    ("resume", "Tanyai sumber ini lagi.", "{name} ditanyai lagi pada pengambilan berikut."),
):
    source.add_command(_decision(_name, _about, _done))


@source.command(epilog="Contoh:  desa hub source remove sukamaju")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Jangan bertanya.")
@click.pass_obj
def remove(console: Console, name: str, yes: bool) -> None:
    """Hapus sumber dari daftar; yang sudah terbit tetap terbit."""
    from desa_web.features.hub import at_hub, sources

    with at_hub.officer_of(console, name) as (actor, one):
        console.confirm(_("Hapus {name} dari daftar?").format(name=one.name), is_sure=yes)
        done = sources.remove(actor, one.id)
        console.event(_record(done), _("{name} dihapus dari daftar.").format(name=done.name))


@source.command("trust-again", epilog="Contoh:  desa hub source trust-again sukamaju")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Jangan bertanya.")
@click.pass_obj
def trust_again(console: Console, name: str, yes: bool) -> None:
    """Terima lagi desa yang kuncinya ganda, hilang, atau yang mulai dari awal."""
    from desa_web.features.hub import at_hub, discover, sources

    with at_hub.officer_of(console, name) as (actor, one):
        card = discover.card_at(actor.site, one.address) if one.address else None
        question = _("Sudah bicara dengan {name}, dan alamat {address} memang miliknya?")
        console.confirm(question.format(name=one.name, address=one.address), is_sure=yes)
        done = sources.trust_again(actor, one.id, site=card.site if card else "")
        sentence = _("{name} dibaca dari awal pada pengambilan berikut: desa sync pull")
        console.event(_record(done), sentence.format(name=done.name))


@source.command(
    "give-back", epilog="Contoh:  desa hub source give-back sukamaju /media/stik/sukamaju"
)
@click.argument("name")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def give_back(console: Console, name: str, folder: Path) -> None:
    """Tulis ke FOLDER berita yang hilang dari desa; di desa: desa news import FOLDER."""
    from desa_web.features.hub import at_hub, giving_back

    with at_hub.officer_of(console, name) as (actor, one):
        files = giving_back.write(actor, one.id, folder)
        sentence = _("{n} berita {name} ditulis ke {folder}. Di desa: desa news import {folder}")
        if not files:
            sentence = _("{name} tidak kehilangan berita.")
        record = {"source": one.name, "files": [str(file) for file in files]}
        console.event(record, sentence.format(n=len(files), name=one.name, folder=folder))


@source.command("import-opml", epilog="Contoh:  desa hub source import-opml desa.opml")
@click.argument("file", type=_FILE)
@click.pass_obj
def import_opml(console: Console, file: Path) -> None:
    """Tambah sumber dari berkas OPML; yang sudah ada dilewati."""
    from desa_web.features.hub import at_hub, opml

    with at_hub.officer(console) as actor:
        for one in opml.take(actor, file.read_bytes()):
            record = {"name": one.name, "address": one.address, "added": one.is_added,
                      "error": one.sentence}  # fmt: skip
            sentence = _("{name}: ditambahkan") if one.is_added else "{name}: {why}"
            console.event(record, sentence.format(name=one.name, why=one.sentence))


@source.command("export-opml", epilog="Contoh:  desa hub source export-opml desa.opml")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export_opml(console: Console, file: Path) -> None:
    """Tulis daftar sumber ke berkas OPML."""
    from desa_web.core.disk import write_atomic
    from desa_web.features.hub import at_hub, opml, sources

    with at_hub.officer(console) as actor:
        found, path = sources.listed(actor.site), out_file(file)
        write_atomic(path, opml.make(actor.site, found))
        sentence = _("{n} sumber ditulis ke {file}.").format(n=len(found), file=file)
        console.event({"file": str(file), "sources": len(found)}, sentence)


def _record(one: Source) -> Mapping[str, object]:
    poll = one.poll
    return {
        "source": one.name, "id": one.id, "slug": one.slug, "name": one.name,
        "kind": one.kind.value, "address": one.address, "site": one.site or "",
        "kode_wilayah": one.kode_wilayah, "district": one.district,
        "confirmed": one.is_confirmed, "trust": one.trust.value, "accepted": one.accepted,
        "state": one.state.value, "contact": one.contact,
        "next_at": poll.next_at.isoformat(),
        "last_ok_at": poll.ok_at.isoformat() if poll.ok_at else None,
        "last_news_at": poll.news_at.isoformat() if poll.news_at else None,
        "error_code": poll.error_code, "error": poll.error,
    }  # fmt: skip
