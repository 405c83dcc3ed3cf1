"""Markdown files with YAML front matter: apart, together, and front matter's values by type.

    front, markdown = split(content, "sejarah.md", known=("title", "slug"))
    join({"title": "Sejarah", "tags": []}, markdown)          empty values are left out
    text(front.get("title")), texts(front.get("tags")), moment(…), choice(Kind, …, Kind.PAGE)

Every refusal is a sentence; `wrong` puts the file's name before it. Knows no article, no disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _

_PARTS = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)(.*)", re.DOTALL)
_E = TypeVar("_E", bound=StrEnum)


def split(content: bytes, name: str, known: Sequence[str]) -> tuple[dict[str, object], str]:
    """Return front matter and Markdown. Raises InvalidInput naming the file and what is wrong."""
    try:
        source = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise wrong(name, _("bukan teks UTF-8; simpan ulang sebagai UTF-8")) from error
    if "\x00" in source:
        raise wrong(name, _("berisi huruf yang tidak bisa disimpan"))
    match = _PARTS.match(source)
    if match is None:
        raise wrong(name, _("baris pertama harus --- dan keterangan ditutup dengan ---"))
    return _front(match[1], name, known), match[2].strip("\n")


def join(front: Mapping[str, object], markdown: str) -> bytes:
    """Return the file; empty texts, empty lists and None are left out."""
    # Here and below: loaded by those who read such files, not by every server.
    import yaml

    kept = {name: value for name, value in front.items() if value not in ("", None, [])}
    head = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=100)
    body = markdown.strip("\n")
    return f"---\n{head}---\n{f'{chr(10)}{body}{chr(10)}' if body else ''}".encode()


def wrong(name: str, why: str) -> InvalidInput:
    """Return the refusal of a file; a reason that names the file already stays as it is."""
    if why.startswith(f"{name}:"):
        return InvalidInput(why)
    return InvalidInput(
        _("{name}: {why}. Perbaiki berkas itu, lalu impor lagi.").format(
            name=name, why=why.rstrip(".")
        )
    )


def text(value: object) -> str:
    """Return a value as the text that stands in the file. Raises InvalidInput for lists."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidInput(_("ada keterangan yang bukan teks"))


def items(value: object) -> list[object]:
    """Return a list; a single value is a list of one."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def texts(value: object) -> tuple[str, ...]:
    return tuple(text(item) for item in items(value))


def flag(value: object, name: str) -> bool | None:
    """Return true or false, None when nothing is said."""
    if value is None or value == "" or isinstance(value, bool):
        return value if isinstance(value, bool) else None
    raise InvalidInput(_("{name} ditulis true atau false").format(name=name))


def number(value: object, name: str) -> int | None:
    """Return a whole number, None when nothing is said."""
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidInput(_("{name} ditulis dengan angka").format(name=name))


def choice(kind: type[_E], value: object, default: _E) -> _E:
    """Return the member that is named, `default` when nothing is said."""
    if value in (None, ""):
        return default
    try:
        return kind(str(value))
    except ValueError:
        known = ", ".join(member.value for member in kind)
        sentence = _("{value} tidak dikenal. Pilih salah satu: {known}")
        raise InvalidInput(sentence.format(value=value, known=known)) from None


def moment(value: object, name: str) -> datetime | None:
    """Return a time with its zone, None when nothing is said."""
    if value in (None, ""):
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        sentence = _("{name} ditulis dengan zona waktu, misalnya 2026-11-21T07:30:00+07:00")
        raise InvalidInput(sentence.format(name=name))
    return found


def _front(source: str, name: str, known: Sequence[str]) -> dict[str, object]:
    import yaml

    try:
        front = yaml.safe_load(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = _("baris {n}").format(n=mark.line + 2) if mark else _("keterangan")
        raise wrong(name, _("{where} keterangan tidak terbaca").format(where=where)) from error
    except (ValueError, RecursionError) as error:
        raise wrong(name, _("keterangan tidak terbaca: {why}").format(why=error)) from error
    if not isinstance(front, dict):
        raise wrong(name, _("keterangan harus berbentuk nama: nilai"))
    unknown = sorted(str(key) for key in front if key not in known)
    if unknown:
        sentence = _("keterangan tidak dikenal: {names}. Yang ada: {known}")
        raise wrong(name, sentence.format(names=", ".join(unknown), known=", ".join(known)))
    return front
