"""Loads peewee without PostgreSQL's driver, and the driver when a database asks for it.

peewee imports every driver that is installed: 5 MB that a village's server never uses. Import
this before peewee; `load_postgresql` puts in afterwards what peewee would have imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from desa_web.core.errors import NotFound
from desa_web.core.i18n import _

_DRIVERS = ("psycopg2", "psycopg2cffi", "psycopg", "pymysql", "MySQLdb")


@contextmanager
def _absent() -> Iterator[None]:
    """Let the drivers look as if they were not installed."""
    hidden = [name for name in _DRIVERS if name not in sys.modules]
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]


with _absent():
    import peewee


def load_postgresql() -> None:
    """Give peewee its PostgreSQL driver. Raises NotFound when it is not installed."""
    names: Any = peewee
    if names.psycopg2 is not None:
        return
    try:
        import psycopg2
        from psycopg2 import extensions, extras
    except ImportError as error:
        raise NotFound(
            _("Penghubung ke PostgreSQL belum terpasang: pip install 'desa-web[postgres]'")
        ) from error

    names.psycopg2, names.pg_extensions, names.Json_pg2 = psycopg2, extensions, extras.Json
    adapter: Any = names.Psycopg2Adapter
    adapter.txn_idle = extensions.TRANSACTION_STATUS_IDLE
    adapter.txn_inerror = extensions.TRANSACTION_STATUS_INERROR
    adapter.txn_unknown = extensions.TRANSACTION_STATUS_UNKNOWN
    extras.register_uuid()  # type: ignore[no-untyped-call]
