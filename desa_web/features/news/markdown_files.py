"""One article as one Markdown file with YAML front matter, there and back without loss.

    ---
    title: Jalan tani dibangun warga
    state: published
    rubric: Pembangunan
    photos:
    - {file: photos/jalan.jpg, caption: Warga bekerja., credit: Nur Aini, alt: Enam orang …}
    ---
    Warga **Kedungrejo** …

    ![Warga bekerja.](photos/jalan.jpg)

A photo line stands alone in its paragraph. Nothing here touches the database or the disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

import yaml

from desa_web.core import html
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _
from desa_web.features.news.article import Kind, State, Text

FIELDS = (
    "title", "slug", "kind", "state", "rubric", "tags", "standfirst", "dateline", "byline",
    "initials", "source", "published_at", "scheduled_at", "note", "expires_on", "correction",
    "corrected_on", "photos",
)  # fmt: skip
_PHOTO_LINE = re.compile(
    r"^(?P<caption>!\[(?:[^\]\\]|\\.)*\])\((?P<target>[^()\s]+)\)[ \t]*$", re.MULTILINE
)
_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoEntry:
    """One photo of the front matter; `file` is relative to the folder that is imported."""

    file: str
    caption: str = ""
    credit: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFile:
    """A parsed file: the text with photo ids missing, and what the front matter asks for."""

    text: Text
    markdown: str
    slug: str = ""
    kind: Kind = Kind.ARTICLE
    state: State = State.DRAFT
    published_at: datetime | None = None
    scheduled_at: datetime | None = None
    note: str = ""
    photos: tuple[PhotoEntry, ...] = ()


def parse(content: bytes, name: str) -> ArticleFile:
    """Return the article in `content`. Raises InvalidInput naming the file and what is wrong."""
    try:
        source = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _wrong(name, _("bukan teks UTF-8; simpan ulang sebagai UTF-8")) from error
    if "\x00" in source:
        raise _wrong(name, _("berisi huruf yang tidak bisa disimpan"))
    match = re.match(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)(.*)", source, re.DOTALL)
    if match is None:
        raise _wrong(name, _("baris pertama harus --- dan keterangan ditutup dengan ---"))
    front = _front_matter(match[1], name)
    try:
        return _article(front, match[2].strip("\n"), name)
    except InvalidInput as error:
        if str(error).startswith(name):
            raise
        raise _wrong(name, str(error)) from error


def compose(file: ArticleFile) -> bytes:
    """Return the file; `parse` of it gives `file` again."""
    front: dict[str, object] = {"title": file.text.title, "slug": file.slug}
    front |= {"kind": file.kind.value, "state": file.state.value}
    front["rubric"] = file.text.rubric
    front["tags"] = list(file.text.tags)
    for name in ("standfirst", "dateline", "byline", "initials", "source", "expires_on",
                 "correction", "corrected_on"):  # fmt: skip
        front[name] = getattr(file.text, name)
    front["note"] = file.note
    for name in ("published_at", "scheduled_at"):
        moment = getattr(file, name)
        front[name] = moment.isoformat() if moment else None
    front["photos"] = [
        {k: v for k in PhotoEntry.__slots__ if (v := getattr(photo, k))} for photo in file.photos
    ]
    kept = {k: v for k, v in front.items() if v not in ("", None, [])}
    head = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=100)
    return f"---\n{head}---\n\n{file.markdown.strip(chr(10))}\n".encode()


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


def _front_matter(source: str, name: str) -> dict[str, object]:
    try:
        front = yaml.safe_load(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = _("baris {n}").format(n=mark.line + 2) if mark else _("keterangan")
        raise _wrong(name, _("{where} keterangan tidak terbaca").format(where=where)) from error
    except (ValueError, RecursionError) as error:
        raise _wrong(name, _("keterangan tidak terbaca: {why}").format(why=error)) from error
    if not isinstance(front, dict):
        raise _wrong(name, _("keterangan harus berbentuk nama: nilai"))
    unknown = sorted(str(key) for key in front if key not in FIELDS)
    if unknown:
        sentence = _("keterangan tidak dikenal: {names}. Yang ada: {known}")
        raise _wrong(name, sentence.format(names=", ".join(unknown), known=", ".join(FIELDS)))
    return front


def _article(front: Mapping[str, object], markdown: str, name: str) -> ArticleFile:
    texts = {k: v if k == "tags" else _text(v) for k, v in front.items() if k in Text.__slots__}
    texts["tags"] = [_text(t) for t in _list(front.get("tags"))]
    return ArticleFile(
        text=Text.from_mapping(texts),
        markdown=markdown,
        slug=_text(front.get("slug")),
        kind=_choice(Kind, front.get("kind"), Kind.ARTICLE),
        state=_choice(State, front.get("state"), State.DRAFT),
        published_at=_moment(front.get("published_at"), "published_at"),
        scheduled_at=_moment(front.get("scheduled_at"), "scheduled_at"),
        note=_text(front.get("note")),
        photos=tuple(_photo(entry) for entry in _list(front.get("photos"))),
    )


def _photo(entry: object) -> PhotoEntry:
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
        raise InvalidInput(_("tiap foto perlu keterangan file: photos/nama.jpg"))
    known = {k: _text(entry.get(k)) for k in PhotoEntry.__slots__}
    return PhotoEntry(**known)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidInput(_("ada keterangan yang bukan teks"))


def _list(value: object) -> list[object]:
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _choice(kind: type[_E], value: object, default: _E) -> _E:
    if value in (None, ""):
        return default
    try:
        return kind(str(value))
    except ValueError:
        known = ", ".join(member.value for member in kind)
        sentence = _("{value} tidak dikenal. Pilih salah satu: {known}")
        raise InvalidInput(sentence.format(value=value, known=known)) from None


def _moment(value: object, name: str) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        sentence = _("{name} ditulis dengan zona waktu, misalnya 2026-11-21T07:30:00+07:00")
        raise InvalidInput(sentence.format(name=name))
    return moment


def _wrong(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        _("{name}: {why}. Perbaiki berkas itu, lalu impor lagi.").format(
            name=name, why=why.rstrip(".")
        )
    )
