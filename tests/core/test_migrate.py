"""Migrations: linear, rehearsed on a copy, the same on both databases; newer data is refused."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from desa_web.core import db, migrate
from desa_web.core.errors import NewerSchema
from desa_web.core.migrate import Migration
from desa_web.core.site import Site, create, open_site
from tests.harness.postgres import Postgres
from tests.harness.site import FakeClock

FOLDER = Path(migrate.__file__).with_name("migrations")


def test_migrations_are_numbered_without_holes() -> None:
    found = migrate.migrations()
    assert [m.number for m in found] == list(range(1, len(found) + 1))
    assert len({m.name for m in found}) == len(found)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.sql")), ids=lambda file: file.name)
def test_a_migration_is_portable_sql_that_a_person_can_read(file: Path) -> None:
    text = file.read_text()
    plain = re.sub(r"--.*", "", text)
    for word in ("AUTOINCREMENT", "SERIAL", "JSONB", "WITHOUT ROWID", "PRAGMA", "datetime("):
        assert word.lower() not in plain.lower()
    columns = re.findall(
        r"^(?:\s{4}|ALTER TABLE \w+ ADD COLUMN )(\w+)\s+"
        r"(TEXT|BIGINT|INTEGER|SMALLINT|BLOB|REAL)(.*)$",
        plain,
        re.M,
    )
    assert columns or "CREATE INDEX" in plain
    for before, index in re.findall(r"(--[^\n]*\n)?CREATE (?:UNIQUE )?INDEX (\w+)", text):
        assert before, f"{index} has no comment that names its query"


@pytest.mark.both_databases
def test_a_new_site_has_the_newest_schema_and_upgrading_again_does_nothing(site: Site) -> None:
    assert migrate.version(site.database) == len(migrate.migrations())
    assert migrate.upgrade(site.database) == []


@pytest.mark.both_databases
def test_data_of_a_newer_program_are_refused_and_not_touched(site: Site) -> None:
    newer = len(migrate.migrations()) + 1
    sql = "INSERT INTO schema_version (number, name, program) VALUES (?, 'later', '9.9')"
    with db.write(site.database):
        db.execute(site.database, sql, newer)
    with pytest.raises(NewerSchema) as caught:
        migrate.upgrade(site.database)
    assert str(newer) in str(caught.value)
    with pytest.raises(NewerSchema):
        open_site(site.path)
    assert migrate.version(site.database) == newer


def test_every_earlier_schema_can_be_upgraded(tmp_path: Path) -> None:
    newest = len(migrate.migrations())
    for start in range(1, newest):
        database = db.open_sqlite(_at(tmp_path / f"{start}.db", start))
        with db.bound(database):
            assert len(migrate.upgrade(database)) == newest - start
            assert migrate.is_current(database)
        database.close()


def test_notices_of_an_older_inbox_stay_notices(tmp_path: Path) -> None:
    file = _at(tmp_path / "old.db", 11)
    connection = sqlite3.connect(file)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(hub_item)")]
    words = {"op": "put", "state": "new"}
    numbers = {"rev", "published_at", "received_at", "decided_at", "version"}
    for kind in ("article", "announcement"):
        row = dict.fromkeys(columns, "") | dict.fromkeys(numbers, 1) | words
        row |= dict.fromkeys(("needs_look", "is_lost", "lacks_photos"), 0)
        row |= {"id": kind, "object_id": kind, "content": f'{{"a": 1, "type": "{kind}"}}'}
        marks = ", ".join("?" * len(columns))
        connection.execute(f"INSERT INTO hub_item VALUES ({marks})", [row[c] for c in columns])
    connection.commit()
    connection.close()
    database = db.open_sqlite(file)
    with db.bound(database):
        migrate.upgrade(database)
        found = db.execute(database, "SELECT id, is_notice FROM hub_item ORDER BY id").fetchall()
    database.close()
    assert found == [("announcement", 1), ("article", 0)]


def test_a_failing_migration_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _at(tmp_path / "old.db", 1)
    before = file.read_bytes()
    broken = Migration(2, "broken", "CREATE TABLE half (n INTEGER NOT NULL);\nCREATE NONSENSE;\n")
    monkeypatch.setattr(migrate, "migrations", lambda: [*_real()[:1], broken])
    database = db.open_sqlite(file)
    with db.bound(database), pytest.raises(Exception, match="NONSENSE"):
        migrate.upgrade(database)
    database.close()
    assert file.read_bytes() == before


def test_a_statement_may_hold_a_semicolon_inside_its_text() -> None:
    sql = "-- first;\nINSERT INTO a (b) VALUES ('x; y');\nDELETE FROM a;\n"
    found = list(Migration(1, "x", sql).statements(sqlite=True))
    assert found == ["INSERT INTO a (b) VALUES ('x; y')", "DELETE FROM a"]


@pytest.mark.postgres
def test_both_databases_have_the_same_tables_and_columns(
    tmp_path: Path, postgres: Postgres
) -> None:
    with postgres.empty_url() as url:
        here, there = (
            create(tmp_path / name, options, FakeClock())
            for name, options in (("lite", {}), ("large", {"database_url": url}))
        )
        tables = _tables(here)
        assert tables == _tables(there)
        assert "user_account" in tables
        here.close()
        there.close()


_real = migrate.migrations


def _at(file: Path, version: int) -> Path:
    """Make a database as the program left it at an earlier version."""
    connection = sqlite3.connect(file)
    for migration in _real()[:version]:
        for statement in migration.statements(sqlite=True):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO schema_version VALUES (?, ?, '0')", (migration.number, migration.name)
        )
    connection.commit()
    connection.close()
    return file


def _tables(site: Site) -> dict[str, list[str]]:
    with site.bound():
        names = [name for name in site.database.get_tables() if not name.startswith("sqlite_")]
        return {
            name: sorted(column.name for column in site.database.get_columns(name))
            for name in sorted(names)
        }
