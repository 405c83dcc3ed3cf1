"""What `desa doctor` asks about people: rows changed behind the program, nobody who can sign in."""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core import db
from desa_web.core.actor import Role
from desa_web.core.checks import Check, Finding, Level
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.accounts import delegation, service
from desa_web.features.accounts.models import DelegationRow, User


def unchanged_users(site: Site) -> Iterator[Finding]:
    """Name every user whose row is not what the journal last wrote."""
    subject = _("Pengguna")
    sql = (
        "SELECT j.object_id, j.digest FROM journal j JOIN (SELECT object_id, max(seq) AS seq "
        "FROM journal WHERE kind = 'user' GROUP BY object_id) newest ON newest.seq = j.seq"
    )
    known = dict(db.execute(site.database, sql).fetchall())
    changed = [row.login for row in User.select() if known.get(row.id) != service.state_digest(row)]
    if not changed:
        yield Finding(subject, Level.GOOD, _("Semua akun sesuai catatan jurnal."))
    for login in changed:
        yield Finding(
            subject,
            Level.BAD,
            _(
                "Akun {login} diubah tanpa lewat program. Periksa peran dan namanya, lalu buat "
                "kata sandi baru: desa user reset {login}"
            ).format(login=login),
        )


def somebody_can_sign_in(site: Site) -> Iterator[Finding]:
    """Warn when no admin could sign in."""
    ready = User.select().where(
        (User.role == Role.ADMIN.value)
        & (User.is_active == True)  # noqa: E712 - SQL
        & (User.password_hash != "")
    )
    if ready.exists():
        yield Finding(_("Admin"), Level.GOOD, _("Ada admin yang bisa masuk."))
    else:
        yield Finding(
            _("Admin"),
            Level.WARNING,
            _("Belum ada admin yang bisa masuk. Buat kode dengan: desa user reset NAMA"),
        )


def unchanged_deputies(site: Site) -> Iterator[Finding]:
    """Name every appointment of a deputy that is not what the journal last wrote."""
    sql = (
        "SELECT j.object_id, j.digest FROM journal j JOIN (SELECT object_id, max(seq) AS seq "
        "FROM journal WHERE kind = 'delegation' GROUP BY object_id) newest ON newest.seq = j.seq"
    )
    known = dict(db.execute(site.database, sql).fetchall())
    for row in DelegationRow.select():
        if known.get(row.id) != delegation.state_digest(row):
            yield Finding(
                _("Plh"),
                Level.BAD,
                _(
                    "Penunjukan Plh {first} – {last} diubah tanpa lewat program. Akhiri: "
                    "desa user undelegate {id}"
                ).format(first=row.first_on, last=row.last_on, id=row.id),
            )


CHECKS: tuple[Check, ...] = (unchanged_users, somebody_can_sign_in, unchanged_deputies)
