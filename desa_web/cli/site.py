"""`desa init`, `desa serve`, `desa follow`: a site from its first day on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from desa_web.core.console import Console
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.cli.setup import Wishes
    from desa_web.core.site import Site


@click.command(
    epilog="Contoh:  desa init situs --name 'Desa Sukamaju' --admin bagus   ·   "
    "desa init media --role hub --name 'Kabupaten Kebumen' --code 33.05"
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAMA", help="Nama desa; untuk hub nama kabupaten atau kota.")
@click.option(
    "--code",
    metavar="KODE",
    default="",
    help="Kode wilayah Kemendagri: desa 35.22.07.2004; hub kabupaten 33.05, provinsi 33.",
)
@click.option(
    "--role",
    type=click.Choice(["desa", "hub"]),
    default="desa",
    help="Desa, atau hub Kominfo.",
)
@click.option("--admin", "login", metavar="PENGGUNA", help="Nama pengguna admin pertama.")
@click.option("--admin-name", "person", metavar="NAMA", help="Nama lengkap admin pertama.")
@click.option("--demo", is_flag=True, help="Isi dengan desa contoh dan empat akun contoh.")
@click.option("--wizard", is_flag=True, help="Tanpa pengguna: lanjut menyiapkan di browser.")
@click.option("--database-url", default="", help="postgresql://… untuk hub besar.")
@click.pass_obj
def init(
    console: Console,
    folder: Path,
    name: str | None,
    code: str,
    role: str,
    login: str | None,
    person: str | None,
    demo: bool,
    wizard: bool,
    database_url: str,
) -> None:
    """Buat situs baru di FOLDER."""
    from desa_web.cli import setup

    if wizard and (demo or login is not None or person is not None):
        raise click.UsageError(_("--wizard menanyakan akun di browser; pilih salah satu."))
    has_options = demo or wizard or name is not None or login is not None
    wishes = setup.Wishes(
        name=name or ("Sukamaju" if demo else ""),
        code=code,
        role=role,
        login=login or "admin",
        person=person or "",
        password=None,
        database_url=database_url,
    )
    if not has_options and sys.stdin.isatty():
        wishes = _asked(wishes)
    if wizard:
        setup.create_open(console, folder, wishes)
        return
    setup.create(console, folder, wishes, is_demo=demo)


@click.command(epilog="Contoh:  desa --site situs serve --port 8080")
@click.option("--host", metavar="ALAMAT", help="Alamat jaringan; bawaan dari desa.toml.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="NOMOR",
    help="Nomor port; 0 berarti mana saja.",
)
@click.pass_obj
def serve(console: Console, host: str | None, port: int | None) -> None:
    """Jalankan situs sampai dihentikan dengan Ctrl+C."""
    from desa_web.cli import serving

    with console.site(any_schema=True) as site:
        chosen_host = host or site.config.text("host")
        chosen_port = site.config.number("port") if port is None else port
        serving.serve(
            site, chosen_host, chosen_port, on_ready=lambda url: _ready(console, site, url)
        )


@click.command(epilog="Contoh:  desa --site situs follow --once   (dari cron, tiap menit)")
@click.option("--once", is_flag=True, help="Kerjakan yang tertinggal sekali, lalu selesai.")
@click.pass_obj
def follow(console: Console, once: bool) -> None:
    """Kerjakan yang tertunda: halaman, indeks, kiriman, jadwal; untuk situs tanpa desa serve."""
    from desa_web.cli import serving

    with console.site() as site:
        if not once:
            serving.follow(site)
            return
        taken = serving.follow_once(site)
        sentence = _("{n} perubahan dikerjakan.").format(n=taken)
        console.event({"rows": taken}, sentence)


def _asked(wishes: Wishes) -> Wishes:
    from dataclasses import replace

    name = wishes.name or click.prompt(_("Nama desa"))
    person = click.prompt(_("Nama lengkap Anda"))
    login = click.prompt(_("Nama pengguna untuk masuk"), default=wishes.login)
    return replace(
        wishes,
        name=name,
        person=person,
        login=login,
        password=click.prompt(
            _("Kata sandi"),
            hide_input=True,
            confirmation_prompt=_("Ulangi kata sandi"),
            value_proc=lambda text: _acceptable(text, (name, person, login)),
        ),
    )


def _acceptable(password: str, known_words: tuple[str, ...]) -> str:
    """Return the password, or let click ask again."""
    from desa_web.features.accounts import passwords

    found = passwords.problem(password, known_words)
    if found is not None:
        raise click.UsageError(found)
    return password


def _ready(console: Console, site: Site, url: str) -> None:
    """Say where the site is; while nobody can sign in, with which code to set it up."""
    from desa_web.core.db import is_read_only
    from desa_web.features.setup import guard

    code = None if is_read_only(site.database) else guard.open_wizard(site)
    record, lines = {"event": "ready", "url": url}, [_("Situs siap di {url}").format(url=url)]
    if code is not None:
        record["setup_code"] = code
        lines += ["", _("Situs ini belum disiapkan. Buka {url}mulai di browser").format(url=url)]
        lines.append(_("dan ketik kode penyiapan ini:  {code}").format(code=code))
    console.event(record, "\n".join(lines))
