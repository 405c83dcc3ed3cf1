"""`desa demo FOLDER`: a whole village to look at; its people get new passwords each time."""

from __future__ import annotations

from pathlib import Path

import click

from desa_web.core.console import Console
from desa_web.core.i18n import _


@click.command(epilog="Contoh:  desa demo demo --port 8080")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--host", metavar="ALAMAT", help="Alamat jaringan; bawaan 127.0.0.1.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="NOMOR",
    help="Nomor port; 0 berarti mana saja.",
)
@click.pass_obj
def demo(console: Console, folder: Path, host: str | None, port: int | None) -> None:
    """Buat desa contoh bila belum ada, beri kata sandi baru, lalu jalankan."""
    from desa_web.cli import serving, setup
    from desa_web.core import migrate
    from desa_web.core.site import open_site

    if not (folder / "desa.toml").exists():
        console.say(_("Menyiapkan desa contoh. Foto-fotonya diproses dulu, sekitar semenit."))
        setup.create_demo(console, folder)
    site = open_site(folder)
    with site.bound():
        migrate.upgrade(site.database)
        passwords = setup.renew_demo_passwords(site)
        options = site.config

        def ready(url: str) -> None:
            lines = [_("Desa contoh siap di {url}").format(url=url), ""]
            lines.append(_("Masuk di {url}masuk dengan salah satu akun:").format(url=url))
            lines += [f"  {login:10} {word}" for login, word in passwords.items()]
            lines += ["", _("Berhenti: Ctrl+C")]
            record = {"event": "ready", "url": url, "accounts": passwords}
            console.event(record, "\n".join(lines))

        chosen = options.number("port") if port is None else port
        serving.serve(site, host or options.text("host"), chosen, on_ready=ready)
