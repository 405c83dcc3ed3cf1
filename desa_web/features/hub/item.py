"""What an item of the inbox is: the frozen views of its row. Nothing here touches the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from desa_web.core.clock import as_utc
from desa_web.features.hub.content import Content
from desa_web.features.hub.models import ItemRow


class State(StrEnum):
    NEW = "new"
    HELD = "held"
    PUBLISHED = "published"
    RETURNED = "returned"


class Look(StrEnum):
    """Why somebody should look at an item that was decided on before."""

    NONE = ""
    UPDATED = "updated"  # the village said something newer
    DERIVATIVE = "derivative"  # … of what was edited here
    WITHDRAWN = "withdrawn"  # the village took it back, and so did we
    BACK = "back"  # … and says it again
    LOST = "lost"  # the village lost it with its disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A row of the list: no text. op: what the source said last (put, unpublish, delete, erase)."""

    id: str
    source_id: str
    object_id: str
    op: str
    rev: int
    title: str
    published_at: datetime
    received_at: datetime
    state: State
    needs_look: bool
    is_lost: bool
    is_new_text: bool
    article_id: str | None
    reason: str
    decided_by: str
    decided_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """An item with what its source says, and with the look that it wants.

    photo_states: by the picture's ref; published_url: our own address of it, "" while none.
    """

    item: Item
    content: Content
    link: str
    look: Look
    is_derivative: bool
    photo_states: dict[str, str]
    published_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where one of our articles comes from, for its credit line. link: the original, "" if gone."""

    source_id: str
    source_name: str
    source_slug: str
    item_id: str
    link: str
    is_derivative: bool
    licence: str


def as_item(row: ItemRow) -> Item:
    return Item(
        id=row.id,
        source_id=row.source_id,
        object_id=row.object_id,
        op=row.op,
        rev=row.rev,
        title=row.title,
        published_at=as_utc(row.published_at),
        received_at=as_utc(row.received_at),
        state=State(row.state),
        needs_look=row.needs_look,
        is_lost=row.is_lost,
        is_new_text=row.state == State.PUBLISHED and row.digest != row.taken_digest,
        article_id=row.article_id,
        reason=row.reason,
        decided_by=row.decided_by,
        decided_at=as_utc(row.decided_at) if row.decided_at else None,
        version=row.version,
    )
