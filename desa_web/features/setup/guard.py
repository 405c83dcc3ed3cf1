"""Who may set the site up: a code that only the console shows, then a ticket for one browser.

    code = open_wizard(site)            "4831-0592", printed by `desa serve`; the old one ends
    ticket = admit(site, "48310592")    for a cookie; answers are kept under its hash

The wizard is open while its row exists and nobody can sign in. Wrong codes are counted for the
site as a whole: a stranger can at most use them up, and then the console gives a new one. Time is
the monotonic clock of this boot. Only hashes are stored.
"""

from __future__ import annotations

import hmac
import json
import secrets
from hashlib import sha256
from typing import Any

from desa_web.core import db
from desa_web.core.disk import boot_id
from desa_web.core.errors import Conflict, Forbidden, InvalidInput, TooMany
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts

TRIES = 10
FREE_TRIES, LONGEST_DELAY_S = 3, 60
SCOPE, _CODE = "mulai", "kode"
_DIGITS = 8


class CodeUsedUp(Forbidden):
    """Too many wrong codes: only the console can give a new one."""

    code = "kode-habis"


class AlreadySetUp(Conflict):
    """Somebody else finished first, or long ago."""

    code = "sudah-disiapkan"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Situs ini sudah selesai disiapkan dari perangkat lain. "
                "Masuk dengan akun yang dibuat di sana."
            )
        )


def open_wizard(site: Site) -> str | None:
    """Return a new code for a site that nobody can sign in to; None when somebody can."""
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    with db.write(site.database):
        if accounts.has_users():
            db.execute(site.database, "DELETE FROM submission WHERE scope = ?", SCOPE)
            return None
        put(site, _CODE, {"hash": _hash(code), "tries": 0, "boot": "", "at_ms": 0})
    # Pages kept before the wizard opened would hide it.
    site.stale({"site"})
    return f"{code[:4]}-{code[4:]}"


def is_open(site: Site) -> bool:
    """Return whether the site waits for being set up."""
    return get(site, _CODE) is not None and not accounts.has_users()


def admit(site: Site, code: str) -> str:
    """Return a ticket for the right code. Raises InvalidInput, TooMany, CodeUsedUp, AlreadySetUp.

    The try is counted and committed before it is judged: many at once are many.
    """
    tries, known = _count(site)
    if not hmac.compare_digest(known, _hash("".join(c for c in code if c.isdigit()))):
        raise InvalidInput(fields={"code": _refusal(tries)})
    ticket = secrets.token_urlsafe(32)
    with db.write(site.database):
        claim(site)
        found = get(site, _CODE)
        if found is not None and found["hash"] == known:
            put(site, _CODE, {**found, "tries": 0})
        put(site, ticket_key(ticket), _newest_answers(site))
    return ticket


def claim(site: Site) -> None:
    """Hold the wizard inside a transaction: the second one waits here. Raises AlreadySetUp."""
    sql = "UPDATE submission SET at = at WHERE scope = ? AND key = ?"
    if not db.execute(site.database, sql, SCOPE, _CODE).rowcount or accounts.has_users():
        raise AlreadySetUp


def ticket_key(ticket: str) -> str:
    return f"tiket {_hash(ticket)}"


def get(site: Site, key: str, scope: str = SCOPE) -> dict[str, Any] | None:
    sql = "SELECT result FROM submission WHERE scope = ? AND key = ?"
    row = db.execute(site.database, sql, scope, key).fetchone()
    return None if row is None else dict(json.loads(row[0]))


def put(site: Site, key: str, value: dict[str, Any], scope: str = SCOPE) -> None:
    """Store a row of the wizard, inside a transaction."""
    db.execute(
        site.database,
        "INSERT INTO submission (scope, key, result, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (scope, key) DO UPDATE SET result = excluded.result, at = excluded.at",
        scope,
        key,
        json.dumps(value, ensure_ascii=False),
        site.clock.now_ms(),
    )


def _count(site: Site) -> tuple[int, str]:
    """Count a try; return how many there were and the hash of the code."""
    now_ms, boot = int(site.clock.monotonic_s() * 1000), boot_id()
    with db.write(site.database):
        claim(site)
        found = get(site, _CODE)
        assert found is not None  # noqa: S101 - claim has seen the row
        if found["tries"] >= TRIES:
            raise CodeUsedUp(_used_up())
        passed_ms = now_ms - found["at_ms"]
        left_ms = _delay_s(found["tries"]) * 1000 - passed_ms
        if found["boot"] == boot and passed_ms >= 0 and left_ms > 0:
            seconds = -(-left_ms // 1000)
            sentence = _("Tunggu {n} detik, lalu coba lagi.").format(n=seconds)
            raise TooMany(sentence, retry_after_s=seconds)
        tries = found["tries"] + 1
        put(site, _CODE, {**found, "tries": tries, "boot": boot, "at_ms": now_ms})
    return tries, str(found["hash"])


def _delay_s(tries: int) -> int:
    return 0 if tries < FREE_TRIES else int(min(2 ** (tries - FREE_TRIES + 1), LONGEST_DELAY_S))


def _refusal(tries: int) -> str:
    if tries >= TRIES:
        return _used_up()
    return _(
        "Kode belum cocok. Lihat lagi di layar komputer tempat situs dijalankan. "
        "Masih ada {n} kesempatan."
    ).format(n=TRIES - tries)


def _used_up() -> str:
    return _(
        "Kode ini sudah terlalu sering salah, jadi tidak berlaku lagi. "
        "Buat yang baru di komputer server: jalankan ulang desa serve, atau desa setup code."
    )


def _newest_answers(site: Site) -> dict[str, Any]:
    """Whoever types the code again, on another device too, goes on where the last one stood."""
    sql = "SELECT result FROM submission WHERE scope = ? AND key <> ? ORDER BY at DESC, key LIMIT 1"
    row = db.execute(site.database, sql, SCOPE, _CODE).fetchone()
    found = {} if row is None else dict(json.loads(row[0]))
    # Not the account: its recovery codes belong to the other ticket and may be printed already.
    found.pop("akun", None)
    return found


def _hash(text: str) -> str:
    return sha256(f"desa-web mulai {text}".encode("utf-8", "surrogatepass")).hexdigest()
