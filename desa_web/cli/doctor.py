"""`desa doctor`: every registered check, in plain sentences. Exit 1 when something is broken."""

from __future__ import annotations

import click

from desa_web.core.console import Console


@click.command(epilog="Contoh:  desa --site situs doctor --json")
@click.option("--trust-clock", is_flag=True, help="Tanggal komputer sudah saya periksa: betul.")
@click.pass_context
def doctor(ctx: click.Context, trust_clock: bool) -> None:
    """Periksa kesehatan situs."""
    from desa_web.core import journal
    from desa_web.core.actor import operator
    from desa_web.core.checks import Finding, Level, run
    from desa_web.core.errors import Damaged
    from desa_web.core.i18n import _
    from desa_web.features import checks
    from desa_web.ops.health import CHECKS

    console: Console = ctx.obj
    try:
        with console.site(any_schema=True) as site:
            if trust_clock:
                journal.confirm_clock(operator(site))
            found = run(site, [*CHECKS, *checks(site)])
    except Damaged:
        # The usual sentence sends people here; a database that cannot even be opened needs another.
        sentence = _(
            "Tidak terbaca sama sekali. Simpan dulu salinan folder situs ini, "
            "lalu pulihkan dari cadangan: desa backup restore BERKAS"
        )
        found = [Finding(_("Basis data"), Level.BAD, sentence)]
    records = [
        {"subject": f.subject, "level": f.level.value, "sentence": f.sentence} for f in found
    ]
    console.show(records, ("level", "subject", "sentence"))
    if any(finding.level is Level.BAD for finding in found):
        ctx.exit(1)
