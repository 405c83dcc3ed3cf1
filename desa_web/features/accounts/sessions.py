"""Signing in and out: own sessions with hashed tokens, listed and revocable.

A reporter's session lives 90 days after its last use, others 12 hours. While the clock is
doubtful none ends by age: a dead battery must not lock the village out.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission, Role
from desa_web.core.clock import DAY_MS
from desa_web.core.errors import DesaError, NotFound, NotSignedIn
from desa_web.core.i18n import _
from desa_web.core.ids import new_id
from desa_web.core.site import Site
from desa_web.features.accounts import lent, lockout, passwords, service
from desa_web.features.accounts.models import KnownDevice, User, UserSession
from desa_web.features.accounts.service import Person

_TOUCH_MS = 5 * 60 * 1000
_DEVICES_KEPT = 20
_BROWSERS = ("Firefox", "SamsungBrowser", "OPR", "Edg", "UCBrowser", "Chrome", "Safari")
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "CrOS", "Linux")
_NICE = {"SamsungBrowser": "Samsung Internet", "OPR": "Opera", "Edg": "Edge", "Macintosh": "Mac"}


class SignInRefused(NotSignedIn):
    """Name and password do not fit; the sentence does not say which."""

    code = "masuk-gagal"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Tokens for the cookies of a person who has just signed in."""

    person: Person
    token: str
    device_token: str
    lifetime_s: int


@dataclass(frozen=True, slots=True)
class Session:
    """A valid session. is_touched: its time was renewed now, so the cookie should be, too."""

    id: str
    person: Person
    lifetime_s: int
    is_touched: bool

    def actor(self, site: Site, via: str) -> Actor:
        person = self.person
        deputy = lent.held_by(site, person.id, person.role)
        return Actor(site, person.id, person.name, person.role, via, deputy)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One entry of the list of sessions."""

    id: str
    device: str
    created_at_ms: int
    seen_at_ms: int


def sign_in(
    site: Site, login: str, password: str, *, device_token: str = "", description: str = ""
) -> SignedIn:
    """Check name and password and start a session. Raises SignInRefused, TooMany, Busy."""
    login = login.strip().casefold()
    row = User.get_or_none(User.login == login)
    salt = journal.head(site).journal_id
    subject = row.id if row else lockout.nobody(login, salt)
    device = _known(subject, device_token)
    left = lockout.claim(site, subject, device)
    stored = row.password_hash if row and row.is_active else ""
    if not passwords.matches(stored, password) or row is None:
        raise SignInRefused(_refusal(left))
    if passwords.is_outdated(stored):
        _rehash(site, row, password)
    with db.write(site.database):
        lockout.forgive(subject, device)
        return start(site, service.person_of(row), device_token, description)


def is_known_device(login: str, device_token: str) -> bool:
    """Return whether this person has signed in with this device cookie before."""
    row = User.get_or_none(User.login == login.strip().casefold())
    return row is not None and bool(device_token) and bool(_known(row.id, device_token))


def start(site: Site, person: Person, device_token: str = "", description: str = "") -> SignedIn:
    """Start a session for a person who has proved who they are; remember the device."""
    now_ms = _moment(site)
    token = secrets.token_urlsafe(32)
    if len(device_token) < 32:
        device_token = secrets.token_urlsafe(32)
    with db.write(site.database):
        UserSession.create(
            id=new_id(now_ms),
            token_hash=_hash(token),
            user=person.id,
            device=device_name(description),
            created_at=now_ms,
            seen_at=now_ms,
        )
        _remember(person.id, _hash(device_token), now_ms)
        _drop_stale(site, person, now_ms)
    return SignedIn(person, token, device_token, lifetime_s(person.role))


def session_of(site: Site, token: str) -> Session | None:
    """Return the session of a cookie's token, renewing it; None when it has ended."""
    if not 20 <= len(token) <= 100:
        return None
    row = (
        UserSession.select(UserSession, User)
        .join(User)
        .where((UserSession.token_hash == _hash(token)) & (User.is_active == True))  # noqa: E712
        .first()
    )
    if row is None:
        return None
    person = service.person_of(row.user)
    lifetime = lifetime_s(person.role)
    age_ms = site.clock.now_ms() - row.seen_at
    if abs(age_ms) < _TOUCH_MS:
        return Session(row.id, person, lifetime, False)
    if journal.clock_doubt(site) is not None:
        return Session(row.id, person, lifetime, False)
    if age_ms > lifetime * 1000:
        return None
    return Session(row.id, person, lifetime, _touch(site, row.id))


def sign_out(site: Site, token: str) -> None:
    """End the session of a token; unknown ones are no error."""
    with db.write(site.database):
        UserSession.delete().where(UserSession.token_hash == _hash(token)).execute()


