"""The database: SQLite by default, PostgreSQL for a large hub; the only place that knows which.

Models inherit from `Model`; they speak to the database of the site that is bound to the current
context (`bound`), so hub and village can live in one process. Writing happens inside `write`,
which services reach through core/journal.py.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

# Before peewee, which would load every driver that is installed.
from desa_web.core import drivers  # isort: skip
import peewee

from desa_web.core.clock import as_utc, to_ms
from desa_web.core.errors import Busy, DesaError, ReadOnly, storage_error
from desa_web.core.i18n import _

# FULL: with NORMAL a power cut lost 4 of 391 acknowledged writes.
# Each of a dozen threads has a connection: with 1,000 KB a village's server kept 5 MB more after
# 2,000 pages, which came no faster. What is not here is in the system's own cache.
_PRAGMAS = {"foreign_keys": 1, "synchronous": 2, "trusted_schema": 0, "cache_size": -128}
BUSY_TIMEOUT_S = 10
# SQLite before 3.32 takes 999 values in a statement.
_VALUES_MAX = 999

_current: ContextVar[peewee.Database | None] = ContextVar("database", default=None)


class _BoundDatabase(peewee.DatabaseProxy):
    """Stands for the database of the bound site, whichever that is in this context."""

    @property
    def obj(self) -> peewee.Database | None:
        return _current.get()

    @obj.setter
    def obj(self, value: object) -> None:
        """Peewee initialises proxies with None; the context decides here."""


class Model(peewee.Model):
    """Base of all models of content."""

    class Meta:
        database = _BoundDatabase()
        legacy_table_names = False

    @classmethod
    def put(cls, **values: Any) -> None:
        """Insert a row, or replace the one with the same primary key; on both databases."""
        key = cls._meta.get_primary_keys()  # type: ignore[no-untyped-call]
        names = {field.name for field in key}
        rest = {name: value for name, value in values.items() if name not in names}
        cls.insert(**values).on_conflict(conflict_target=key, update=rest).execute()


_M = TypeVar("_M", bound=Model)


class UtcField(peewee.BigIntegerField):
    """An aware UTC datetime, kept as integer milliseconds (peewee's own field loses the zone)."""

    def db_value(self, value: datetime | int | None) -> int | None:
        return to_ms(value) if isinstance(value, datetime) else value

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else as_utc(value)


class FlagField(peewee.SmallIntegerField):
    """A boolean kept as 0 or 1, the same on both databases."""

    def db_value(self, value: bool | int | None) -> int | None:
        return None if value is None else int(bool(value))

    def python_value(self, value: int | None) -> bool | None:
        return None if value is None else bool(value)


class JsonField(peewee.TextField):
    """JSON text with sorted keys."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    def python_value(self, value: str | None) -> Any:
        return None if value is None else json.loads(value)


def open_sqlite(file: Path, *, create: bool = False) -> peewee.Database:
    """Return the database in `file`; a read-only disk is opened for reading.

    WAL is set once, at creation: setting it per connection made reads fail on a read-only disk.
    """
    if create:
        connection = sqlite3.connect(file)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    writable = os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
    uri = f"file:{quote(str(file.resolve()))}?mode={'rw' if writable else 'ro'}"
    if not writable and not file.with_name(file.name + "-wal").exists():
        # A cleanly closed WAL database on a read-only mount opens only like this.
        uri += "&immutable=1"
    return peewee.SqliteDatabase(
        uri, pragmas=_PRAGMAS, timeout=BUSY_TIMEOUT_S, uri=True, check_same_thread=False
    )


def open_postgresql(url: str) -> peewee.Database:
    """Return the PostgreSQL database at `url`. Needs the extra `postgres`."""
    drivers.load_postgresql()
    # Autocommit belongs to peewee; a query without a transaction must not leave one open.
    return peewee.PostgresqlDatabase(url, connect_timeout=BUSY_TIMEOUT_S)


def make_room(database: peewee.Database) -> None:
    """Let this thread's connection keep 4 MB of pages: for a command that writes very much.

    Measured: a village's first pull costs a sixth less than with the little that readers need.
    """
    if is_sqlite(database):
        execute(database, "PRAGMA cache_size = -4000")


def shrink(database: peewee.Database) -> None:
    """Let this thread's connection give back the memory of what it has read."""
    if is_sqlite(database):
        execute(database, "PRAGMA shrink_memory")


def is_sqlite(database: peewee.Database) -> bool:
    return isinstance(database, peewee.SqliteDatabase)


def is_read_only(database: peewee.Database) -> bool:
    return is_sqlite(database) and "mode=ro" in str(database.database)


@contextmanager
def bound(database: peewee.Database) -> Iterator[None]:
    """Let the models speak to `database` inside the block; connects if needed."""
    token = _current.set(database)
    try:
        if database.is_closed():
            with _sentences():
                database.connect(reuse_if_open=True)
        yield
    finally:
        _current.reset(token)


@contextmanager
def write(database: peewee.Database) -> Iterator[None]:
    """One transaction that may write; nothing of it stays if the block raises.

    BEGIN IMMEDIATE: a deferred transaction that read and then wrote after another writer failed
    at once with "database is locked" whatever the timeout. Raises Busy, DiskFull or ReadOnly.
    """
    if is_read_only(database):
        raise ReadOnly(_("Server hanya bisa dibaca sekarang, jadi belum ada yang disimpan."))
    with _sentences():
        transaction = database.atomic("IMMEDIATE") if is_sqlite(database) else database.atomic()
        with transaction:
            yield


@contextmanager
def wiping(database: peewee.Database) -> Iterator[None]:
    """Overwrite on the disk what is deleted inside the block; put it around the transaction.

    PostgreSQL overwrites old versions of rows by itself, when its autovacuum comes round.
    """
    if not is_sqlite(database):
        yield
        return
    before = int(execute(database, "PRAGMA secure_delete").fetchone()[0])
    execute(database, "PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        execute(database, f"PRAGMA secure_delete = {before}")
    if not database.in_transaction():
        # The write-ahead log holds the old pages until it is cut off; a reader may hinder it.
        execute(database, "PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def overwrite_deleted(database: peewee.Database) -> None:
    """Let this connection overwrite on the disk what it deletes or replaces.

    For texts that somebody may have erased later: an older version of a row would stay behind.
    """
    if is_sqlite(database):
        execute(database, "PRAGMA secure_delete = ON")


def hold_row(database: peewee.Database, table: str, key: str) -> None:
    """Let no other transaction that holds this row go on beside ours, until ours ends.

    On SQLite one writes at a time anyway.
    """
    if not is_sqlite(database):
        sql = f"SELECT 1 FROM {table} WHERE id = ? FOR UPDATE"  # noqa: S608 - our own table
        execute(database, sql, key).fetchall()


def skip_locked(database: peewee.Database, table: str) -> str:
    """Return what a subselect ends with that passes over rows which others are taking."""
    return "" if is_sqlite(database) else f" FOR UPDATE OF {table} SKIP LOCKED"


def execute(database: peewee.Database, sql: str, *params: object) -> Any:
    """Run one statement written with `?` and return its cursor."""
    text = sql if is_sqlite(database) else sql.replace("?", "%s")
    return database.execute_sql(text, params)  # type: ignore[no-untyped-call]


def select(model: type[_M], condition: str, *params: object) -> list[_M]:
    """Return the rows of the bound database that meet a condition written by hand.

    For what readers wait for: peewee takes ten times as long to put a statement together as
    SQLite takes to answer it.
    """
    columns, _names, _converters = _shape(model)
    sql = f"SELECT {columns} FROM {model._meta.table_name} WHERE {condition}"  # noqa: S608 - our own
    return [as_row(model, row) for row in execute(current(), sql, *params).fetchall()]


def columns(model: type[Model], alias: str) -> str:
    """Return what a join written by hand selects for `as_row`."""
    return ", ".join(f"{alias}.{field.column_name}" for field in model._meta.sorted_fields)


def as_row(model: type[_M], row: Sequence[Any]) -> _M:
    """Return the model of a row that holds all its columns, in their order."""
    _columns, names, converters = _shape(model)
    values = dict(zip(names, row, strict=True))
    for name, convert in converters:
        values[name] = convert(values[name])
    made = model(__no_default__=True)
    # As peewee does for its own queries; setting fields one by one cost most of the time.
    made.__data__ = values
    return made


def first(model: type[_M], condition: str, *params: object) -> _M | None:
    """Return the first of `select`, or None."""
    return next(iter(select(model, condition, *params)), None)


def insert(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to the bound database, each with all columns of the model, many in one statement.

    For what comes by the hundred, as `select` for what is read.
    """
    columns, names, _converters = _shape(model)
    own = [field for field in model._meta.sorted_fields if isinstance(field, _OWN_FIELDS)]
    part = max(1, _VALUES_MAX // len(names))
    marks = f"({', '.join('?' * len(names))})"
    for at in range(0, len(rows), part):
        values: list[Any] = []
        for row in rows[at : at + part]:
            stored = {**row, **{field.name: field.db_value(row[field.name]) for field in own}}
            values += [stored[name] for name in names]
        places = ", ".join([marks] * (len(values) // len(names)))
        sql = f"INSERT INTO {model._meta.table_name} ({columns}) VALUES {places}"  # noqa: S608 - our own
        execute(current(), sql, *values)


def update(model: type[Model], values: Mapping[str, Any], condition: str, *params: object) -> int:
    """Set fields of the rows that meet a condition written by hand; return how many they were."""
    fields = [(model._meta.fields[name], value) for name, value in values.items()]
    names = ", ".join(f"{field.column_name} = ?" for field, _value in fields)
    stored = [f.db_value(v) if isinstance(f, _OWN_FIELDS) else v for f, v in fields]
    sql = f"UPDATE {model._meta.table_name} SET {names} WHERE {condition}"  # noqa: S608 - our own
    return int(execute(current(), sql, *stored, *params).rowcount)


def current() -> peewee.Database:
    """Return the database bound to this context."""
    database = _current.get()
    if database is None:
        raise RuntimeError("no site is bound to this context")
    return database


# Only these keep something else than they show.
_OWN_FIELDS = (UtcField, FlagField, JsonField)
_Converter = Callable[[Any], Any]


@cache
def _shape(
    model: type[Model],
) -> tuple[str, tuple[str, ...], tuple[tuple[str, _Converter], ...]]:
    """Return a model's columns, its fields' names, and those fields that a driver cannot give.

    Text and numbers come from both drivers as what they are.
    """
    fields = model._meta.sorted_fields
    as_they_come = (peewee.Field.python_value, peewee.ForeignKeyField.python_value)
    own = [field for field in fields if type(field).python_value not in as_they_come]
    return (
        ", ".join(field.column_name for field in fields),
        tuple(field.name for field in fields),
        tuple((field.name, field.python_value) for field in own),
    )


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn a failing disk or a busy database into its sentence."""
    try:
        yield
    except (peewee.PeeweeException, sqlite3.Error, OSError) as error:
        known = _known(error)
        lost_server = type(error.__cause__ or error).__module__.startswith("psycopg2")
        if known is None and lost_server and type(error).__name__ == "OperationalError":
            known = Busy(_("Penyimpanan sedang tidak bisa dihubungi. Coba lagi sebentar lagi."))
        if known is None:
            raise
        raise known from error


def _known(error: BaseException | None) -> DesaError | None:
    """Return the sentence for an error or for what it hides.

    On a full disk SQLite has rolled back already; peewee's own rollback then fails and stands in
    front of the real reason.
    """
    while error is not None:
        known = storage_error(error)
        if known is not None:
            return known
        error = error.__context__
    return None
