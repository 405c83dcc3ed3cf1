"""What `desa init` does: the folder, the village's name, the first admin, the demo."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from desa_web.core import config, settings
from desa_web.core.actor import Actor, Role, operator
from desa_web.core.console import Console
from desa_web.core.errors import DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.core.site import create as create_site
from desa_web.features.accounts import recovery, service
from desa_web.features.portal import furnish
from desa_web.features.setup import guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person wants. password None: a one-time code is printed instead."""

    name: str
    code: str
    role: str = "desa"
    login: str
    person: str
    password: str | None
    database_url: str


def create(console: Console, folder: Path, wishes: Wishes, *, is_demo: bool) -> None:
    """Make the site and say what to keep: codes, passwords of the demo, the next step."""
    found, path = _made(folder, wishes, is_demo=is_demo)
    console.event({"event": "created", "site": str(path), **found.as_json()}, found.as_text(path))


def create_open(console: Console, folder: Path, wishes: Wishes) -> None:
    """Make a site without people: the wizard in the browser asks for all the rest."""
    site = _new_site(folder, wishes)
    try:
        with site.bound():
            _name(operator(site, "init"), wishes)
            guard.open_wizard(site)
    except DesaError:
        _remove_unused(site)
        raise
    finally:
        site.close()
    lines = [
        _("Situs kosong ada di {path}.").format(path=site.path),
        "",
        _("1. Jalankan:  desa --site {path} serve").format(path=site.path),
        _("2. Buka alamat yang ditampilkan di browser."),
        _("3. Ketik kode penyiapan yang tampil di layar setelah perintah itu."),
    ]
    console.event({"event": "created", "site": str(site.path), "wizard": True}, "\n".join(lines))


def create_demo(console: Console, folder: Path) -> None:
    """Make the demo village. Its passwords are told by who serves it, beside the address."""
    wishes = Wishes(name="", code="", login="", person="", password=None, database_url="")
    found, path = _made(folder, wishes, is_demo=True)
    sentence = _("Situs baru ada di {path}.").format(path=path)
    console.event(
        {"event": "created", "site": str(path), "missing": found.missing},
        "\n".join([sentence, *found.missing]),
    )


@dataclass(frozen=True, slots=True)
class Made:
    """What the person must write down. passwords: login → password, only for a demo.

    missing: why parts of the first content did not come in.
    """

    login: str
    setup_code: str | None
    recovery_codes: list[str]
    passwords: dict[str, str]
    missing: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return {
            "login": self.login,
            "setup_code": self.setup_code,
            "recovery_codes": self.recovery_codes,
            "demo_accounts": self.passwords,
            "missing": self.missing,
        }

    def as_text(self, path: Path) -> str:
        lines = [_("Situs baru ada di {path}.").format(path=path), ""]
        if self.passwords:
            lines.append(_("Akun contoh (kata sandi baru setiap kali):"))
            lines += [f"  {login:10} {word}" for login, word in self.passwords.items()]
        if self.setup_code:
            lines.append(
                _("Pilih kata sandi untuk {login} di /undangan/{code} (berlaku 14 hari).").format(
                    login=self.login, code=self.setup_code
                )
            )
        if self.recovery_codes:
            lines += [
                "",
                _("Kode pemulihan {login}. Cetak dan simpan di lemari kantor:").format(
                    login=self.login
                ),
            ]
            lines += [f"  {code}" for code in self.recovery_codes]
        if self.missing:
            lines += ["", _("Sebagian isi awal belum masuk:"), *self.missing]
        lines += ["", _("Langkah berikut:  desa --site {path} serve").format(path=path)]
        return "\n".join(lines)


def _made(folder: Path, wishes: Wishes, *, is_demo: bool) -> tuple[Made, Path]:
    site = _new_site(folder, wishes)
    try:
        with site.bound():
            return _fill(operator(site, "init"), wishes, is_demo=is_demo), site.path
    except DesaError:
        _remove_unused(site)
        raise
    finally:
        site.close()


def _new_site(folder: Path, wishes: Wishes) -> Site:
    """Make the site's folder and database; what cannot be made whole leaves nothing behind."""
    # An empty folder may be somebody's mount point: it stays, what we put into it goes.
    was_there = folder.is_dir()
    is_ours = not any(folder.iterdir()) if was_there else not folder.exists()
    try:
        return create_site(folder, _options(wishes))
    except Exception:
        if is_ours:
            for path in folder.iterdir() if was_there else (folder,):
                _remove(path)
        raise


def _options(wishes: Wishes) -> dict[str, config.Value]:
    values: dict[str, config.Value] = {"role": wishes.role, "database_url": wishes.database_url}
    return {name: value for name, value in values.items() if value not in ("", "desa")}


def _name(actor: Actor, wishes: Wishes) -> None:
    values = {"village_name": wishes.name, "kode_wilayah": wishes.code}
    settings.change(actor, {name: value for name, value in values.items() if value})


def _fill(actor: Actor, wishes: Wishes, *, is_demo: bool) -> Made:
    _name(actor, wishes)
    if is_demo:
        return _fill_demo(actor)
    person = wishes.person or wishes.login
    code = None
    if wishes.password is None:
        user, code = recovery.invite(actor, wishes.login, person, Role.ADMIN)
    else:
        user = service.add(actor, wishes.login, person, Role.ADMIN, password=wishes.password)
    # Menus, first pages, one example. A village without one of them is a village still.
    missing = furnish.furnish(actor, furnish.starter(actor.site))
    codes = recovery.new_recovery_codes(actor, user.id)
    return Made(user.login, code, codes, {}, [done.sentence for done in missing])


def renew_demo_passwords(site: Site) -> dict[str, str]:
    """Give every person of the demo village a new password; return login → password."""
    actor = operator(site, "demo")
    passwords = {}
    for account in furnish.accounts_of(furnish.content_folder("demo")):
        passwords[account.login] = _random_password()
        code = recovery.reset(actor, service.user(actor, account.login).id)
        recovery.recover(site, account.login, code, passwords[account.login])
    return passwords


def _fill_demo(actor: Actor) -> Made:
    folder = furnish.content_folder("demo")
    passwords = {a.login: _random_password() for a in furnish.accounts_of(folder)}
    furnish.add_accounts(actor, folder, passwords.__getitem__)
    refused = furnish.furnish(actor, folder)
    if refused:
        raise InvalidInput(" ".join(done.sentence for done in refused))
    return Made(next(iter(passwords)), None, [], passwords)


def _random_password() -> str:
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    parts = ("".join(secrets.choice(letters) for _n in range(4)) for _part in range(3))
    return "-".join(parts)


def _remove_unused(site: Site) -> None:
    """Take away the folder of a site that could not be filled: nothing half-made stays."""
    site.close()
    _remove(site.path)


def _remove(path: Path) -> None:
    import shutil

    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
