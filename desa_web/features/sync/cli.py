"""`desa sync …`: read the arguments, call one service function, print."""

from __future__ import annotations

from pathlib import Path

import click

from desa_web.core.console import Console
from desa_web.core.errors import DiskFull, ReadOnly, storage_error
from desa_web.core.i18n import _


class _Sync(click.Group):
    """Lets a disk that refuses end every command here with the exit code that scripts know: 5."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Exception as error:
            is_disk = isinstance(error, (DiskFull, ReadOnly))
            known = error if is_disk else storage_error(error)
            if not isinstance(known, (DiskFull, ReadOnly)):
                raise
            from desa_web.engines.sync.errors import NotStored

            raise NotStored(known.message) from error


@click.group(cls=_Sync, epilog="Contoh:  desa sync status   ·   desa sync code")
def sync() -> None:
    """Kirim berita ke Kominfo: keadaan, kunci, tempat tinggal situs."""


@sync.command(epilog="Contoh:  desa sync pull   ·   desa sync pull --source sukamaju   (di hub)")
@click.option("--source", "names", multiple=True, metavar="NAMA", help="Hanya sumber ini.")
@click.option("--due", "is_due", is_flag=True, help="Hanya yang sudah waktunya (untuk jadwal).")
@click.option("--all", "is_all", is_flag=True, help="Semua sumber, juga yang belum waktunya.")
@click.pass_obj
def pull(console: Console, names: tuple[str, ...], is_due: bool, is_all: bool) -> int:
    """Ambil berita semua sumber hub; tanpa pilihan sama dengan --all."""
    if bool(names) + is_due + is_all > 1:
        raise click.UsageError(_("Pilih salah satu: --source, --due, atau --all."))
    from desa_web.features.hub import pull_cli

    return pull_cli.run(console, names, is_due=is_due)


@sync.command(epilog="Contoh:  desa sync pair 12345678 --hub media.kabupaten.go.id")
@click.argument("code")
@click.option("--hub", "address", default="", metavar="ALAMAT", help="Alamat media center.")
@click.option("--no-wait", is_flag=True, help="Jangan menunggu petugas mencocokkan kata-kata.")
@click.pass_obj
def pair(console: Console, code: str, address: str, no_wait: bool) -> int:
    """Sambungkan situs ini dengan media center; KODE delapan angka dari petugas Kominfo."""
    from desa_web.features.sync import sending_cli

    return sending_cli.pair(console, code, address, is_waiting=not no_wait)


@sync.command(epilog="Contoh:  desa --site situs sync unpair")
@click.option("--yes", is_flag=True, help="Jangan bertanya.")
@click.pass_obj
def unpair(console: Console, yes: bool) -> None:
    """Putuskan sambungan dengan media center; yang sudah dikirim tetap di sana."""
    from desa_web.features.sync import pairing

    console.confirm(_("Berita baru tidak dikirim lagi. Putuskan?"), is_sure=yes)
    with console.actor() as actor:
        pairing.end(actor)
        console.event({"event": "unpaired"}, _("Sambungan diputus."))


@sync.command(epilog="Contoh:  desa sync push   ·   desa sync push --json")
@click.pass_obj
def push(console: Console) -> None:
    """Kirim berita dan foto yang belum sampai di media center."""
    from desa_web.features.sync import sending_cli

    sending_cli.push(console)


@sync.command(epilog="Contoh:  desa --site situs sync status")
@click.pass_obj
def status(console: Console) -> None:
    """Tersambung dengan siapa, terakhir terkirim, yang menunggu; di hub: semua sumber."""
    from desa_web.features.sync import status_cli

    status_cli.run(console)


@sync.command(epilog="Contoh:  desa --site situs sync code")
@click.pass_obj
def code(console: Console) -> None:
    """Buat kode pemulihan kunci yang baru; tulis atau cetak, lalu simpan di tempat aman."""
    from desa_web.features.sync import service

    with console.actor() as actor:
        found = service.new_recovery_code(actor)
        sentence = _("Kode pemulihan: {code}\nKode lama tidak berlaku lagi. Cadangkan situs sekali")
        console.event({"code": found}, f"{sentence.format(code=found)}: desa backup create")


@sync.command(epilog="Contoh:  desa --site situs sync unlock")
@click.option("--code", prompt=_("Kode pemulihan"), help="Kode yang dicetak.")
@click.pass_obj
def unlock(console: Console, code: str) -> None:
    """Buka kunci sesudah situs dipulihkan dari cadangan."""
    from desa_web.features.sync import service

    with console.actor() as actor:
        service.unlock(actor, code)
        console.event({"event": "unlocked"}, _("Kunci terbuka. Berita dikirim lagi."))


@sync.command(epilog="Contoh:  desa --site situs sync rotate")
@click.pass_obj
def rotate(console: Console) -> None:
    """Ganti kunci; kunci lama menandatangani yang baru, jadi Kominfo tetap mengenal situs ini."""
    from desa_web.features.sync import service

    with console.actor() as actor:
        found = service.rotate(actor)
        console.event(
            {"event": "rotated", "code": found},
            _("Kunci sudah diganti. Kode pemulihan yang baru: {code}").format(code=found),
        )


@sync.group(epilog="Contoh:  desa --site situs sync home moved")
def home() -> None:
    """Jawab pertanyaan sesudah folder situs berpindah atau disalin."""


@home.command(epilog="Contoh:  desa --site situs sync home moved")
@click.pass_obj
def moved(console: Console) -> None:
    """Folder ini pindah rumah; yang lama tidak dipakai lagi."""
    from desa_web.features.sync import service

    with console.actor() as actor:
        service.moved(actor)
        console.event({"event": "moved"}, _("Baik. Situs ini tinggal di sini sekarang."))


@home.command(epilog="Contoh:  desa --site latihan sync home copy")
@click.option("--yes", is_flag=True, help="Jangan bertanya.")
@click.pass_obj
def copy(console: Console, yes: bool) -> None:
    """Folder ini salinan: buatkan kunci sendiri. Bagi Kominfo ini menjadi situs baru."""
    from desa_web.features.sync import service

    console.confirm(_("Kunci di folder ini dihapus dan diganti. Lanjutkan?"), is_sure=yes)
    with console.actor() as actor:
        service.became_copy(actor)
        console.event({"event": "copy"}, _("Baik. Salinan ini mendapat kunci sendiri."))


@sync.group(epilog="Contoh:  desa sync invitation accept UNDANGAN.desa-undangan")
def invitation() -> None:
    """Sambungkan tanpa internet: berkas undangan dan berkas balasan di stik."""


@invitation.command(
    epilog="Contoh:  desa sync invitation accept /media/stik/sukamaju.desa-undangan"
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--output", metavar="BERKAS", type=click.Path(path_type=Path),
    help="Nama berkas balasan; bawaan: balasan.desa-balasan di folder ini.",
)  # fmt: skip
@click.pass_obj
def accept(console: Console, file: Path, output: Path | None) -> None:
    """Jawab undangan BERKAS dari Kominfo; berkas balasan dibawa kembali ke petugas."""
    from desa_web.features.sync import sending_cli

    sending_cli.accept(console, file, output or Path("balasan.desa-balasan"))


@sync.group(epilog="Contoh:  desa sync bundle create /media/stik   ·   desa sync bundle check F")
def bundle() -> None:
    """Kirim lewat stik: berita dan foto dalam berkas .desa."""


@bundle.command(epilog="Contoh:  desa sync bundle create /media/stik")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def create(console: Console, folder: Path) -> None:
    """Tulis semua berita dan foto ke FOLDER; berkas besar dibagi supaya muat di stik FAT32."""
    from desa_web.features.sync import bundles

    with console.actor() as actor:
        for file in bundles.create(actor, folder):
            record = {"file": str(file), "size_bytes": file.stat().st_size}
            console.event(record, _("Kiriman siap: {file}").format(file=file))


@bundle.command(epilog="Contoh:  desa sync bundle check /media/stik/sukamaju-20261122-1405.desa")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def check(console: Console, file: Path) -> None:
    """Periksa setiap huruf dan setiap tanda tangan; tidak ada yang diterima."""
    from desa_web.engines.sync import bundle as bundles

    found = bundles.check(file)
    record = {
        "file": str(file), "site": found.site, "lines": found.lines,
        "photos": len(found.media), "missing_photos": len(found.missing),
    }  # fmt: skip
    sentence = _(
        "Utuh: {lines} baris dan {photos} foto dari {site}; {missing_photos} foto menyusul."
    )
    console.event(record, sentence.format(**record))


@bundle.command("import", epilog="Contoh:  desa sync bundle import /media/stik/balasan.desa")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def import_(console: Console, file: Path) -> None:
    """Terima kiriman desa lain ke situs ini; mengulang tidak menggandakan."""
    from desa_web.features.sync import bundles

    with console.actor() as actor:
        taken = bundles.take(actor, file)
        record = {
            "site": taken.site, "accepted": taken.accepted, "known": taken.known,
            "waiting": taken.waiting, "photos": taken.photos,
            "missing_photos": taken.missing_photos, "receipts": taken.receipts,
        }  # fmt: skip
        if taken.receipts and not taken.accepted:
            console.event(record, _("{receipts} tanda terima dicatat.").format(**record))
            return
        sentence = _(
            "Diterima dari {site}: {accepted} baris baru, {photos} foto baru; "
            "{waiting} baris menunggu, {missing_photos} foto menyusul."
        )
        console.event(record, sentence.format(**record))
