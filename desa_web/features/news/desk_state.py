"""What the desk keeps while somebody writes: the newest typing and who holds the pen.

Neither is journaled: they are not content yet. Autosave goes into the database with the same
care as everything else (synchronous=FULL): what the page calls "Tersimpan di server" is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from desa_web.core.actor import Actor
from desa_web.core.clock import as_utc
from desa_web.core.db import write
from desa_web.core.disk import boot_id
from desa_web.core.errors import InvalidInput, TooLarge
from desa_web.core.i18n import _
from desa_web.features.news import rows, workflow
from desa_web.features.news.article import BODY_MAX_BYTES, Text
from desa_web.features.news.models import AutosaveRow, EditLockRow
from desa_web.features.news.workflow import Op

LOCK_S = 120


@dataclass(frozen=True, slots=True)
class Typing:
    """The newest typing of one person; `base_revision_id` is the text it started from."""

    text: Text
    base_revision_id: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Pen:
    """Who is writing on the article; `is_mine` for the asking actor."""

    holder_name: str
    is_mine: bool


def autosave(
    actor: Actor, article_id: str, fields: Mapping[str, object], base_revision_id: str
) -> datetime:
    """Keep the typing as it is, unchecked; return when it was kept."""
    text = Text.from_mapping(fields)
    if sum(len(str(v).encode("utf-8", "replace")) for v in fields.values()) > 2 * BODY_MAX_BYTES:
        raise TooLarge(_("Tulisan terlalu panjang untuk disimpan otomatis. Bagi menjadi dua."))
    if any("\x00" in str(value) for value in fields.values()):
        raise InvalidInput(_("Ada huruf yang tidak bisa disimpan. Ketik ulang bagian itu."))
    with write(actor.site.database):
        row = rows.article_row(actor, article_id)
        workflow.permitted(actor, Op.SAVE, row)
        now = actor.site.clock.now_ms()
        AutosaveRow.put(
            article_id=row.id,
            holder=actor.label,
            base_revision_id=base_revision_id or row.working_revision_id,
            saved_at=now,
            fields=text.as_mapping(),
        )
    return as_utc(now)


def typing_of(actor: Actor, article_id: str) -> Typing | None:
    """Return what this person typed and did not save yet, or None."""
    found = AutosaveRow.get_or_none(
        AutosaveRow.article_id == article_id, AutosaveRow.holder == actor.label
    )
    if found is None:
        return None
    return Typing(Text.from_mapping(found.fields), found.base_revision_id, as_utc(found.saved_at))


def discard_typing(actor: Actor, article_id: str) -> None:
    """Forget the unsaved typing of this person."""
    with write(actor.site.database):
        AutosaveRow.delete().where(
            AutosaveRow.article_id == article_id, AutosaveRow.holder == actor.label
        ).execute()


def take_pen(actor: Actor, article_id: str, *, take_over: bool = False) -> Pen:
    """Say that `actor` writes on the article now; a held pen is only reported, or taken over.

    Counted on the monotonic clock of this boot, so a wrong date locks nobody out.
    """
    with write(actor.site.database):
        row = rows.article_row(actor, article_id)
        held = EditLockRow.get_or_none(EditLockRow.article_id == row.id)
        now = actor.site.clock.monotonic_s()
        if held is not None and (held.boot_id != boot_id() or now >= held.until_s):
            held = None
        if held is not None and held.holder != actor.label and not take_over:
            return Pen(held.holder_name, is_mine=False)
        EditLockRow.put(
            article_id=row.id,
            holder=actor.label,
            holder_name=actor.name,
            boot_id=boot_id(),
            until_s=now + LOCK_S,
        )
    return Pen(actor.name, is_mine=True)


def drop_pen(actor: Actor, article_id: str) -> None:
    with write(actor.site.database):
        EditLockRow.delete().where(
            EditLockRow.article_id == article_id, EditLockRow.holder == actor.label
        ).execute()
