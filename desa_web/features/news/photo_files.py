"""Photos beside Markdown files: taken into the library at import, copied out at export.

In a file a photo is a line of its own, `![caption](photos/jalan.jpg)`, and an entry of the front
matter with the words of the library. Shared by everything that is written as Markdown files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desa_web.core import front_matter, html
from desa_web.core.actor import Actor
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _
from desa_web.features.media import service as media
from desa_web.features.media.models import PhotoRow
from desa_web.features.media.photo import Children, Photo, focus_point

_PHOTO_LINE = re.compile(
    r"^(?P<caption>!\[(?:[^\]\\]|\\.)*\])\((?P<target>[^()\s]+)\)[ \t]*$", re.MULTILINE
)
# As media names a photo at export: readable, and its own.
_EXPORTED = re.compile(r"[a-z0-9][a-z0-9-]{0,80}-[0-9a-f]{8}\.[a-z]{3}")
_WORDS = ("caption", "credit", "alt", "licence", "place", "children", "focus")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoEntry:
    """One photo of the front matter; `file` is relative to the folder that is imported."""

    file: str
    caption: str = ""
    credit: str = ""
    alt: str = ""
    licence: str = ""
    place: str = ""
    children: str = ""
    focus: str = ""


def entries(value: object) -> tuple[PhotoEntry, ...]:
    """Return the photos of a front matter. Raises InvalidInput."""
    return tuple(_entry(item) for item in front_matter.items(value))


def as_front(photos: Sequence[PhotoEntry]) -> list[dict[str, str]]:
    """Return the photos as front matter, empty words left out."""
    return [{k: v for k in ("file", *_WORDS) if (v := getattr(p, k))} for p in photos]


def body_of(markdown: str, photo_ids: Mapping[str, str]) -> str:
    """Return the normalised body; photo lines become figures by `photo_ids` (file → id)."""

    def named(match: re.Match[str]) -> str:
        photo_id = photo_ids.get(match["target"])
        return f"{match['caption']}(foto:{photo_id})" if photo_id else match[0]

    return html.from_markdown(_PHOTO_LINE.sub(named, markdown))


def markdown_of(body: str, files: Mapping[str, str]) -> str:
    """Return Markdown for a normalised body; figures become photo lines by `files` (id → file)."""

    def placed(match: re.Match[str]) -> str:
        file = files.get(match["target"].removeprefix("foto:"))
        return f"{match['caption']}({file})" if file else match[0]

    return _PHOTO_LINE.sub(placed, html.to_markdown(body))


def photo_line(entry: PhotoEntry) -> str:
    """Return the line that shows a photo with the caption of its entry."""
    caption = re.sub(r"([\\\]])", r"\\\1", " ".join(entry.caption.split()))
    return f"![{caption}]({entry.file})"


def shows(markdown: str, entry: PhotoEntry) -> bool:
    """Return whether the text has a line for this photo."""
    return f"]({entry.file})" in markdown


def take(actor: Actor, entry: PhotoEntry, file: Path, root: Path) -> Photo:
    """Take the photo that stands beside `file` or in the imported folder; never outside it.

    What the library says already stays. Raises InvalidInput when there is no such photo.
    """
    inside = root.resolve()
    for base in (file.parent, inside, inside.parent):
        path = (base / entry.file).resolve()
        allowed = path.is_relative_to(inside) or path.is_relative_to(inside.parent / "photos")
        if allowed and path.is_file():
            photo = media.add(
                actor, path, caption=entry.caption, credit=entry.credit, alt=entry.alt
            )
            return _described(actor, photo, entry)
    sentence = _("{name}: foto {photo} tidak ada di folder impor. Taruh fotonya, lalu impor lagi.")
    raise InvalidInput(sentence.format(name=file.name, photo=entry.file))


def put(photo_ids: Sequence[str], folder: Path) -> tuple[tuple[PhotoEntry, ...], dict[str, str]]:
    """Copy photos into `folder`/photos; return their entries and the file of each id."""
    found, files = [], {}
    for photo_id in dict.fromkeys(i for i in photo_ids if i):
        photo = media.get(photo_id)
        if photo is not None:
            files[photo_id] = _put(photo, folder / "photos")
            found.append(_entry_of(photo, files[photo_id]))
    return tuple(found), files


def _put(photo: Photo, folder: Path) -> str:
    """Copy the photo; one that came from an export keeps the name that it had there.

    So a text says the same after every trip, though each import encodes the picture anew.
    """
    file = media.export(photo, folder)
    is_marked = _EXPORTED.fullmatch(photo.name) and photo.name.endswith(photo.suffix)
    if not is_marked or PhotoRow.select().where(PhotoRow.name == photo.name).count() > 1:
        return file
    (folder.parent / file).replace(folder / photo.name)
    return f"{folder.name}/{photo.name}"


def _entry(value: object) -> PhotoEntry:
    if not isinstance(value, dict) or not isinstance(value.get("file"), str):
        raise InvalidInput(_("tiap foto perlu keterangan file: photos/nama.jpg"))
    words = {name: front_matter.text(value.get(name)) for name in _WORDS}
    front_matter.choice(Children, words["children"], Children.NONE)
    return PhotoEntry(file=value["file"], **words)


def _entry_of(photo: Photo, file: str) -> PhotoEntry:
    return PhotoEntry(
        file=file,
        caption=photo.caption,
        credit=photo.credit,
        alt=photo.alt,
        licence=photo.licence,
        place=photo.place,
        children="" if photo.children is Children.NONE else photo.children.value,
        focus="" if photo.focus == "c" else photo.focus,
    )


def _described(actor: Actor, photo: Photo, entry: PhotoEntry) -> Photo:
    """Add what `media.add` does not take; a consent that is missing is never overlooked."""
    words = {n: getattr(entry, n) for n in ("licence", "place") if not getattr(photo, n)}
    wanted = Children(entry.children) if entry.children else photo.children
    is_new = photo.children is Children.NONE and wanted is not Children.NONE
    focus = entry.focus if photo.focus == "c" and entry.focus else ""
    if not (any(words.values()) or is_new or focus):
        return photo
    return media.describe(
        actor,
        photo.id,
        licence=words.get("licence") or None,
        place=words.get("place") or None,
        children=wanted if is_new else None,
        focus=focus_point(focus) if focus else None,
    )
