"""The command line's side of a command: its site, its actor, and how results are shown.

    @click.pass_obj
    def show(console: Console, login: str) -> None:
        with console.actor() as actor:
            console.show([service.user(actor, login)], columns=("login", "name"))

Knows no click: a feature's cli.py parses, calls one service function and hands the result here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.i18n import _, short_day, short_moment

if TYPE_CHECKING:
    from desa_web.core.actor import Actor
    from desa_web.core.site import Site

Record = Mapping[str, object]
# What people read above a column, for the fields that most records have; a Column may say another.
HEADS = {
    "about": "keterangan", "active": "aktif", "address": "alamat", "articles": "berita",
    "author": "penulis", "caption": "keterangan", "contact": "kontak", "credit": "kredit",
    "day": "hari", "deputy": "pengganti", "device": "perangkat", "district": "kecamatan",
    "error": "kendala", "first_on": "mulai", "from": "asal", "giver": "pemberi",
    "height": "tinggi", "id": "id", "initials": "inisial", "is_used": "dipakai",
    "kind": "jenis", "kode_wilayah": "kode wilayah", "label": "untuk",
    "last_news_at": "kabar terakhir", "last_ok_at": "terakhir berhasil", "last_on": "sampai",
    "level": "keadaan", "line": "baris", "login": "pengguna", "message": "penjelasan",
    "name": "nama", "next_at": "ditanya lagi", "path": "berkas", "password": "kata sandi",
    "position": "urutan", "published_at": "terbit", "received_at": "diterima", "role": "peran",
    "seen_at": "terakhir dipakai", "sentence": "penjelasan", "site": "situs", "slug": "alamat",
    "source": "sumber", "state": "keadaan", "subject": "bagian", "title": "judul",
    "trust": "terbit", "updated_at": "diubah", "url": "alamat", "value": "nilai",
    "views": "dibaca", "width": "lebar", "words": "empat kata",
}  # fmt: skip
_YES, _NO = ("y", "ya", "yes"), ("", "n", "t", "no", "tidak")


class Stopped(Exception):
    """The person did not want to go on; nothing was changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table for people; programs get it as it is.

    name: the field. head: "" for the word of HEADS. words: what a value is called, {"new": "baru"}.
    """

    name: str
    head: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Console:
    """What the options before the command said.

    find_actor turns the login given with --as into an actor of the opened site.
    """

    site_path: Path | None
    as_user: str | None
    is_json: bool
    find_actor: Callable[[Site, str], Actor]

    def folder(self) -> Path:
        """Return the site's folder: --site, DESA_SITE, or the current folder if it is one."""
        chosen = self.site_path or _from_environment()
        if chosen is not None:
            return chosen
        if (Path.cwd() / "desa.toml").is_file():
            return Path.cwd()
        raise NotFound(
            _("Situs yang mana? Sebut foldernya dengan --site FOLDER atau variabel DESA_SITE.")
        )

    @contextmanager
    def site(self, *, any_schema: bool = False) -> Iterator[Site]:
        """Open the site, bound to this context. Raises NotFound, NewerSchema.

        any_schema: for commands that bring older data up to date, or look at them.
        """
        from desa_web.core import migrate
        from desa_web.core.site import open_site

        site = open_site(self.folder())
        try:
            with site.bound():
                if not any_schema:
                    migrate.require_current(site.database)
                yield site
        finally:
            site.close()

    @contextmanager
    def actor(self) -> Iterator[Actor]:
        """Open the site for the person named by --as; without it the operator acts."""
        from desa_web.core.actor import operator

        with self.site() as site:
            yield self.find_actor(site, self.as_user) if self.as_user else operator(site)

    def show(
        self,
        records: Sequence[Record],
        columns: Sequence[str | Column] | None = None,
        *,
        empty: str = "",
    ) -> None:
        """Print an array of objects with --json, otherwise a table of `columns`.

        A field that ends in _at is a moment, one that ends in _on a day: people read them as at
        home. empty: the sentence for no records.
        """
        if self.is_json:
            self.line(json.dumps(list(records), ensure_ascii=False, default=str))
            return
        if not records:
            self.line(empty or _("Belum ada."))
            return
        for row in _table(records, _columns(columns or tuple(records[0]))):
            self.line(row)

    def show_one(self, record: Record, columns: Sequence[str | Column]) -> None:
        """Print one record: an array of one object with --json, otherwise a line a field."""
        if self.is_json:
            self.show([record])
            return
        lines = [(_head(column), _cell(record, column)) for column in _columns(columns)]
        width = max(len(head) for head, _value in lines)
        for head, value in lines:
            self.line(f"{head:{width}}  {value}")

    def confirm(self, question: str, *, is_sure: bool) -> None:
        """Go on when the person says yes, or said --yes before. Raises Stopped.

        With --json nobody is asked: the caller is a program that knows what it does.
        """
        if is_sure or self.is_json:
            return
        while True:
            sys.stderr.write(f"{question} [y/t] ")
            sys.stderr.flush()
            answer = sys.stdin.readline()
            if not answer:
                raise Stopped(_("Tidak ada yang menjawab, jadi dibatalkan. Tanpa bertanya: --yes"))
            if answer.strip().casefold() in _YES:
                return
            if answer.strip().casefold() in _NO:
                raise Stopped(_("Dibatalkan. Tidak ada yang berubah."))
            question = _("Jawab y (ya) atau t (tidak).")

    def event(self, record: Record, sentence: str) -> None:
        """Print one step of a long run: the record with --json, otherwise the sentence."""
        self.line(json.dumps(record, ensure_ascii=False, default=str) if self.is_json else sentence)

    def say(self, sentence: str) -> None:
        """Tell the person something that is not a result: kept out of --json output."""
        if self.is_json:
            print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal
        else:
            self.line(sentence)

    @contextmanager
    def moving_line(self) -> Iterator[Callable[[str], None]]:
        """Give what writes progress over itself on a terminal, cleared at the end; else nothing."""
        if self.is_json or not sys.stderr.isatty():
            yield lambda _text: None
            return

        def write(text: str) -> None:
            sys.stderr.write(f"\r\x1b[K{text} ")
            sys.stderr.flush()

        try:
            yield write
        finally:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def line(self, text: str) -> None:
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader (head, less) has gone: nobody is left to be told.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None


