"""Schema migrations: append-only, linear, plain SQL in core/migrations/NNNN_name.sql.

They run at `desa serve` and `desa upgrade` only: on a copy first, then on the database itself, in
one transaction. A schema newer than the program is refused with a sentence.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import peewee

from desa_web import __version__
from desa_web.core import db
from desa_web.core.errors import NewerSchema, OlderSchema
from desa_web.core.i18n import _

_FOLDER = Path(__file__).with_name("migrations")
_STATEMENT = re.compile(r";[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    def statements(self, *, sqlite: bool) -> Iterator[str]:
        """Yield the statements; BLOB is the one type whose name differs."""
        text = self.sql if sqlite else re.sub(r"\bBLOB\b", "BYTEA", self.sql)
        for part in _STATEMENT.split(_COMMENT.sub("", text)):
            if part.strip():
                yield part.strip()


def migrations() -> list[Migration]:
    """Return all migrations in order; the numbers have no holes."""
    found = []
    for file in sorted(_FOLDER.glob("[0-9]*.sql")):
        number, name = file.stem.split("_", 1)
        found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    assert [m.number for m in found] == list(range(1, len(found) + 1))  # noqa: S101
    return found


def version(database: peewee.Database) -> int:
    """Return the number of the newest migration in the database, 0 for an empty one."""
    if not database.table_exists("schema_version"):
        return 0
    row = db.execute(database, "SELECT max(number) FROM schema_version").fetchone()
    return int(row[0] or 0)


def check(database: peewee.Database) -> None:
    """Raise NewerSchema when a newer program has written this database."""
    known, found = len(migrations()), version(database)
    if found > known:
        raise NewerSchema(
            _(
                "Data situs ini dibuat oleh desa-web yang lebih baru (data {found}, "
                "program {known}). Pasang lagi versi yang baru; data tidak disentuh."
            ).format(found=found, known=known)
        )


def is_current(database: peewee.Database) -> bool:
    return version(database) == len(migrations())


def require_current(database: peewee.Database) -> None:
    """Raise NewerSchema or OlderSchema unless the data are of this program's version."""
    check(database)
    if not is_current(database):
        raise OlderSchema(
            _("Data situs ini perlu disesuaikan dengan program. Jalankan: desa upgrade")
        )


def upgrade(database: peewee.Database) -> list[str]:
    """Bring the database to the newest schema; return the names of what was applied."""
    check(database)
    if is_current(database):
        return []
    if db.is_sqlite(database) and version(database):
        _rehearse(database)
    return _apply(database)


def _rehearse(database: peewee.Database) -> None:
    """Run the migrations on a whole copy, so that a failing one touches nothing."""
    with tempfile.TemporaryDirectory(prefix="desa-upgrade-") as folder:
        copy = Path(folder) / "copy.db"
        db.execute(database, "VACUUM INTO ?", str(copy))
        rehearsal = db.open_sqlite(copy)
        try:
            _apply(rehearsal)
            problem = db.execute(rehearsal, "PRAGMA integrity_check").fetchone()[0]
            if problem != "ok":
                raise sqlite3.DatabaseError(f"integrity after rehearsal: {problem}")
        finally:
            rehearsal.close()


def _apply(database: peewee.Database) -> list[str]:
    applied = []
    with db.write(database):
        done = version(database)
        for migration in migrations()[done:]:
            for statement in migration.statements(sqlite=db.is_sqlite(database)):
                db.execute(database, statement)
            db.execute(
                database,
                "INSERT INTO schema_version (number, name, program) VALUES (?, ?, ?)",
                migration.number,
                migration.name,
                __version__,
            )
            applied.append(migration.name)
    return applied
