"""`desa visits top`, `desa visits days`."""

from __future__ import annotations

import click

from desa_web.core.console import Console

_DAYS = click.IntRange(1, 400)


@click.group(epilog="Contoh:  desa visits top --days 30")
def visits() -> None:
    """Lihat berapa kali halaman dibaca; siapa pembacanya tidak dicatat."""


@visits.command("top", epilog="Contoh:  desa visits top --days 30 --limit 20")
@click.option("--days", default=7, show_default=True, type=_DAYS, help="Sekian hari terakhir.")
@click.option(
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1, 500),
    help="Paling banyak sekian.",
)
@click.pass_obj
def top(console: Console, days: int, limit: int) -> None:
    """Tampilkan berita yang paling banyak dibaca."""
    from desa_web.features.visits import service

    with console.site() as site:
        found = service.popular(site, days=days, limit=limit)
        console.show(
            [
                {"views": one.views, "title": one.title, "url": one.url, "id": one.id}
                for one in found
            ],
            columns=("views", "title", "url"),
        )


@visits.command("days", epilog="Contoh:  desa visits days --days 90 --json")
@click.option("--days", default=30, show_default=True, type=_DAYS, help="Sekian hari terakhir.")
@click.pass_obj
def a_day(console: Console, days: int) -> None:
    """Tampilkan berapa kali halaman dibaca tiap hari."""
    from desa_web.features.visits import service

    with console.site() as site:
        found = service.a_day(site, days=days)
        console.show(
            [{"day": day.isoformat(), "views": n} for day, n in found], columns=("day", "views")
        )
