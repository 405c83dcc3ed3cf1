"""What an article is: states, the text a person hands in, and the frozen views of what is kept.

Nothing here reads or writes the database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from desa_web.core import html
from desa_web.core.errors import InvalidInput, TooLarge
from desa_web.core.i18n import _

TITLE_MAX = 160
BODY_MAX_BYTES = 1_000_000
TAGS_MAX = 12
_LIMITS = {
    "standfirst": 320,
    "dateline": 120,
    "byline": 120,
    "initials": 24,
    "source": 200,
    "correction": 600,
}
_LABELS = {
    "title": "Judul",
    "standfirst": "Ringkasan",
    "dateline": "Tempat berita",
    "byline": "Nama penulis",
    "initials": "Inisial",
    "source": "Sumber",
    "correction": "Ralat",
    "body": "Isi berita",
    "tags": "Kata kunci",
}
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")


class Kind(StrEnum):
    ARTICLE = "article"
    ANNOUNCEMENT = "announcement"


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return _(_STATE_LABELS[self])


_STATE_LABELS = {
    State.DRAFT: "Draf",
    State.SUBMITTED: "Diajukan",
    State.RETURNED: "Dikembalikan",
    State.APPROVED: "Disetujui",
    State.SCHEDULED: "Terjadwal",
    State.PUBLISHED: "Terbit",
    State.WITHDRAWN: "Ditarik",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of one revision as a person hands it in. `rubric` is a slug or a name."""

    title: str
    body: str = ""
    standfirst: str = ""
    rubric: str = ""
    tags: tuple[str, ...] = ()
    dateline: str = ""
    byline: str = ""
    initials: str = ""
    source: str = ""
    lead_photo_id: str = ""
    correction: str = ""
    corrected_on: str = ""
    expires_on: str = ""

    @classmethod
    def from_mapping(cls, values: Mapping[str, object], base: Text | None = None) -> Text:
        """Return `base` changed by the known names in `values`. Raises InvalidInput on types."""
        known = {name: values[name] for name in cls.__slots__ if name in values}
        if "tags" in known:
            known["tags"] = _tag_list(known["tags"])
        for name, value in known.items():
            if name != "tags" and not isinstance(value, str):
                label = _LABELS.get(name, name)
                raise InvalidInput(
                    fields={name: _("{label} harus berupa teks.").format(label=label)}
                )
        return replace(base or cls(title=""), **known)  # type: ignore[arg-type]

    def as_mapping(self) -> dict[str, object]:
        return {**asdict(self), "tags": list(self.tags)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One kept text. `number` counts from 1; the newest is not always the working one."""

    id: str
    article_id: str
    number: int
    parent_id: str | None
    author_name: str
    created_at: datetime
    saved_at: datetime
    is_frozen: bool
    text: Text
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article as the desk sees it; `version` changes with every change of state or text."""

    id: str
    kind: Kind
    state: State
    version: int
    slug: str
    author_id: str | None
    author_name: str
    working_revision_id: str
    live_revision_id: str | None
    note: str
    sends_to_kominfo: bool
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    scheduled_at: datetime | None
    trashed_at: datetime | None

    @property
    def is_live(self) -> bool:
        return self.live_revision_id is not None


def checked(text: Text) -> Text:
    """Return `text` in its canonical form: lines trimmed, body normalised and sanitised.

    Raises InvalidInput with one sentence per field, TooLarge for a body beyond reason.
    """
    if len(text.body.encode("utf-8", "surrogatepass")) > 4 * BODY_MAX_BYTES:
        raise _too_large()
    problems: dict[str, str] = {}
    for name, value in text.as_mapping().items():
        joined = "\n".join(value) if isinstance(value, list) else str(value)
        if not _is_storable(joined):
            label = _LABELS.get(name, name)
            sentence = _("{label} berisi huruf yang tidak bisa disimpan. Ketik ulang bagian itu.")
            problems[name] = sentence.format(label=label)
    if problems:
        raise InvalidInput(fields=problems)
    lines = {name: one_line(getattr(text, name)) for name in ("title", "rubric", *_LIMITS)}
    clean = replace(text, **lines, tags=_clean_tags(text.tags), body=html.normalise(text.body))
    if len(clean.body.encode()) > BODY_MAX_BYTES:
        raise _too_large()
    problems = _problems(clean)
    if problems:
        raise InvalidInput(fields=problems)
    return clean


def one_line(value: str) -> str:
    """Return `value` in NFC without line breaks, control characters and double spaces."""
    folded = _SPACE.sub(" ", unicodedata.normalize("NFC", value))
    if folded.isprintable():
        # No control character is printable: nearly every text is done here.
        return folded.strip()
    return "".join(c for c in folded if unicodedata.category(c) != "Cc").strip()


def _problems(text: Text) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not text.title:
        problems["title"] = _("Beri judul dulu, walau sementara. Judul masih bisa diganti.")
    elif len(text.title) > TITLE_MAX:
        problems["title"] = _("Judul terlalu panjang: {n} huruf, paling banyak {limit}.").format(
            n=len(text.title), limit=TITLE_MAX
        )
    for name, limit in _LIMITS.items():
        if len(getattr(text, name)) > limit:
            sentence = _("{label} terlalu panjang: paling banyak {limit} huruf.")
            problems[name] = sentence.format(label=_LABELS[name], limit=limit)
    if len(text.tags) > TAGS_MAX:
        problems["tags"] = _("Kata kunci paling banyak {n}.").format(n=TAGS_MAX)
    elif any(len(tag) > 40 for tag in text.tags):
        problems["tags"] = _("Tiap kata kunci paling panjang 40 huruf.")
    for name in ("corrected_on", "expires_on"):
        if getattr(text, name) and not _is_date(getattr(text, name)):
            problems[name] = _("Tanggal ditulis seperti 2026-11-21.")
    return problems


def _is_storable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in value


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _clean_tags(tags: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for tag in tags:
        name = one_line(tag).lstrip("#").strip()
        if name:
            seen.setdefault(name.casefold(), name)
    return tuple(seen.values())


def _tag_list(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in re.split(r"[,;\n]", value) if part.strip())
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise InvalidInput(fields={"tags": _("Kata kunci dipisah dengan koma.")})


def _too_large() -> TooLarge:
    return TooLarge(
        _("Isi berita terlalu panjang untuk satu berita. Bagi menjadi dua, lalu simpan lagi.")
    )
