"""What a page is: the text a person hands in, and the frozen views of what is kept.

Nothing here reads or writes the database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from desa_web.core import html
from desa_web.core.errors import InvalidInput, TooLarge
from desa_web.core.i18n import _
from desa_web.features.news.article import one_line

TITLE_MAX, STANDFIRST_MAX, BODY_MAX_BYTES = 120, 320, 1_000_000
# Below a page, below that, and one more: what a reader can still find the way back from.
DEPTH_MAX = 3
_LABELS = {"title": "Judul", "standfirst": "Ringkasan", "body": "Isi halaman"}


class Kind(StrEnum):
    PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of a page as a person hands it in; `body` is HTML."""

    title: str
    body: str = ""
    standfirst: str = ""
    lead_photo_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One kept text; `number` counts from 1."""

    id: str
    page_id: str
    number: int
    author_name: str
    created_at: datetime
    text: Text
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the tree; `version` changes with every change of text or place."""

    id: str
    slug: str
    parent_id: str | None
    position: int
    kind: Kind
    version: int
    revision_id: str
    created_at: datetime
    updated_at: datetime
    trashed_at: datetime | None

    @property
    def url(self) -> str:
        return f"/halaman/{self.slug}"


def checked(text: Text) -> Text:
    """Return `text` in its canonical form: lines trimmed, body normalised and sanitised.

    Raises InvalidInput with one sentence per field, TooLarge for a body beyond reason.
    """
    problems = {
        name: _("{label} berisi huruf yang tidak bisa disimpan. Ketik ulang bagian itu.").format(
            label=_(label)
        )
        for name, label in _LABELS.items()
        if not _is_storable(getattr(text, name))
    }
    if problems:
        raise InvalidInput(fields=problems)
    clean = replace(
        text,
        title=one_line(text.title),
        standfirst=one_line(text.standfirst),
        body=html.normalise(text.body),
    )
    if len(clean.body.encode()) > BODY_MAX_BYTES:
        raise TooLarge(_("Isi halaman terlalu panjang. Bagi menjadi dua, lalu simpan lagi."))
    problems = dict(_problems(clean))
    if problems:
        raise InvalidInput(fields=problems)
    return clean


def _problems(text: Text) -> list[tuple[str, str]]:
    found = []
    if not text.title:
        found.append(("title", _("Beri judul dulu. Judul masih bisa diganti.")))
    for name, limit in (("title", TITLE_MAX), ("standfirst", STANDFIRST_MAX)):
        if len(getattr(text, name)) > limit:
            sentence = _("{label} terlalu panjang: paling banyak {limit} huruf.")
            found.append((name, sentence.format(label=_(_LABELS[name]), limit=limit)))
    return found


def _is_storable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in value
