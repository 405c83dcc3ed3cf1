"""The table of invitations and answers (hub_pairing): a row as a dict inside, `Pairing` outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from desa_web.core import db
from desa_web.core.clock import DAY_MS, as_utc
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.site import Site


class State(StrEnum):
    OPEN = "open"
    GREETED = "greeted"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """An invitation and what has come of it. `code` is "" when there is none (any more)."""

    id: str
    kind: str
    code: str
    label: str
    source_id: str | None
    state: State
    created_at: datetime
    expires_at: datetime
    is_expired: bool
    site: str
    name: str
    kode_wilayah: str
    district: str
    address: str
    words: str
    answered_at: datetime | None

    @property
    def is_waiting(self) -> bool:
        """Is something expected: a village's answer, or an officer's look?"""
        is_open = self.state in (State.OPEN, State.GREETED) and not self.is_expired
        return is_open or self.state is State.ANSWERED


def by_secret(site: Site, secret: str) -> dict[str, Any] | None:
    sql = "SELECT id FROM hub_pairing WHERE secret = ? AND expires_at > ?"
    row = db.execute(site.database, sql, secret, site.clock.now_ms()).fetchone()
    return None if row is None else row_of(site, row[0])


def since(site: Site, oldest_ms: int, limit: int) -> list[dict[str, Any]]:
    """Return the invitations made after a moment, newest first."""
    sql = (
        f"SELECT {', '.join(_COLUMNS)} FROM hub_pairing WHERE created_at > ? "  # noqa: S608 - our own
        "ORDER BY created_at DESC, id DESC LIMIT ?"
    )
    rows = db.execute(site.database, sql, oldest_ms, limit).fetchall()
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]


_COLUMNS = (
    "id", "kind", "secret", "label", "source_id", "state", "created_at", "expires_at", "nonce",
    "commitment", "site", "keys", "name", "kode_wilayah", "district", "address", "token_hash",
    "words", "answered_at", "hub",
)  # fmt: skip


def row_of(site: Site, pairing_id: str) -> dict[str, Any]:
    sql = f"SELECT {', '.join(_COLUMNS)} FROM hub_pairing WHERE id = ?"  # noqa: S608 - our own
    row = db.execute(site.database, sql, pairing_id).fetchone()
    if row is None:
        raise NotFound(_("Undangan ini tidak ada lagi. Buat undangan baru."))
    return dict(zip(_COLUMNS, row, strict=True))


def store(here: Site, pairing_id: str, /, **values: object) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    sql = f"UPDATE hub_pairing SET {names} WHERE id = ?"  # noqa: S608 - names of our own
    db.execute(here.database, sql, *values.values(), pairing_id)


def pairing(site: Site, row: Mapping[str, Any]) -> Pairing:
    is_code = row["kind"] == "code"
    texts = ("id", "kind", "label", "site", "name", "kode_wilayah", "district", "address", "words")
    return Pairing(
        **{name: row[name] for name in texts},
        code=(row["secret"] or "") if is_code else "",
        source_id=row["source_id"],
        state=State(row["state"]),
        created_at=as_utc(row["created_at"]),
        expires_at=as_utc(row["expires_at"]),
        is_expired=is_expired(site, row),
        answered_at=as_utc(row["answered_at"]) if row["answered_at"] else None,
    )


def is_expired(site: Site, row: Mapping[str, Any]) -> bool:
    # A clock that went back does not give an invitation more time than it had.
    now_ms = site.clock.now_ms()
    return not row["created_at"] <= now_ms + DAY_MS or now_ms >= int(row["expires_at"])
