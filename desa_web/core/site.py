"""A site is one folder. `Site` holds what every layer needs of it: options, database, clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from desa_web.core import config as options
from desa_web.core import db, journal, migrate
from desa_web.core.clock import Clock, SystemClock
from desa_web.core.disk import write_atomic
from desa_web.core.errors import Conflict, InvalidInput, NotFound
from desa_web.core.i18n import _

if TYPE_CHECKING:
    import peewee

    from desa_web.core.journal import Row

FOLDERS = ("data/keys", "media", "cache", "backups", "themes")
Listener = Callable[[Sequence["Row"]], None]
# Told which surrogate keys went stale without a commit: renditions that are ready now.
StaleListener = Callable[[set[str]], object]

_bound: ContextVar[Site | None] = ContextVar("site", default=None)


class Site:
    """An open site; use `with site.bound():` around everything that touches its database."""

    def __init__(
        self, path: Path, config: options.Config, database: peewee.Database, clock: Clock
    ) -> None:
        self.path = path
        self.config = config
        self.database = database
        self.clock = clock
        # Called after each commit of this process, in order, with the rows that were written.
        self.on_commit: list[Listener] = []
        self.on_stale: list[StaleListener] = []

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def media(self) -> Path:
        return self.path / "media"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @contextmanager
    def bound(self) -> Iterator[Site]:
        """Bind the models of this context to this site; the connection stays with the thread."""
        token = _bound.set(self)
        try:
            with db.bound(self.database):
                yield self
        finally:
            _bound.reset(token)

    def committed(self, rows: Sequence[Row]) -> None:
        for listener in self.on_commit:
            listener(rows)

    def stale(self, keys: set[str]) -> None:
        for listener in self.on_stale:
            listener(keys)

    def close(self) -> None:
        """Close this thread's connection."""
        if not self.database.is_closed():
            self.database.close()


def current_site() -> Site:
    """Return the site that is bound to this context."""
    site = _bound.get()
    if site is None:
        raise RuntimeError("no site is bound to this context")
    return site


def open_site(path: Path, clock: Clock | None = None) -> Site:
    """Return the site in folder `path`. Raises NotFound when there is none, NewerSchema."""
    path = path.resolve()
    config = options.load(path / "desa.toml")
    url = config.text("database_url")
    file = path / "data" / "desa.db"
    if not url and not file.exists():
        raise NotFound(
            _("Di {path} belum ada situs. Buat dulu dengan: desa init {path}").format(path=path)
        )
    database = db.open_postgresql(url) if url else db.open_sqlite(file)
    site = Site(path, config, database, clock or SystemClock())
    with site.bound():
        migrate.check(database)
    return site


def create(
    path: Path, values: dict[str, options.Value] | None = None, clock: Clock | None = None
) -> Site:
    """Make a new site in the empty or missing folder `path`, with a new journal.

    Raises Conflict when the folder holds something already: nothing is ever overwritten.
    """
    path = path.resolve()
    if path.is_file():
        raise InvalidInput(_("{path} adalah berkas, bukan folder.").format(path=path))
    if path.exists() and any(path.iterdir()):
        raise Conflict(
            _("Folder {path} sudah berisi. Pilih nama folder lain untuk situs baru.").format(
                path=path
            )
        )
    for name in FOLDERS:
        (path / name).mkdir(parents=True, exist_ok=True)
    (path / "data" / "keys").chmod(0o700)
    write_atomic(path / "desa.toml", options.as_toml(values or {}).encode())
    config = options.load(path / "desa.toml")
    url = config.text("database_url")
    file = path / "data" / "desa.db"
    database = db.open_postgresql(url) if url else db.open_sqlite(file, create=True)
    site = Site(path, config, database, clock or SystemClock())
    with ExitStack() as stack:
        stack.enter_context(site.bound())
        migrate.upgrade(database)
        _new_journal(database)
    return site


def _new_journal(database: peewee.Database) -> None:
    with db.write(database):
        db.execute(
            database,
            "INSERT INTO journal_head (id, n, at, journal_id) VALUES (1, 0, 0, ?) "
            "ON CONFLICT (id) DO NOTHING",
            journal.new_journal_id(),
        )