def sessions_of(actor: Actor, user_id: str) -> list[SessionLine]:
    """Return a user's sessions, last used first: one's own, or for who manages users."""
    _own_or_manager(actor, user_id)
    rows = (
        UserSession.select()
        .where(UserSession.user == user_id)
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    )
    return [SessionLine(row.id, row.device, row.created_at, row.seen_at) for row in rows]


def revoke(actor: Actor, user_id: str, session_id: str) -> None:
    """End one session of a user. Raises NotFound."""
    _own_or_manager(actor, user_id)
    with db.write(actor.site.database):
        mine = (UserSession.user == user_id) & (UserSession.id == session_id)
        if not UserSession.delete().where(mine).execute():
            raise NotFound(_("Perangkat itu sudah keluar."))


def revoke_all(actor: Actor, user_id: str, *, keep_session: str = "") -> int:
    """End all sessions of a user but `keep_session`; return how many."""
    _own_or_manager(actor, user_id)
    with db.write(actor.site.database):
        query = UserSession.delete().where(UserSession.user == user_id)
        return int(query.where(UserSession.id != keep_session).execute())


def lifetime_s(role: Role) -> int:
    """Seconds after its last use at which a session ends."""
    return 90 * 86_400 if role is Role.REPORTER else 12 * 3600


def device_name(user_agent: str) -> str:
    """Return "Chrome di Android" for a browser's description of itself."""
    browser = next((name for name in _BROWSERS if name in user_agent), "")
    system = next((name for name in _SYSTEMS if name in user_agent), "")
    words = [_NICE.get(word, word) for word in (browser, system) if word]
    if not words:
        plain = re.sub(r"[^\w ./-]", "", user_agent)[:40].strip()
        return plain or _("perangkat tanpa nama")
    return _(" di ").join(words)


def _refusal(left: int) -> str:
    sentence = _("Nama pengguna atau kata sandi belum cocok.")
    if left:
        return sentence + " " + _("Masih ada {n} kesempatan.").format(n=left)
    return sentence + " " + _("Tunggu sebentar sebelum mencoba lagi, atau pakai kode pemulihan.")


def _hash(token: str) -> str:
    # 256 random bits need no slow hash.
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _known(user_id: str, device_token: str) -> str:
    """Return the device's hash if this user has signed in on it before, otherwise ""."""
    found = _hash(device_token)
    where = (KnownDevice.user_id == user_id) & (KnownDevice.device_hash == found)
    return found if KnownDevice.select().where(where).exists() else ""


def _moment(site: Site) -> int:
    """Return the time; while the clock is doubtful, that of the newest change."""
    if journal.clock_doubt(site) is None:
        return site.clock.now_ms()
    return journal.newest_ms(site) or site.clock.now_ms()


def _remember(user_id: str, device_hash: str, now_ms: int) -> None:
    KnownDevice.insert(user_id=user_id, device_hash=device_hash, seen_at=now_ms).on_conflict(
        conflict_target=[KnownDevice.user_id, KnownDevice.device_hash],
        update={KnownDevice.seen_at: now_ms},
    ).execute()
    mine = KnownDevice.select().where(KnownDevice.user_id == user_id)
    rows = list(mine.order_by(KnownDevice.seen_at.desc()))
    for row in rows[_DEVICES_KEPT:]:
        if row.device_hash != device_hash:
            row.delete_instance()


def _drop_stale(site: Site, person: Person, now_ms: int) -> None:
    """Forget ended sessions of the person, so that the table does not grow for ever."""
    if journal.clock_doubt(site) is None:
        oldest = now_ms - lifetime_s(person.role) * 1000 - DAY_MS
        stale = (UserSession.user == person.id) & (UserSession.seen_at < oldest)
        UserSession.delete().where(stale).execute()


def _touch(site: Site, session_id: str) -> bool:
    now_ms = site.clock.now_ms()
    try:
        with db.write(site.database):
            UserSession.update(seen_at=now_ms).where(UserSession.id == session_id).execute()
    except DesaError:
        # A full or read-only disk: whoever is signed in goes on reading.
        return False
    return True


def _rehash(site: Site, row: User, password: str) -> None:
    """Store the password under today's parameters."""
    stored = passwords.hashed(password)
    with journal.change(Actor(site, row.id, row.name, Role(row.role), "form")) as change:
        fresh = service.find(row.id)
        fresh.password_hash = stored
        fresh.save()
        service.record(change, fresh, "rehash")


def _own_or_manager(actor: Actor, user_id: str) -> None:
    if user_id != actor.user_id:
        actor.require(Permission.MANAGE_USERS)
