"""What a photo is: the frozen view of what is kept, and the rules for what people write on it.

Nothing here reads or writes the database or the disk.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import PurePath

from desa_web.core import journal
from desa_web.core.clock import as_utc
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.features.media.models import PhotoRow
from desa_web.web.context_parts import Focus

LIMITS = {"caption": 1000, "credit": 160, "alt": 300, "licence": 80, "place": 80, "name": 120}
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png"}
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_EXPORT_MARK = re.compile(r"-[0-9a-f]{8}$")
_FOCUS: tuple[tuple[Focus, ...], ...] = (("tl", "t", "tr"), ("l", "c", "r"), ("bl", "b", "br"))


class Children(StrEnum):
    """Are children recognisable? A photo of unasked children stays out of gallery and kit."""

    NONE = "none"
    AGREED = "agreed"
    UNASKED = "unasked"

    @property
    def label(self) -> str:
        return {
            Children.NONE: _("Tidak ada wajah anak yang mudah dikenali"),
            Children.AGREED: _("Ada anak, orang tua atau wali sudah mengizinkan"),
            Children.UNASKED: _("Ada anak, belum ada izin orang tua atau wali"),
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo of the library; `version` changes with every change of its words or its picture.

    focus_x, focus_y: what must stay visible when cropped, 0 to 1 from the upper left corner.
    """

    id: str
    master_sha256: str
    mime: str
    width_px: int
    height_px: int
    size_bytes: int
    dhash: str
    taken_on: date | None
    name: str
    caption: str
    credit: str
    alt: str
    licence: str
    place: str
    children: Children
    focus_x: float
    focus_y: float
    version: int
    uploader_id: str | None
    uploader_name: str
    created_at: datetime
    updated_at: datetime
    trashed_at: datetime | None

    @property
    def focus(self) -> Focus:
        """The ninth of the picture in which the focal point lies, as templates name it."""
        return focus_of(self.focus_x, self.focus_y)

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.mime]

    @property
    def file_name(self) -> str:
        """A readable name that is this photo's alone, the same at every export."""
        stem = _EXPORT_MARK.sub("", PurePath(self.name).stem)
        base = slugify(stem, fallback="")[:50].strip("-") or slugify(self.caption, fallback="foto")[
            :50
        ].strip("-")
        return f"{base}-{self.master_sha256[:8]}{self.suffix}"

    @property
    def is_private(self) -> bool:
        """It may stand in an article, but is not offered in gallery and kit."""
        return self.children is Children.UNASKED


def focus_of(x: float, y: float) -> Focus:
    """Return the name of the ninth of a picture in which a point lies."""
    return _FOCUS[min(2, int(y * 3))][min(2, int(x * 3))]


def as_photo(row: PhotoRow) -> Photo:
    return Photo(
        id=row.id,
        master_sha256=row.master_sha256,
        mime=row.mime,
        width_px=row.width_px,
        height_px=row.height_px,
        size_bytes=row.size_bytes,
        dhash=row.dhash,
        taken_on=date.fromisoformat(row.taken_on) if row.taken_on else None,
        name=row.name,
        caption=row.caption,
        credit=row.credit,
        alt=row.alt,
        licence=row.licence,
        place=row.place,
        children=Children(row.children),
        focus_x=row.focus_x,
        focus_y=row.focus_y,
        version=row.version,
        uploader_id=row.uploader_id,
        uploader_name=row.uploader_name,
        created_at=as_utc(row.created_at),
        updated_at=as_utc(row.updated_at),
        trashed_at=None if row.trashed_at is None else as_utc(row.trashed_at),
    )


def state_digest(row: PhotoRow) -> str:
    """Return what the journal says of the row: changed behind our back it differs."""
    names = (
        "id", "master_sha256", "mime", "width_px", "height_px", "size_bytes", "name", "caption",
        "credit", "alt", "licence", "place", "children", "focus_x", "focus_y", "uploader_id",
    )  # fmt: skip
    return journal.digest({name: getattr(row, name) for name in names})


def focus_point(cell: str) -> tuple[float, float]:
    """Return the middle of one of the nine cells ("tl" … "br"). Raises InvalidInput."""
    for y, row in enumerate(_FOCUS):
        for x, name in enumerate(row):
            if name == cell:
                return (2 * x + 1) / 6, (2 * y + 1) / 6
    raise InvalidInput(fields={"focus": _("Pilih satu dari sembilan bagian foto.")})


def checked(values: dict[str, str]) -> dict[str, str]:
    """Return the words in canonical form. Raises InvalidInput with a sentence per field."""
    problems = {name: p for name, value in values.items() if (p := _problem(name, value))}
    if problems:
        raise InvalidInput(fields=problems)
    return {name: one_line(value) for name, value in values.items()}


def one_line(value: str) -> str:
    """Return `value` in NFC without line breaks, control characters and double spaces."""
    folded = _SPACE.sub(" ", unicodedata.normalize("NFC", value))
    return "".join(c for c in folded if unicodedata.category(c) not in ("Cc", "Cs")).strip()


def clean_name(name: str) -> str:
    """Return a file's name without its folders, fit to be shown; never used as a path."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return one_line(base)[: LIMITS["name"]]


def _problem(name: str, value: str) -> str | None:
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        return _("Ada huruf yang tidak bisa disimpan. Ketik ulang bagian ini.")
    if len(one_line(value)) > LIMITS[name]:
        return _("Terlalu panjang: paling banyak {n} huruf.").format(n=LIMITS[name])
    return None
