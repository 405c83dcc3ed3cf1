"""Upgrading the data after a new program was installed; killed at any point, one version works.

The migrations run in one transaction, after a rehearsal on a copy; a whole copy of the old
database is kept in backups/ for the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from desa_web.core import db, migrate
from desa_web.core.disk import sync_file, sync_folder
from desa_web.core.i18n import _
from desa_web.core.site import Site


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was applied, and where the copy of the old database is (None: nothing to do)."""

    applied: tuple[str, ...]
    copy: Path | None

    @property
    def sentence(self) -> str:
        if not self.applied:
            return _("Data sudah sesuai dengan versi program ini.")
        return _("Data diperbarui: {names}. Salinan lama: {copy}.").format(
            names=", ".join(self.applied), copy=self.copy
        )


def upgrade(site: Site) -> Upgraded:
    """Bring the site's data to the newest schema. Raises NewerSchema, DiskFull."""
    migrate.check(site.database)
    if migrate.is_current(site.database):
        return Upgraded((), None)
    copy = _copy(site) if db.is_sqlite(site.database) else None
    return Upgraded(tuple(migrate.upgrade(site.database)), copy)


def _copy(site: Site) -> Path:
    number = migrate.version(site.database)
    target = site.path / "backups" / f"sebelum-versi-{number + 1}.db"
    if target.exists():
        # An upgrade that was cut short left its copy; the database has not changed since.
        target.unlink()
    target.parent.mkdir(exist_ok=True)
    db.execute(site.database, "VACUUM INTO ?", str(target))
    sync_file(target)
    sync_folder(target.parent)
    return target
