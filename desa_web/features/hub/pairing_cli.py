"""`desa hub pair …`: invite villages and confirm them without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from desa_web.core.console import Column, Console, out_file
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.features.hub.pairing_rows import Pairing

_COLUMNS = (
    "id",
    Column(
        "state",
        words={
            "open": "menunggu desa", "greeted": "desa sedang menjawab",
            "answered": "cocokkan katanya", "confirmed": "tersambung", "refused": "dibatalkan",
        },
    ),
    Column("is_expired", "lewat waktu"), "name", "label", "words",
)  # fmt: skip


@click.group(epilog="Contoh:  desa hub pair invite --label Sukamaju   ·   desa hub pair list")
def pair() -> None:
    """Sambungkan desa: kode undangan, empat kata, berkas undangan."""


@pair.command(
    epilog="Contoh:  desa hub pair invite --label Sukamaju   ·   desa hub pair invite --file F"
)
@click.option("--label", default="", metavar="NAMA", help="Untuk desa mana; boleh kosong.")
@click.option("--source", default="", metavar="NAMA", help="Sumber yang mendapat kunci baru.")
@click.option(
    "--file", metavar="BERKAS", type=click.Path(path_type=Path),
    help="Tulis berkas undangan untuk stik.",
)  # fmt: skip
@click.pass_obj
def invite(console: Console, label: str, source: str, file: Path | None) -> None:
    """Buat undangan: delapan angka yang berlaku 15 menit, atau berkas yang berlaku 90 hari."""
    from desa_web.core.disk import write_atomic
    from desa_web.features.hub import at_hub, pairing, sources

    with at_hub.officer(console) as actor:
        source_id = sources.find(actor.site, source).id if source else None
        if file is not None:
            path = out_file(file)
            made, data = pairing.invite_by_file(actor, label, source_id=source_id)
            write_atomic(path, data, mode=0o600)
            console.event(
                _record(made),
                _(
                    "Undangan siap: {file}. Berikan kepada desa. Sesudah balasannya datang: "
                    "desa hub pair reply BERKAS"
                ).format(file=file),
            )
            return
        made = pairing.invite(actor, label, source_id=source_id)
        code = f"{made.code[:4]} {made.code[4:]}"
        sentence = _(
            "Kode: {code}, berlaku 15 menit. Nomor undangan: {id}\n"
            "Sampaikan kode dan alamat situs ini kepada desa. Sesudah desa mengetiknya, cocokkan "
            "empat katanya: desa hub pair list, lalu desa hub pair confirm {id}"
        )
        console.event(_record(made), sentence.format(code=code, id=made.id))


@pair.command("list", epilog="Contoh:  desa hub pair list")
@click.pass_obj
def list_(console: Console) -> None:
    """Daftar undangan yang masih berjalan dan yang baru selesai."""
    from desa_web.features.hub import at_hub, pairing

    with at_hub.officer(console) as actor:
        records = [_record(one) for one in pairing.pairings(actor.site)]
        empty = _("Belum ada undangan. Buat dengan: desa hub pair invite --label NAMA")
        console.show(records, _COLUMNS, empty=empty)


@pair.command(epilog="Contoh:  desa hub pair reply balasan.desa-balasan")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.pass_obj
def reply(console: Console, file: Path) -> None:
    """Baca berkas balasan BERKAS dari desa; sesudah itu cocokkan kata-katanya."""
    from desa_web.features.hub import at_hub, pairing

    with at_hub.officer(console) as actor:
        found = pairing.take_reply(actor, file.read_bytes()[: 64 << 10])
        sentence = _("{name}: {words}. Bila sama, jalankan: desa hub pair confirm {id}")
        console.event(
            _record(found), sentence.format(name=found.name, words=found.words, id=found.id)
        )


@pair.command(epilog="Contoh:  desa hub pair confirm UNDANGAN")
@click.argument("invitation")
@click.pass_obj
def confirm(console: Console, invitation: str) -> None:
    """Kata-katanya sama: sambungkan desa yang menjawab UNDANGAN (nomor dari hub pair list)."""
    from desa_web.features.hub import at_hub, pairing, sources

    with at_hub.officer(console) as actor:
        source_id = pairing.confirm(actor, invitation)
        source = sources.get(actor.site, source_id)
        record = {"source": source.name, "slug": source.slug, "site": source.site}
        console.event(
            record,
            _("{name} tersambung. Beritanya datang sendiri mulai sekarang.").format(
                name=source.name
            ),
        )


@pair.command(epilog="Contoh:  desa hub pair refuse UNDANGAN")
@click.argument("invitation")
@click.pass_obj
def refuse(console: Console, invitation: str) -> None:
    """Tolak atau batalkan UNDANGAN (nomor dari hub pair list)."""
    from desa_web.features.hub import at_hub, pairing

    with at_hub.officer(console) as actor:
        pairing.refuse(actor, invitation)
        sentence = _("Undangan dibatalkan. Undang lagi dengan: desa hub pair invite")
        console.event({"event": "refused", "id": invitation}, sentence)


@pair.command(epilog="Contoh:  desa hub pair revoke sukamaju")
@click.argument("name")
@click.pass_obj
def revoke(console: Console, name: str) -> None:
    """Putuskan sumber NAMA; beritanya yang sudah ada tetap ada."""
    from desa_web.features.hub import at_hub, pairing

    with at_hub.officer_of(console, name) as (actor, source):
        pairing.revoke(actor, source.id)
        console.event({"event": "revoked", "source": source.name}, _("Sambungan diputus."))


def _record(one: Pairing) -> dict[str, object]:
    names = ("id", "kind", "state", "code", "label", "name", "site", "kode_wilayah", "words")
    times = {"expires_at": one.expires_at, "is_expired": one.is_expired}
    return {name: getattr(one, name) for name in names} | times
