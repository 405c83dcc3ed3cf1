"""`desa config`: the operator's options in desa.toml, and the village's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from desa_web.core.console import Console
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.core.actor import Actor
    from desa_web.core.config import Value


@click.group(epilog="Contoh:  desa config set port 9000   ·   desa config set motto 'Guyub rukun'")
def config() -> None:
    """Pilihan server (desa.toml) dan pengaturan desa."""


@config.command("list", epilog="Contoh:  desa --site situs config list")
@click.pass_obj
def list_all(console: Console) -> None:
    """Semua pilihan dan pengaturan dengan nilainya sekarang."""
    from desa_web.core import settings
    from desa_web.core.config import OPTIONS

    with console.site() as site:
        chosen = settings.read(site)
        records: list[dict[str, object]] = [
            {"name": o.name, "value": site.config.values[o.name], "about": o.help, "kind": "option"}
            for o in OPTIONS
        ]
        records += [
            {"name": s.name, "value": chosen[s.name], "about": s.label, "kind": "setting"}
            for s in settings.SETTINGS
        ]
        console.show(records, ("name", "value", "about"))


@config.command("get", epilog="Contoh:  desa config get village_name")
@click.argument("name")
@click.pass_obj
def get_one(console: Console, name: str) -> None:
    """Nilai satu pilihan atau pengaturan."""
    from desa_web.core import settings

    with console.site() as site:
        if name in site.config.values:
            value: object = site.config.values[name]
        else:
            value = settings.read(site)[settings.setting(name).name]
        console.event({"name": name, "value": value}, _plain(value))


@config.command("set", epilog="Contoh:  desa config set base_url https://sukamaju.desa.id")
@click.argument("name")
@click.argument("value")
@click.pass_obj
def set_one(console: Console, name: str, value: str) -> None:
    """Ubah satu pilihan (berlaku setelah server dijalankan ulang) atau pengaturan."""
    from desa_web.core import settings

    with console.actor() as actor:
        if name in actor.site.config.values:
            stored: object = _set_option(actor, name, value)
        else:
            text = value.replace("\\n", "\n")
            if name.startswith("accent_"):
                _check_colour(actor, name, text)
            stored = settings.change(actor, {settings.setting(name).name: text})[name]
        console.event({"name": name, "value": stored}, f"{name} = {_plain(stored)}")


def _set_option(actor: Actor, name: str, text: str) -> Value:
    """Write desa.toml anew with this option; what else is set in it stays."""
    from desa_web.core import config as options
    from desa_web.core.actor import Permission
    from desa_web.core.disk import write_atomic

    actor.require(Permission.MANAGE_SITE)
    file = actor.site.path / "desa.toml"
    value = options.parse(name, text)
    write_atomic(file, options.as_toml(options.chosen(file) | {name: value}).encode())
    return value


def _check_colour(actor: Actor, name: str, text: str) -> None:
    """Refuse a colour that nobody could read beside the others."""
    from desa_web.core import settings
    from desa_web.core.errors import InvalidInput
    from desa_web.web.accents import check_accents
    from desa_web.web.public import site_context

    wanted = settings.Settings({**settings.read(actor.site), name: text.strip().lower()})
    problems = check_accents(site_context(wanted).accents)
    if problems:
        raise InvalidInput(" ".join(problem.sentence for problem in problems))


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(map(str, value))
    if isinstance(value, bool):
        return _("ya") if value else _("tidak")
    return str(value)
