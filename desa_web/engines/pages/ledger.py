"""Which kept answers are valid, and since which drop: one small SQLite file and one stamp.

`state.db` is the truth between processes: a body file without its row does not exist. It runs with
synchronous=OFF, because all of it is disposable. `stamp` holds (epoch, n) in 16 bytes and is
rewritten after every drop, so that a running process sees another one's drop by one pread; when
the file itself is gone or replaced, everything kept in memory is void. This module raises OSError
and sqlite3.Error; the store above it never does.
"""

import contextlib
import json
import os
import sqlite3
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Generation = tuple[int, int]

_STAMP = struct.Struct("<QQ")
# Renders take seconds; a render older than this many drops is refused unseen.
DROPS_REMEMBERED = 20_000
# Answers a stranger can multiply (addresses with a query, 404): the oldest make room.
LOOSE_LIMIT = 1_000

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, target TEXT NOT NULL UNIQUE, place TEXT NOT NULL,
    record TEXT NOT NULL, loose INTEGER NOT NULL);
-- loose answers by age, to make room
CREATE INDEX entry_loose ON entry (id) WHERE loose = 1;
CREATE TABLE entry_key (
    key TEXT NOT NULL, entry INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
    PRIMARY KEY (key, entry)) WITHOUT ROWID;