def out_file(file: Path) -> Path:
    """Return the whole path of a file that a command is to write. Raises InvalidInput."""
    path = file.resolve()
    if path.is_dir():
        raise InvalidInput(_("{file} adalah folder. Sebut nama berkasnya.").format(file=file))
    if not path.parent.is_dir():
        raise InvalidInput(no_folder(path.parent))
    return path


def no_folder(folder: Path) -> str:
    """Return the sentence for a folder that is not there, often a stick that is not in."""
    return _(
        "Folder {folder} tidak ada. Bila itu stik, pasang dulu dan tunggu sampai terbuka; "
        "bila folder biasa, buat dengan: mkdir -p {folder}"
    ).format(folder=folder)


def _from_environment() -> Path | None:
    text = os.environ.get("DESA_SITE", "")
    return Path(text) if text else None


def _columns(wanted: Sequence[str | Column]) -> list[Column]:
    return [one if isinstance(one, Column) else Column(one) for one in wanted]


def _table(records: Sequence[Record], columns: Sequence[Column]) -> Iterator[str]:
    rows = [[_head(column) for column in columns]]
    rows += [[_cell(record, column) for column in columns] for record in records]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    for row in rows:
        yield "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()


def _head(column: Column) -> str:
    return _(column.head or HEADS.get(column.name, column.name))


def _cell(record: Record, column: Column) -> str:
    value = record.get(column.name)
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return _("ya") if value else _("tidak")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    text = str(value)
    if text in column.words:
        return _(column.words[text])
    if column.name.endswith("_at"):
        return _moment(value)
    if column.name.endswith("_on") or column.name == "day":
        return short_day(value if isinstance(value, date) else date.fromisoformat(text))
    return text.replace("\n", " ")


def _moment(value: object) -> str:
    """Return a moment in the village's own time."""
    from desa_web.core import settings
    from desa_web.core.clock import zone
    from desa_web.core.site import current_site

    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return short_moment(at, zone(settings.read(current_site())["time_zone"]))
