"""Users and their roles: who exists, who may sign in. The only writer of users.

Passwords, sessions, codes and lockout are the capability modules beside this one. Every change
of a user is journaled with a digest of the whole row, its password hash included, so that a row
changed behind the program's back is found.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from desa_web.core import journal, settings
from desa_web.core.actor import Actor, Permission, Role
from desa_web.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import new_id
from desa_web.core.journal import Change
from desa_web.core.site import Site
from desa_web.features.accounts import lent, passwords
from desa_web.features.accounts.models import KnownDevice, OneTimeCode, User, UserSession

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_INITIALS = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,7}")
NAME_MAX = 80
# Names under which the program itself speaks in the journal.
_RESERVED = frozenset({"operator", "program", "desa", "sistem"})


@dataclass(frozen=True, slots=True)
class Person:
    """A user as others may see it. initials: the byline code of the KIM, may be empty."""

    id: str
    login: str
    name: str
    initials: str
    role: Role
    is_active: bool
    has_password: bool
    created_at_ms: int


def users(actor: Actor) -> list[Person]:
    """Return all users by login."""
    actor.require(Permission.MANAGE_USERS)
    return [person_of(row) for row in User.select().order_by(User.login)]


def user(actor: Actor, login_or_id: str) -> Person:
    """Return one user: oneself, or anybody for who manages users. Raises NotFound."""
    row = find(login_or_id)
    if row.id != actor.user_id:
        actor.require(Permission.MANAGE_USERS)
    return person_of(row)


def names_of(user_ids: list[str]) -> dict[str, str]:
    """Return the display names for ids, in one query; unknown ids are left out."""
    rows = User.select(User.id, User.name).where(User.id.in_(user_ids))
    return {row.id: row.name for row in rows} if user_ids else {}


def initials_of(user_id: str) -> str:
    """Return the byline initials of a user, "" when none are set."""
    row = User.select(User.initials).where(User.id == user_id).first()
    return row.initials if row else ""


def actor_of(site: Site, login_or_id: str, via: str) -> Actor:
    """Return the actor for an active user. Raises NotFound, Forbidden."""
    row = find(login_or_id)
    if not row.is_active:
        raise Forbidden(_("Pengguna {login} sedang dinonaktifkan.").format(login=row.login))
    role = Role(row.role)
    return Actor(site, row.id, row.name, role, via, lent.held_by(site, row.id, role))


def role_names(*, is_hub: bool = False) -> dict[Role, str]:
    """Return what the roles are called in a village, or at a media centre."""
    return {
        Role.REPORTER: _("Kontributor") if is_hub else _("Kontributor KIM"),
        Role.EDITOR: _("Redaksi"),
        Role.APPROVER: _("Penyetuju"),
        Role.ADMIN: _("Admin") if is_hub else _("Admin Desa"),
        Role.OFFICER: _("Redaksi Kominfo"),
    }


def has_users() -> bool:
    return bool(User.select().exists())


def add(
    actor: Actor,
    login: str,
    name: str,
    role: Role,
    *,
    initials: str = "",
    password: str | None = None,
    password_hash: str = "",
) -> Person:
    """Make a user; without a password they need a one-time code. Raises InvalidInput, Conflict.

    password_hash: of a password that was judged by passwords.problem earlier.
    """
    actor.require(Permission.MANAGE_USERS)
    login = login.strip().casefold()
    checked = checked_person(login=login, name=name, initials=initials)
    stored = password_hash if password is None else new_hash(actor.site, password, login, name)
    with journal.change(actor) as change:
        if User.select().where(User.login == login).exists():
            sentence = _("Nama pengguna {login} sudah dipakai. Pilih yang lain.")
            raise Conflict(sentence.format(login=login), fields={"login": sentence})
        row = User.create(
            id=new_id(change.at_ms),
            role=role.value,
            is_active=True,
            password_hash=stored,
            created_at=change.at_ms,
            **checked,
        )
        record(change, row, "add")
    return person_of(row)


def rename(actor: Actor, user_id: str, name: str, initials: str) -> Person:
    """Change display name and byline initials: one's own, or anybody's for who manages users."""
    if user_id != actor.user_id:
        actor.require(Permission.MANAGE_USERS)
    checked = checked_person(name=name, initials=initials)
    with journal.change(actor) as change:
        row = find(user_id)
        if (row.name, row.initials) != (checked["name"], checked["initials"]):
            row.name, row.initials = checked["name"], checked["initials"]
            _save(change, row, "rename")
    return person_of(row)


def change(actor: Actor, user_id: str, *, name: str, initials: str, role: Role) -> Person:
    """Change all that an admin may change of a user, in one transaction."""
    with journal.change(actor):
        rename(actor, user_id, name, initials)
        return set_role(actor, user_id, role)


def set_role(actor: Actor, user_id: str, role: Role) -> Person:
    """Give a user another role. Raises Conflict for the last admin who can sign in."""
    actor.require(Permission.MANAGE_USERS)
    with journal.change(actor) as change:
        row = find(user_id)
        if row.role != role:
            was_admin = _is_admin(row)
            row.role = role.value
            _save(change, row, "role", note=role.value)
            if was_admin:
                _keep_an_admin(row)
            # Another role, other rules for how long a session lives: sign in again.
            UserSession.delete().where(UserSession.user == row.id).execute()
    return person_of(row)


def disable(actor: Actor, user_id: str) -> Person:
    """Let a user in no more; texts stay. Raises Conflict for the last admin who can sign in."""
    actor.require(Permission.MANAGE_USERS)
    with journal.change(actor) as change:
        row = find(user_id)
        if row.is_active:
            was_admin = _is_admin(row)
            row.is_active = False
            _save(change, row, "disable")
            if was_admin:
                _keep_an_admin(row)
            forget_devices(row.id)
            OneTimeCode.delete().where(OneTimeCode.user_id == row.id).execute()
    return person_of(row)


def enable(actor: Actor, user_id: str) -> Person:
    """Let a disabled user in again."""
    actor.require(Permission.MANAGE_USERS)
    with journal.change(actor) as change:
        row = find(user_id)
        if not row.is_active:
            row.is_active = True
            _save(change, row, "enable")
    return person_of(row)


def change_password(actor: Actor, old: str, new: str, *, keep_session: str = "") -> None:
    """Change one's own password; other sessions end. Raises InvalidInput by field.

    keep_session: the id of the session that asks.
    """
    if actor.user_id is None:
        raise Forbidden(_("Operator tidak punya kata sandi di situs ini."))
    row = find(actor.user_id)
    if not passwords.matches(row.password_hash, old):
        raise InvalidInput(fields={"old": _("Kata sandi sekarang belum cocok.")})
    stored = new_hash(actor.site, new, row.login, row.name, field="new")
    with journal.change(actor) as change:
        set_password(change, find(row.id), stored, "password")
        sessions = UserSession.delete().where(UserSession.user == row.id)
        sessions.where(UserSession.id != keep_session).execute()


def find(login_or_id: str) -> User:
    """Return the row of a user, inside this feature. Raises NotFound."""
    text = login_or_id.strip().casefold()
    row = User.get_or_none((User.id == text) | (User.login == text))
    if row is None:
        raise NotFound(
            _("Pengguna {login} tidak ada. Periksa ejaannya.").format(login=login_or_id[:40])
        )
    return row


def new_hash(site: Site, password: str, login: str, name: str, field: str = "password") -> str:
    """Return the hash of a password that follows the rules. Raises InvalidInput for `field`."""
    village = settings.read(site)["village_name"]
    found = passwords.problem(password, (login, name, village))
    if found is not None:
        raise InvalidInput(fields={field: found})
    return passwords.hashed(password)


def set_password(change: Change, row: User, stored: str, op: str) -> None:
    """Store a new hash; codes that would set another one end. Inside this feature."""
    row.password_hash = stored
    _save(change, row, op)
    OneTimeCode.delete().where(
        (OneTimeCode.user_id == row.id) & (OneTimeCode.kind != "recovery")
    ).execute()


def forget_devices(user_id: str) -> None:
    """End all sessions of a user and forget the devices. Call it inside a transaction."""
    UserSession.delete().where(UserSession.user == user_id).execute()
    KnownDevice.delete().where(KnownDevice.user_id == user_id).execute()


def record(change: Change, row: User, op: str, note: str = "") -> None:
    change.record("user", row.id, op, digest=state_digest(row), note=note)


def state_digest(row: User) -> str:
    """Return the digest of everything that decides what a user may do."""
    return journal.digest(
        [row.login, row.name, row.initials, row.role, bool(row.is_active), row.password_hash]
    )


def person_of(row: User) -> Person:
    return Person(
        row.id,
        row.login,
        row.name,
        row.initials,
        Role(row.role),
        bool(row.is_active),
        bool(row.password_hash),
        row.created_at,
    )


def _save(change: Change, row: User, op: str, note: str = "") -> None:
    row.save()
    record(change, row, op, note)


def _is_admin(row: User) -> bool:
    return bool(row.is_active) and row.role == Role.ADMIN.value


def _keep_an_admin(changed: User) -> None:
    """Raise Conflict when no active admin with a password is left, if there was one before."""
    admins = (User.role == Role.ADMIN.value) & (User.is_active == True)  # noqa: E712 - SQL
    # Writing the rows, even unchanged, makes two such changes on PostgreSQL wait for each other.
    User.update(role=User.role).where(User.role == Role.ADMIN.value).execute()
    left = list(User.select(User.password_hash).where(admins))
    ready = [row for row in left if row.password_hash]
    if not left or (changed.password_hash and not ready):
        raise Conflict(
            _(
                "Ini satu-satunya admin yang bisa masuk, jadi perannya tetap. "
                "Jadikan orang lain admin lebih dulu."
            )
        )


def checked_person(*, name: str, initials: str = "", login: str | None = None) -> dict[str, str]:
    """Return what is stored of a person's names. Raises InvalidInput by field."""
    name, initials = " ".join(name.split()), initials.strip()
    problems = {}
    if login is not None and (not _LOGIN.fullmatch(login) or login in _RESERVED):
        problems["login"] = _(
            "Nama pengguna terdiri dari 2-32 huruf kecil, angka, titik, atau garis, "
            "misalnya bagus.p."
        )
    if not name or len(name) > NAME_MAX or any(unicodedata.category(c)[0] == "C" for c in name):
        problems["name"] = _("Isi nama lengkap, paling banyak {n} huruf.").format(n=NAME_MAX)
    if initials and not _INITIALS.fullmatch(initials):
        problems["initials"] = _("Inisial paling banyak 8 huruf, misalnya nur.")
    if problems:
        raise InvalidInput(fields=problems)
    found = {"name": name, "initials": initials}
    return found if login is None else found | {"login": login}