-- the keys of an entry, when it goes
CREATE INDEX entry_key_entry ON entry_key (entry);
CREATE TABLE dropped (key TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Record:
    """What the index knows of one answer besides its body files."""

    status: str
    headers: list[tuple[str, str]]
    size_bytes: int
    checksum: str
    gz_size_bytes: int
    gz_checksum: str
    keys: list[str]


class Ledger:
    """The index of one folder for one process; thread-safe."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._folder = folder
        self._identity = identity
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._pid = 0
        # Never used, never closed: closing would give up the parent's locks.
        self._inherited: list[sqlite3.Connection] = []
        self._stamp_fd = -1
        # What the stamp said last, read and understood: one request in a million finds it changed.
        self._last: tuple[bytes, Generation] = (b"", (0, 0))

    # The stamp

    def stamp(self) -> Generation | None:
        """Return the current generation; None while there is no valid stamp."""
        fd = self._stamp_fd
        if fd < 0:
            return None
        try:
            raw = os.pread(fd, 16, 0)
            # Deleted or replaced by name: whatever it says no longer counts.
            if len(raw) != 16 or not os.fstat(fd).st_nlink:
                return None
        except OSError:
            return None
        known, generation = self._last
        if raw != known:
            generation = _STAMP.unpack(raw)
            self._last = raw, generation
        return generation

    def attach(self) -> Generation | None:
        """Open the stamp again after it was lost; return the generation."""
        with self._lock:
            self._close_stamp()
            with contextlib.suppress(OSError):
                self._stamp_fd = os.open(self._folder / "stamp", os.O_RDWR | os.O_CLOEXEC)
            if self._stamp_fd < 0:
                with contextlib.suppress(OSError):
                    self._stamp_fd = os.open(self._folder / "stamp", os.O_RDONLY | os.O_CLOEXEC)
            return self.stamp()

    # Opening and closing

    def open(self, boot_id: str) -> bool:
        """Open or make the index. True when what it holds can be trusted for this program."""
        with self._lock:
            self.close_db()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._connect()
            with self._writing() as tx:
                if not tx.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                    for statement in _SCHEMA.split(";\n"):
                        tx.execute(statement)
                    self._set(boot_id=boot_id, clean="1", n="0")
                meta = dict(tx.execute("SELECT name, value FROM meta").fetchall())
                # Another boot without a clean stop: deletions may have been undone by the cut.
                return meta.get("identity") == self._identity and (
                    meta["clean"] == "1" or (meta["boot_id"] == boot_id and boot_id != "")
                )

    def is_owned(self) -> bool:
        """Has some program made this index its own?"""
        with self._lock:
            return self._get("identity") is not None

    def claim(self, boot_id: str) -> None:
        """Empty the index and make it this program's; every process's memory becomes void."""
        with self._lock, self._writing() as tx:
            tx.execute("DELETE FROM entry")
            tx.execute("DELETE FROM dropped")
            self._set(identity=self._identity, boot_id=boot_id, clean="1")
            self.new_stamp()

    def keep(self, boot_id: str) -> None:
        """Go on with what is there."""
        with self._lock, self._writing():
            self._set(boot_id=boot_id)
            if self.attach() is None:
                self.new_stamp()

    def new_stamp(self) -> None:
        """Begin a new epoch: no generation of the old one is accepted any more."""
        number = int(self._get("n") or 0) if self._db else 0
        temporary = self._folder / f"stamp-{os.urandom(6).hex()}"
        try:
            temporary.write_bytes(_STAMP.pack(int.from_bytes(os.urandom(8)), number))
            temporary.replace(self._folder / "stamp")
        finally:
            temporary.unlink(missing_ok=True)
        self.attach()

    def condemn(self) -> bool:
        """Make the whole index void where it cannot be written; False when even that fails."""
        with self._lock:
            self.close_db()
            gone = True
            for name in ("stamp", "state.db", "state.db-journal"):
                try:
                    (self._folder / name).unlink(missing_ok=True)
                except OSError:
                    gone = False
            self._close_stamp()
            return gone

    def close(self) -> None:
        """Note a clean stop: the next boot may trust what is there."""
        with self._lock:
            if self._db is not None and self._pid == os.getpid():
                with contextlib.suppress(sqlite3.Error, OSError):
                    with self._writing():
                        self._set(clean="1")
                    # Journaling file systems write earlier deletions with this fsync.
                    for name in ("state.db", "."):
                        fd = os.open(self._folder / name, os.O_RDONLY)
                        try:
                            os.fsync(fd)
                        finally:
                            os.close(fd)
            self.close_db()
            self._close_stamp()

    def close_db(self) -> None:
        with self._lock:
            if self._db is not None and self._pid != os.getpid():
                self._inherited.append(self._db)
            elif self._db is not None:
                with contextlib.suppress(sqlite3.Error):
                    self._db.close()
            self._db = None

    # Entries

    def find(self, target: str) -> tuple[str, Record] | None:
        """Return (place, record) of a kept answer."""
        with self._lock:
            row = self._connection().execute(
                "SELECT place, record FROM entry WHERE target = ?", (target,)
            )
            found = row.fetchone()
        if found is None:
            return None
        fields = json.loads(found[1])
        fields["headers"] = [(k, v) for k, v in fields["headers"]]
        return found[0], Record(**fields)

    @contextlib.contextmanager
    def adding(
        self, target: str, place: str, record: Record, generation: Generation, *, loose: bool
    ) -> Iterator[list[str] | None]:
        """Add an entry around the caller's renames, in one transaction against drops.

        Yields None when the answer is older than a drop of one of its keys; else the places of
        entries that made room, whose files the caller removes.
        """
        with self._lock, self._writing() as tx:
            if self.stamp() is None or not self._is_fresh(tx, record.keys, generation):
                yield None
                return
            places = self._make_room(tx) if loose else []
            places += self._take_out(tx, "target = ?", (target,))
            cursor = tx.execute(
                "INSERT INTO entry (target, place, record, loose) VALUES (?, ?, ?, ?)",
                (target, place, _dump(record), int(loose)),
            )
            tx.executemany(
                "INSERT INTO entry_key (key, entry) VALUES (?, ?)",
                [(key, cursor.lastrowid) for key in record.keys],
            )
            yield [old for old in places if old != place]

    def drop(self, keys: frozenset[str]) -> tuple[dict[str, str], Generation | None]:
        """Forget all entries with one of these keys; return ({target: place}, new generation)."""
        with self._lock, self._writing() as tx:
            gone: dict[str, str] = {}
            number = int(self._get("n") or 0) + 1
            for key in keys:
                gone.update(
                    tx.execute(
                        "SELECT target, place FROM entry WHERE id IN"
                        " (SELECT entry FROM entry_key WHERE key = ?)",
                        (key,),
                    ).fetchall()
                )
                tx.execute(
                    "DELETE FROM entry WHERE id IN (SELECT entry FROM entry_key WHERE key = ?)",
                    (key,),
                )
                tx.execute("REPLACE INTO dropped (key, n) VALUES (?, ?)", (key, number))
            tx.execute("DELETE FROM dropped WHERE n < ?", (number - DROPS_REMEMBERED,))
            self._set(n=str(number), clean="0")
            tx.execute("COMMIT")
            # Only now: a process that sees the new stamp must not find the old rows.
            tx.execute("BEGIN IMMEDIATE")
            return gone, self._advance(number)

    def forget(self, target: str) -> None:
        """Take out one entry (its file is damaged)."""
        with self._lock, self._writing() as tx:
            tx.execute("DELETE FROM entry WHERE target = ?", (target,))

    @contextlib.contextmanager
    def places(self) -> Iterator[frozenset[str]]:
        """Yield the places of all entries, while nobody can add or drop one."""
        with self._lock, self._writing() as tx:
            yield frozenset(row[0] for row in tx.execute("SELECT place FROM entry"))

    def count(self) -> int:
        with self._lock:
            row = self._connection().execute("SELECT count(*) FROM entry").fetchone()
        return int(row[0])

    # Below

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._folder / "state.db", timeout=2, isolation_level=None, check_same_thread=False
        )
        self._db, self._pid = db, os.getpid()
        db.execute("PRAGMA synchronous = OFF")
        # Kept, not deleted: a full disk then still takes a drop.
        db.execute("PRAGMA journal_mode = PERSIST")
        db.execute("PRAGMA journal_size_limit = 65536")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA cache_size = -512")
        return db

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise sqlite3.OperationalError("page index is not open")
        if self._pid != os.getpid():
            # A forked worker: SQLite forbids using the parent's connection.
            self._inherited.append(self._db)
            return self._connect()
        return self._db

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        db = self._connection()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                if db.in_transaction:
                    db.execute("ROLLBACK")
            raise

    def _is_fresh(self, tx: sqlite3.Connection, keys: list[str], generation: Generation) -> bool:
        now = self.stamp()
        identity = self._get("identity")
        number = int(self._get("n") or 0)
        if now is None or now[0] != generation[0] or identity != self._identity:
            return False
        if generation[1] < number - DROPS_REMEMBERED:
            return False
        for key in keys:
            row = tx.execute("SELECT n FROM dropped WHERE key = ?", (key,)).fetchone()
            if row is not None and row[0] > generation[1]:
                return False
        self._set(clean="0")
        return True

    def _make_room(self, tx: sqlite3.Connection) -> list[str]:
        row = tx.execute("SELECT count(*) FROM entry WHERE loose = 1").fetchone()
        if row[0] < LOOSE_LIMIT:
            return []
        return self._take_out(
            tx,
            "id IN (SELECT id FROM entry WHERE loose = 1 ORDER BY id LIMIT ?)",
            (LOOSE_LIMIT // 10,),
        )

    def _take_out(
        self, tx: sqlite3.Connection, where: str, values: tuple[object, ...]
    ) -> list[str]:
        # `where` is one of the two constants above, never a value from outside.
        rows = tx.execute(f"DELETE FROM entry WHERE {where} RETURNING place", values)  # noqa: S608
        return [row[0] for row in rows.fetchall()]

    def _advance(self, number: int) -> Generation | None:
        now = self.stamp()
        if now is None:
            return None
        # Never ahead of meta.n, or a later drop would look older than a render before it.
        following = (now[0], max(now[1], number))
        # In place: 16 bytes that are already allocated can be written on a full disk.
        os.pwrite(self._stamp_fd, _STAMP.pack(*following), 0)
        return following

    def _get(self, name: str) -> str | None:
        row = self._connection().execute("SELECT value FROM meta WHERE name = ?", (name,))
        found = row.fetchone()
        return None if found is None else str(found[0])

    def _set(self, **values: str) -> None:
        for name, value in values.items():
            self._connection().execute(
                "INSERT INTO meta (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                " WHERE value <> excluded.value",
                (name, value),
            )

    def _close_stamp(self) -> None:
        if self._stamp_fd >= 0:
            os.close(self._stamp_fd)
            self._stamp_fd = -1


def _dump(record: Record) -> str:
    return json.dumps({name: getattr(record, name) for name in Record.__slots__})
