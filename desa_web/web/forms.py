"""Reading what people and programs send: limits, letters that cannot be stored, sent twice.

    form = Form.sent()
    name = form.text("name", limit=80, required=True)
    role = form.choice("role", Role)
    form.check()                                     # InvalidInput with a sentence for each field
    address = once(actor, form.submission, lambda: url_for(...) after the service call)

A template shows the same Form again: what was typed (`form.values`) beside what is wrong with it
(`form.problems`), so nothing has to be typed twice.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from flask import request
from werkzeug.datastructures import MultiDict

from desa_web.core import db, journal
from desa_web.core.actor import Actor
from desa_web.core.clock import DAY_MS
from desa_web.core.errors import InvalidInput, TooLarge
from desa_web.core.i18n import _

SUBMISSION = "_submission"
_NOT_SAID = ("_token", SUBMISSION, "version", "base_revision_id")
_KEPT_MS = 30 * DAY_MS
_JSON_DEPTH = 40
_E = TypeVar("_E", bound=StrEnum)


class Form:
    """Fields of one form: what was sent, or first values to show."""

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        self._fields: MultiDict[str, str] = MultiDict(
            {name: str(value) for name, value in (values or {}).items()}
        )
        self.problems: dict[str, str] = {}

    @classmethod
    def sent(cls) -> Form:
        """Return the form of this request."""
        form = cls()
        form._fields = MultiDict(request.form)
        return form

    @property
    def values(self) -> Mapping[str, str]:
        return self._fields

    @property
    def submission(self) -> str:
        """The key that this form carries, for `once`."""
        return self._fields.get(SUBMISSION, "")

    @property
    def same_sending(self) -> str:
        """A key for `once` that holds for the same words only.

        A sheet that the back button shows again and that is sent with other words is another
        sending: its words must not be taken for the first ones.
        """
        if not self.submission:
            return ""
        said = sorted(
            (name, value) for name, value in self._fields.items(multi=True) if name not in _NOT_SAID
        )
        said += [(name, file.filename or "") for name, file in request.files.items(multi=True)]
        return f"{self.submission}.{journal.digest(said)[:32]}"

    def text(
        self, name: str, *, limit: int = 200, required: bool = False, strip: bool = True
    ) -> str:
        """Return a field with \\n as line ends; notes a problem when it is too long or missing."""
        value = self._fields.get(name, "").replace("\r\n", "\n").replace("\r", "\n")
        value = value.strip() if strip else value
        if (found := letter_problem(value)) is not None:
            self.problems[name] = found
        elif len(value) > limit:
            self.problems[name] = _("Terlalu panjang: {have} huruf, paling banyak {n}.").format(
                have=len(value), n=limit
            )
        elif required and not value:
            self.problems[name] = _("Bagian ini perlu diisi.")
        return value

    def choice(self, name: str, choices: type[_E], default: _E | None = None) -> _E:
        """Return a field as member of an enum; notes a problem for anything else."""
        value = self._fields.get(name, "")
        try:
            return choices(value)
        except ValueError:
            if default is not None and not value:
                return default
            self.problems[name] = _("Pilih salah satu yang ada di daftar.")
            return next(iter(choices))

    def flag(self, name: str) -> bool:
        return self._fields.get(name, "") in ("1", "on", "ya")

    def all(self, name: str, *, limit: int = 200) -> list[str]:
        """Return every value of a repeated field, at most `limit`."""
        found = self._fields.getlist(name)[:limit]
        if any(letter_problem(value) for value in found):
            self.problems[name] = _("Ada huruf yang tidak bisa disimpan. Ketik ulang bagian ini.")
        return found

    def refuse(self, error: InvalidInput) -> None:
        """Take over what a service says about fields, to show it beside them."""
        self.problems.update(error.fields or {"": error.message})

    def check(self) -> None:
        """Raise InvalidInput when a field had a problem."""
        if self.problems:
            raise InvalidInput(fields=self.problems)


def letter_problem(text: str) -> str | None:
    """Return the sentence for text that cannot be stored as it is, or None."""
    if "\x00" in text:
        return _("Ada huruf yang tidak bisa disimpan. Ketik ulang bagian ini.")
    # A browser that sends another encoding than UTF-8 leaves these marks behind.
    if "\ufffd" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return _("Sebagian huruf rusak di perjalanan. Periksa lalu ketik ulang bagian ini.")
    return None


def refuse_wrong_encoding() -> None:
    """Refuse a form that is not UTF-8; registered before every request."""
    # Looked at first: a reader's request has no content, and Werkzeug would take its type apart.
    has_type = "CONTENT_TYPE" in request.environ
    if has_type and request.mimetype == "application/x-www-form-urlencoded":
        raw = request.get_data(cache=True)
        try:
            unquote_to_bytes(raw.replace(b"+", b" ")).decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(
                _("Huruf di formulir ini tidak terbaca (bukan UTF-8). Muat ulang, lalu coba lagi.")
            ) from error


def json_body(*, limit_bytes: int = 2_000_000) -> dict[str, Any]:
    """Return the JSON object that was sent. Raises InvalidInput, TooLarge."""
    raw = request.get_data(cache=False)
    if len(raw) > limit_bytes:
        raise TooLarge(
            _("Kiriman terlalu besar, paling banyak {n} KB.").format(n=limit_bytes // 1000)
        )
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_("Kiriman bukan JSON yang terbaca.")) from error
    if not isinstance(found, dict):
        raise InvalidInput(_("Kiriman harus berupa objek JSON."))
    _check_texts(found)
    return found


def fresh_submission() -> str:
    """Return a new key for a form on this page."""
    return secrets.token_urlsafe(12)


def once(actor: Actor, key: str, work: Callable[[], str], *, scope: str = "form") -> str:
    """Do `work` once for this key and return its text; sent again, return the first text.

    work calls services and returns an address or a JSON text; it is one transaction with the key,
    so two at once do it once, and a refusal leaves the key unused. Without a key it is just done.
    """
    if not key:
        return work()
    owner = f"{scope} {actor.label}"
    key = key[:100]
    database, now_ms = actor.site.database, actor.site.clock.now_ms()
    with journal.change(actor):
        # The insert comes first: on PostgreSQL the second one waits here for the first.
        taken = db.execute(
            database,
            "INSERT INTO submission (scope, key, result, at) VALUES (?, ?, '', ?) "
            "ON CONFLICT (scope, key) DO NOTHING",
            owner,
            key,
            now_ms,
        ).rowcount
        if not taken:
            sql = "SELECT result FROM submission WHERE scope = ? AND key = ?"
            return str(db.execute(database, sql, owner, key).fetchone()[0])
        result = work()
        sql = "UPDATE submission SET result = ? WHERE scope = ? AND key = ?"
        db.execute(database, sql, result, owner, key)
        db.execute(database, "DELETE FROM submission WHERE at < ?", now_ms - _KEPT_MS)
    return result


def was_done(actor: Actor, key: str, *, scope: str = "form") -> bool:
    """Return whether `once` has worked this key."""
    sql = "SELECT 1 FROM submission WHERE scope = ? AND key = ?"
    owner = f"{scope} {actor.label}"
    return db.execute(actor.site.database, sql, owner, key[:100]).fetchone() is not None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _check_texts(value: object, depth: int = 0) -> None:
    if depth > _JSON_DEPTH:
        raise InvalidInput(_("Kiriman bukan JSON yang terbaca."))
    if isinstance(value, str) and (found := letter_problem(value)) is not None:
        raise InvalidInput(found)
    if isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key, depth + 1)
            _check_texts(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item, depth + 1)
