"""`desa theme`: which themes there are, a new one to start from, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import click

from desa_web.core.console import Console
from desa_web.core.i18n import _


@click.group(epilog="Contoh:  desa theme new batik   ·   desa theme check batik")
def theme() -> None:
    """Tema: daftar, tema baru, dan pemeriksaan."""


@theme.command("list", epilog="Contoh:  desa --site situs theme list")
@click.pass_obj
def list_(console: Console) -> None:
    """Tema bawaan dan tema milik situs; yang dipakai diberi tanda."""
    from desa_web.core import settings
    from desa_web.web.theming import shipped_themes

    with console.site() as site:
        chosen = settings.read(site)["theme"]
        records = [
            {"name": folder.name, "is_used": folder.name == chosen, "from": origin}
            for origin, base in (("situs", site.path / "themes"), ("bawaan", shipped_themes()))
            for folder in sorted(base.glob("*/"))
            if (folder / "theme.toml").is_file()
        ]
        console.show(records, ("name", "is_used", "from"))


@theme.command(epilog="Contoh:  desa --site situs theme new batik --extends desa")
@click.argument("name")
@click.option("--extends", default="desa", show_default=True, help="Tema yang diteruskan.")
@click.pass_obj
def new(console: Console, name: str, extends: str) -> None:
    """Buat tema NAMA di folder themes situs, siap disunting."""
    from desa_web.web.theme_layers import chain
    from desa_web.web.theming import new_theme

    with console.site() as site:
        themes = site.path / "themes"
        chain(extends, themes)
        made = new_theme(themes, name, extends)
        sentence = _("Tema {name} ada di {path}. Periksa dengan: desa theme check {name}")
        record = {"name": name, "path": str(made)}
        console.event(record, sentence.format(name=name, path=made))


@theme.command(epilog="Contoh:  desa --site situs theme check batik   ·   desa theme check ./batik")
@click.argument("theme_name", metavar="NAMA")
@click.pass_obj
def check(console: Console, theme_name: str) -> int:
    """Gambar semua jenis halaman dengan tema NAMA (atau foldernya) dan sebut yang salah."""
    from desa_web.web.theming import check_theme

    problems = check_theme(_folder(console, theme_name))
    records = [
        {
            "level": _("salah") if problem.is_error else _("perlu dilihat"),
            "path": problem.path, "line": problem.line, "message": problem.message,
        }
        for problem in problems
    ]  # fmt: skip
    if records or console.is_json:
        console.show(records)
    else:
        console.line(_("Tema {name} tidak ada masalahnya.").format(name=theme_name))
    return 1 if any(problem.is_error for problem in problems) else 0


def _folder(console: Console, name: str) -> Path:
    """Return the theme's folder: a path as it is, otherwise the site's, then the shipped one."""
    from desa_web.core.errors import NotFound
    from desa_web.web.theming import shipped_themes

    places = [Path(name)] if "/" in name or Path(name, "theme.toml").is_file() else []
    if not places:
        with console.site() as site:
            places = [site.path / "themes" / name, shipped_themes() / name]
    for place in places:
        if place.is_dir():
            return place.resolve()
    sentence = _("Tema {name} tidak ada. Lihat daftarnya dengan: desa theme list")
    raise NotFound(sentence.format(name=name))
