"""What every source gives: texts as they stand there, and pictures by where they stood."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from desa_web.core.errors import DesaError
from desa_web.features.imports.notes import Note

# Stands for a place that is only a folder; never asked over the network (RFC 6761, 6.4).
NOWHERE = "https://situs-lama.invalid/"
# How hashes of texts begin; those of earlier versions, which hashed our words too, have nothing.
DIGEST = "2:"


class Kind(StrEnum):
    ARTICLE = "article"
    PAGE = "page"
    ALBUM = "album"


class Outcome(StrEnum):
    """What became of one text.

    COMPLETED: pictures that were missing at first came to it. CHANGED: the source says something
    else now, nothing was touched.
    """

    CREATED = "created"
    COMPLETED = "completed"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    SKIPPED = "skipped"
    REFUSED = "refused"


class SourceUnreadable(DesaError):
    """The file to import is not what it is said to be; nothing was brought in."""

    code = "sumber-tidak-terbaca"
    status = 422


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a source: where it stood, and what is said about it there."""

    url: str
    caption: str = ""
    alt: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One text of a source. `key` names it there for ever; `html` is as it came.

    skip: why it is left out, "" if it is not. addresses: where it stood, path with query.
    lead: its main picture; pictures: what is known of pictures that stand in `html`, or what an
    album holds. parent: key of the page above a page.
    """

    key: str
    title: str
    html: str = ""
    kind: Kind = Kind.ARTICLE
    slug: str = ""
    is_published: bool = True
    published_at: datetime | None = None
    standfirst: str = ""
    byline: str = ""
    rubric: str = ""
    tags: tuple[str, ...] = ()
    base_url: str = ""
    addresses: tuple[str, ...] = ()
    lead: Picture | None = None
    pictures: tuple[Picture, ...] = ()
    parent: str = ""
    notes: tuple[Note, ...] = ()
    skip: str = ""

    def digest(self) -> str:
        """Return the hash of what the source says; our own words about it are no part of that."""
        said = asdict(self)
        del said["notes"], said["skip"]
        state = json.dumps(said, ensure_ascii=False, sort_keys=True, default=str)
        return DIGEST + sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one item; `notes` say what was odd."""

    key: str
    kind: Kind
    title: str
    outcome: Outcome
    object_id: str = ""
    address: str = ""
    photos: int = 0
    notes: tuple[Note, ...] = ()
