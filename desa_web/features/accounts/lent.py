"""In whose name a person may decide today: what every request of the desk asks.

Who appoints whom is delegation.py; here is only what holds now.
"""

from __future__ import annotations

from datetime import date

from desa_web.core import journal, settings
from desa_web.core.actor import LENT, PERMISSIONS, Deputy, Role
from desa_web.core.clock import as_utc, zone
from desa_web.core.site import Site
from desa_web.features.accounts.models import DelegationRow, User


def held_by(site: Site, user_id: str, role: Role) -> Deputy | None:
    """Return in whose name this active person may decide today, None for nobody's."""
    if not may_borrow(role):
        return None
    day = today(site).isoformat()
    held = DelegationRow.select().where(
        DelegationRow.deputy_id == user_id,
        DelegationRow.last_on >= day,
        DelegationRow.first_on <= day,
        DelegationRow.ended_at.is_null(),
    )
    for row in held.order_by(DelegationRow.last_on.desc(), DelegationRow.id):
        giver = User.get_by_id(row.giver_id)
        if giver.is_active and may_lend(Role(giver.role)):
            return Deputy(giver.id, giver.name, date.fromisoformat(row.last_on))
    return None


def today(site: Site) -> date:
    """Return the day in the village; while the clock is doubtful, that of the newest change."""
    now_ms = site.clock.now_ms()
    if journal.clock_doubt(site) is not None:
        now_ms = journal.newest_ms(site) or now_ms
    return as_utc(now_ms).astimezone(zone(settings.read(site)["time_zone"])).date()


def may_lend(role: Role) -> bool:
    """Whether the role itself, without any delegation, holds what can be lent."""
    return PERMISSIONS[role] >= LENT


def may_borrow(role: Role) -> bool:
    """Only an editor: a reporter never publishes, the others need nothing."""
    return role is Role.EDITOR
