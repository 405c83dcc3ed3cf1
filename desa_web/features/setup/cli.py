"""`desa setup`: what the console may do while a site waits for its first person."""

from __future__ import annotations

import click

from desa_web.core.console import Console
from desa_web.core.i18n import _


@click.group(epilog="Contoh:  desa setup code")
def setup() -> None:
    """Penyiapan pertama lewat browser."""


@setup.command("code", epilog="Contoh:  desa --site situs setup code")
@click.pass_obj
def new_code(console: Console) -> None:
    """Buat kode penyiapan baru; kode yang lama tidak berlaku lagi."""
    from desa_web.core.errors import Conflict
    from desa_web.features.setup import guard

    with console.site() as site:
        code = guard.open_wizard(site)
        if code is None:
            raise Conflict(_("Situs ini sudah punya pengguna, jadi tidak perlu kode penyiapan."))
        sentence = _("Kode penyiapan: {code}. Ketik di alamat situs, di /mulai.")
        console.event({"event": "setup_code", "code": code}, sentence.format(code=code))
