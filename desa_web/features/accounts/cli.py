"""`desa user`: people from the command line. Services are imported when a command runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from desa_web.core.actor import Role
from desa_web.core.console import Column, Console
from desa_web.core.i18n import _, short_day

if TYPE_CHECKING:
    from datetime import datetime

    from desa_web.core.site import Site
    from desa_web.features.accounts.delegation import Delegation
    from desa_web.features.accounts.service import Person

_DAY = click.DateTime(["%Y-%m-%d"])
_ROLE = click.Choice([role.value for role in Role])


@click.group(epilog="Contoh:  desa user add nur --name 'Nur Aini' --role reporter --initials nur")
def user() -> None:
    """Pengguna: siapa yang boleh masuk, dan sebagai apa."""


@user.command("list", epilog="Contoh:  desa --site situs user list")
@click.pass_obj
def list_users(console: Console) -> None:
    """Daftar pengguna."""
    from desa_web.features.accounts import service

    with console.actor() as actor:
        console.show([_record(person) for person in service.users(actor)], _columns(actor.site))


@user.command("show", epilog="Contoh:  desa user show nur")
@click.argument("login")
@click.pass_obj
def show_user(console: Console, login: str) -> None:
    """Satu pengguna."""
    from desa_web.features.accounts import service

    with console.actor() as actor:
        console.show([_record(service.user(actor, login))], _columns(actor.site))


@user.command("add", epilog="Contoh:  desa user add nur --name 'Nur Aini' --role reporter")
@click.argument("login")
@click.option("--name", required=True, metavar="NAMA", help="Nama lengkap.")
@click.option("--role", type=_ROLE, required=True, help="Peran.")
@click.option("--initials", default="", help="Inisial KIM, misalnya nur.")
@click.option("--password-stdin", is_flag=True, help="Baca kata sandi dari masukan standar.")
@click.pass_obj
def add_user(
    console: Console, login: str, name: str, role: str, initials: str, password_stdin: bool
) -> None:
    """Tambah pengguna; tanpa kata sandi, kode undangan sekali pakai dicetak."""
    from desa_web.features.accounts import service

    with console.actor() as actor:
        if not password_stdin:
            _invite(console, login, name, role, initials)
            return
        word = sys.stdin.readline().rstrip("\n")
        person = service.add(actor, login, name, Role(role), initials=initials, password=word)
        sentence = _("{name} ({login}) bisa masuk.").format(name=person.name, login=person.login)
        console.event(_record(person), sentence)


@user.command("invite", epilog="Contoh:  desa user invite nur --name 'Nur Aini' --role reporter")
@click.argument("login")
@click.option("--name", metavar="NAMA", help="Nama lengkap, untuk orang baru.")
@click.option("--role", type=_ROLE, help="Peran, untuk orang baru.")
@click.option("--initials", default="", help="Inisial KIM, misalnya nur.")
@click.pass_obj
def invite_user(
    console: Console, login: str, name: str | None, role: str | None, initials: str
) -> None:
    """Undang orang baru, atau buat kode baru untuk yang belum memilih kata sandi."""
    if (name is None) != (role is None):
        raise click.UsageError(_("Untuk orang baru sebut --name dan --role."))
    _invite(console, login, name, role, initials)


@user.command("role", epilog="Contoh:  desa user role nur editor")
@click.argument("login")
@click.argument("role", type=_ROLE)
@click.pass_obj
def set_role(console: Console, login: str, role: str) -> None:
    """Ganti peran."""
    from desa_web.features.accounts import service

    with console.actor() as actor:
        person = service.set_role(actor, service.user(actor, login).id, Role(role))
        sentence = _("{login} sekarang {role}.").format(login=person.login, role=person.role.value)
        console.event(_record(person), sentence)


@user.command("disable", epilog="Contoh:  desa user disable nur")
@click.argument("login")
@click.pass_obj
def disable_user(console: Console, login: str) -> None:
    """Nonaktifkan pengguna; tulisannya tetap ada."""
    from desa_web.features.accounts import service

    with console.actor() as actor:
        person = service.disable(actor, service.user(actor, login).id)
        console.event(_record(person), _("{login} dinonaktifkan.").format(login=person.login))


@user.command("enable", epilog="Contoh:  desa user enable nur")
@click.argument("login")
@click.pass_obj
def enable_user(console: Console, login: str) -> None:
    """Aktifkan lagi pengguna."""
    from desa_web.features.accounts import service

    with console.actor() as actor:
        person = service.enable(actor, service.user(actor, login).id)
        console.event(_record(person), _("{login} aktif lagi.").format(login=person.login))


@user.command("reset", epilog="Contoh:  desa user reset admin")
@click.argument("login")
@click.pass_obj
def reset_user(console: Console, login: str) -> None:
    """Cetak kode sekali pakai untuk memilih kata sandi baru."""
    from desa_web.features.accounts import recovery, service

    with console.actor() as actor:
        person = service.user(actor, login)
        code = recovery.reset(actor, person.id)
        sentence = _(
            "Kode untuk {login}: {code}\nBuka /pulihkan di browser dan pilih kata sandi baru. "
            "Berlaku {n} hari, sekali pakai."
        ).format(login=person.login, code=code, n=recovery.RESET_DAYS)
        console.event({"login": person.login, "code": code}, sentence)


@user.command("sessions", epilog="Contoh:  desa user sessions nur --revoke-all")
@click.argument("login")
@click.option("--revoke", metavar="ID", help="Keluarkan satu perangkat.")
@click.option("--revoke-all", is_flag=True, help="Keluarkan dari semua perangkat.")
@click.pass_obj
def user_sessions(console: Console, login: str, revoke: str | None, revoke_all: bool) -> None:
    """Perangkat tempat seorang pengguna sedang masuk."""
    from desa_web.core.clock import as_utc
    from desa_web.features.accounts import service, sessions

    with console.actor() as actor:
        person = service.user(actor, login)
        if revoke_all:
            sessions.revoke_all(actor, person.id)
        elif revoke is not None:
            sessions.revoke(actor, person.id, revoke)
        lines = [
            {"id": line.id, "device": line.device, "seen_at": as_utc(line.seen_at_ms).isoformat()}
            for line in sessions.sessions_of(actor, person.id)
        ]
        empty = _("{login} tidak sedang masuk di mana pun.").format(login=person.login)
        console.show(lines, ("id", "device", "seen_at"), empty=empty)


@user.command(
    "delegate",
    epilog="Contoh:  desa user delegate hartini laila --from 2026-12-01 --until 2026-12-07",
)
@click.argument("giver")
@click.argument("deputy")
@click.option("--from", "first_on", type=_DAY, required=True, help="Hari pertama.")
@click.option("--until", "last_on", type=_DAY, required=True, help="Hari terakhir, ikut berlaku.")
@click.pass_obj
def delegate(
    console: Console, giver: str, deputy: str, first_on: datetime, last_on: datetime
) -> None:
    """Tunjuk Plh: PENGGANTI menyetujui berita atas nama PEMBERI pada hari-hari itu."""
    from desa_web.features.accounts import delegation

    with console.actor() as actor:
        made = delegation.appoint(actor, giver, deputy, first_on.date(), last_on.date())
        sentence = _("{deputy} menjadi Plh {giver}, {first} sampai {last}.").format(
            deputy=made.deputy.login,
            giver=made.giver.login,
            first=short_day(made.first_on),
            last=short_day(made.last_on),
        )
        console.event(_delegation(made), sentence)


@user.command("delegations", epilog="Contoh:  desa user delegations")
@click.pass_obj
def list_delegations(console: Console) -> None:
    """Daftar penunjukan Plh."""
    from desa_web.features.accounts import delegation

    with console.actor() as actor:
        stages = {"coming": "akan datang", "now": "sekarang", "over": "selesai"}
        columns = (
            "giver", "deputy", "first_on", "last_on", Column("stage", "keadaan", stages), "id",
        )  # fmt: skip
        console.show([_delegation(made) for made in delegation.delegations(actor)], columns)


@user.command("undelegate", epilog="Contoh:  desa user undelegate ID  (lihat: user delegations)")
@click.argument("delegation_id", metavar="ID")
@click.pass_obj
def end_delegation(console: Console, delegation_id: str) -> None:
    """Akhiri penunjukan Plh sebelum hari terakhirnya."""
    from desa_web.features.accounts import delegation

    with console.actor() as actor:
        ended = delegation.end(actor, delegation_id)
        sentence = _("{deputy} bukan Plh {giver} lagi.")
        said = sentence.format(deputy=ended.deputy.login, giver=ended.giver.login)
        console.event(_delegation(ended), said)


def _columns(site: Site) -> tuple[str | Column, ...]:
    from desa_web.core import settings
    from desa_web.features.accounts import service

    # The word in brackets is the one that `desa user role` takes.
    found = service.role_names(is_hub=settings.is_hub(site))
    names = {role.value: f"{name} ({role.value})" for role, name in found.items()}
    return ("login", "name", "initials", Column("role", words=names), "active", "password")


def _delegation(made: Delegation) -> dict[str, object]:
    return {
        "giver": made.giver.login,
        "deputy": made.deputy.login,
        "first_on": made.first_on.isoformat(),
        "last_on": made.last_on.isoformat(),
        "stage": made.stage.value,
        "idle": made.is_idle,
        "id": made.id,
    }


def _invite(
    console: Console, login: str, name: str | None, role: str | None, initials: str
) -> None:
    from desa_web.features.accounts import recovery, service

    with console.actor() as actor:
        if name is not None and role is not None:
            person, code = recovery.invite(actor, login, name, Role(role), initials)
        else:
            person = service.user(actor, login)
            code = recovery.reissue_invite(actor, person.id)
        sentence = _(
            "Undangan untuk {login}: {code}\nBuka /undangan/{code} di browser dan pilih kata "
            "sandi. Berlaku {n} hari, sekali pakai."
        ).format(login=person.login, code=code, n=recovery.INVITE_DAYS)
        console.event({"login": person.login, "code": code}, sentence)


def _record(person: Person) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "initials": person.initials,
        "role": person.role.value,
        "active": person.is_active,
        "password": person.has_password,
        "id": person.id,
    }
