"""What somebody types on a sheet that is no article yet, or on a page: kept on the server.

    keep(actor, "tulis/Xy12…", fields)     at each pause of typing, unchecked; journaled by nobody
    kept(actor, "tulis/Xy12…")             what was kept, for the person who typed it only
    drop(actor, "tulis/Xy12…")             with the save, in its transaction

It goes into the database with the care of everything else (synchronous=FULL): what the page calls
"Tersimpan di server" is. An article that exists has its own typing (features/news/desk_state.py).
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, Response, jsonify

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import DAY_MS, as_utc
from desa_web.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from desa_web.core.i18n import _
from desa_web.web import auth, forms

FIELD = "sheet"
_SHEET = re.compile(r"(tulis|halaman)/([A-Za-z0-9_-]{8,80})")
_BYTES_MAX = 2_000_000
_FIELDS_MAX = 400
_OWN_WORDS = ("title", "standfirst", "body", "lead_photo_id")
# More than anybody writes at once; the oldest go first.
_SHEETS_MAX = 30
_KEPT_DAYS = 60


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest typing of one person on one sheet."""

    key: str
    fields: Mapping[str, str]
    saved_at: datetime


def install(app: Flask) -> None:
    """Give typing its address, /api/v1/typing/<kind>/<key>: GET, PUT, DELETE."""
    app.add_url_rule("/api/v1/typing/<path:sheet>", "typing_state", _state, methods=["GET"])
    app.add_url_rule("/api/v1/typing/<path:sheet>", "typing", _put, methods=["PUT"])
    app.add_url_rule("/api/v1/typing/<path:sheet>", "typing_drop", _delete, methods=["DELETE"])


def fresh_key() -> str:
    """Return a key for a new sheet."""
    return secrets.token_urlsafe(12)


def valid_key(text: str) -> str:
    """Return the key as it was sent, or a fresh one for anything that is none."""
    return text if _SHEET.fullmatch(f"tulis/{text}") else fresh_key()


def keep(actor: Actor, sheet: str, fields: Mapping[str, object]) -> datetime:
    """Keep the typing; return when. Raises NotFound for no sheet, Conflict for a saved one."""
    actor.require(Permission.WRITE)
    kind, key = _parts(sheet)
    text = json.dumps(_texts(fields), ensure_ascii=False)
    if len(text.encode()) > _BYTES_MAX:
        raise TooLarge(_("Tulisan terlalu panjang untuk disimpan otomatis. Bagi menjadi dua."))
    database, now_ms = actor.site.database, actor.site.clock.now_ms()
    with db.write(database):
        if forms.was_done(actor, key, scope=kind):
            raise Conflict(_("Lembar ini sudah tersimpan. Lanjutkan dari daftar tulisan Anda."))
        db.execute(
            database,
            "INSERT INTO typing (holder, sheet, saved_at, fields) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (holder, sheet) DO UPDATE SET saved_at = excluded.saved_at, "
            "fields = excluded.fields",
            actor.label,
            sheet,
            now_ms,
            text,
        )
        _tidy(actor, now_ms)
    return as_utc(now_ms)


def kept(actor: Actor, sheet: str) -> Kept | None:
    """Return what this person typed on the sheet and did not save yet."""
    sql = "SELECT sheet, fields, saved_at FROM typing WHERE holder = ? AND sheet = ?"
    row = db.execute(actor.site.database, sql, actor.label, sheet).fetchone()
    return None if row is None else _kept(row)


def all_kept(actor: Actor, kind: str) -> list[Kept]:
    """Return what this person left on new sheets of a kind, newest first; empty ones are none."""
    sql = (
        "SELECT sheet, fields, saved_at FROM typing WHERE holder = ? AND sheet LIKE ? "
        "ORDER BY saved_at DESC, sheet LIMIT 10"
    )
    rows = db.execute(actor.site.database, sql, actor.label, f"{kind}/%")
    return [kept for kept in map(_kept, rows) if _says_something(kept.fields)]


def drop(actor: Actor, sheet: str) -> None:
    """Forget the typing of this person on the sheet."""
    with db.write(actor.site.database):
        sql = "DELETE FROM typing WHERE holder = ? AND sheet = ?"
        db.execute(actor.site.database, sql, actor.label, sheet)


def _state(sheet: str) -> Response:
    """Say whether the sheet was saved: the browser forgets what it kept of it."""
    kind, key = _parts(sheet)
    return jsonify(is_saved=forms.was_done(auth.actor(), key, scope=kind))


def _put(sheet: str) -> Response:
    saved_at = keep(auth.actor(), sheet, forms.json_body())
    return jsonify(saved_at=saved_at.isoformat())


def _delete(sheet: str) -> Response:
    drop(auth.actor(), sheet)
    return Response(status=204)


def _parts(sheet: str) -> tuple[str, str]:
    found = _SHEET.fullmatch(sheet)
    if found is None:
        raise NotFound(_("Lembar ini tidak dikenal."))
    return found[1], found[2]


def _texts(fields: Mapping[str, object]) -> dict[str, str]:
    if len(fields) > _FIELDS_MAX or not all(isinstance(v, str) for v in fields.values()):
        raise InvalidInput(_("Isian lembar ini tidak terbaca."))
    return {name: str(value) for name, value in fields.items() if name != FIELD}


def _says_something(fields: Mapping[str, str]) -> bool:
    """Did somebody write, or was the sheet only opened? The rest of it is filled in by us."""
    return any(fields.get(name, "").strip() not in ("", "<p></p>") for name in _OWN_WORDS)


def _tidy(actor: Actor, now_ms: int) -> None:
    database = actor.site.database
    newest = (
        "DELETE FROM typing WHERE holder = ? AND sheet NOT IN (SELECT sheet FROM typing "
        "WHERE holder = ? ORDER BY saved_at DESC, sheet LIMIT ?)"
    )
    db.execute(database, newest, actor.label, actor.label, _SHEETS_MAX)
    if journal.clock_doubt(actor.site) is None:
        old = "DELETE FROM typing WHERE holder = ? AND saved_at < ?"
        db.execute(database, old, actor.label, now_ms - _KEPT_DAYS * DAY_MS)


def _kept(row: tuple[str, str, int]) -> Kept:
    sheet, fields, saved_at = row
    return Kept(sheet.partition("/")[2], json.loads(fields), as_utc(saved_at))
