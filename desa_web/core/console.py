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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desa_web.core.errors import NotFound
from desa_web.core.i18n import _

if TYPE_CHECKING:
    from desa_web.core.actor import Actor
    from desa_web.core.site import Site

Record = Mapping[str, object]


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

    def show(self, records: Sequence[Record], columns: Sequence[str] | None = None) -> None:
        """Print an array of objects with --json, otherwise a table of `columns`."""
        if self.is_json:
            self.line(json.dumps(list(records), ensure_ascii=False, default=str))
            return
        if not records:
            self.line(_("Belum ada."))
            return
        for row in _table(records, columns or tuple(records[0])):
            self.line(row)

    def event(self, record: Record, sentence: str) -> None:
        """Print one step of a long run: the record with --json, otherwise the sentence."""
        self.line(json.dumps(record, ensure_ascii=False, default=str) if self.is_json else sentence)

    def say(self, sentence: str) -> None:
        """Tell the person something that is not a result: kept out of --json output."""
        if self.is_json:
            print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal
        else:
            self.line(sentence)

    def line(self, text: str) -> None:
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader (head, less) has gone: nobody is left to be told.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None


def _from_environment() -> Path | None:
    text = os.environ.get("DESA_SITE", "")
    return Path(text) if text else None


def _table(records: Sequence[Record], columns: Sequence[str]) -> Iterator[str]:
    rows = [[_cell(record.get(column)) for column in columns] for record in records]
    widths = [max(len(row[i]) for row in [list(columns), *rows]) for i in range(len(columns))]
    for row in [list(columns), *rows]:
        yield "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return _("ya") if value else _("tidak")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value).replace("\n", " ")
