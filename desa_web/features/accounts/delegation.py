"""Deputies: somebody decides on news in another person's name from one day to another ("Plh").

    appoint(actor, "hartini", "laila", date(2026, 12, 1), date(2026, 12, 7))
    end(actor, delegation_id)                     before its last day; otherwise it ends by itself
    lent.held_by(site, user_id, role)             asked whenever a person acts

Who may approve appoints a deputy for themselves, an admin for anybody who may. A deputy can be an
editor only: a reporter never publishes, and what is lent cannot be lent on. Days are days in the
village. While the clock is doubtful it is the day of the newest change: nothing starts or ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from desa_web.core import journal
from desa_web.core.actor import PERMISSIONS, Actor, Permission
from desa_web.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import new_id
from desa_web.features.accounts import lent, service
from desa_web.features.accounts.models import DelegationRow, User
from desa_web.features.accounts.service import Person

DAYS_MAX = 366
_SHOWN = 60


class Stage(StrEnum):
    """Where a delegation stands today."""

    COMING = "coming"
    NOW = "now"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Delegation:
    """One appointment; `is_idle`: a person of it lost the role or the account."""

    id: str
    giver: Person
    deputy: Person
    first_on: date
    last_on: date
    stage: Stage
    was_ended_early: bool
    is_idle: bool


def appoint(actor: Actor, giver: str, deputy: str, first_on: date, last_on: date) -> Delegation:
    """Let `deputy` decide in the name of `giver` (logins or ids) on these days, both included.

    Raises Forbidden, NotFound, InvalidInput by field, Conflict when the giver has a deputy then.
    """
    with journal.change(actor) as change:
        lender, person = (service.person_of(service.find(name)) for name in (giver, deputy))
        _require_right(actor, lender.id)
        _check(lender, person, first_on, last_on, lent.today(actor.site))
        # Written first: on PostgreSQL two appointments for one giver wait for each other here.
        User.update(role=User.role).where(User.id == lender.id).execute()
        if _overlaps(lender.id, first_on, last_on):
            sentence = _("{name} sudah punya Plh pada hari itu. Akhiri dulu yang lama.")
            raise Conflict(sentence.format(name=lender.name))
        row = DelegationRow.create(
            id=new_id(change.at_ms),
            giver_id=lender.id,
            deputy_id=person.id,
            first_on=first_on.isoformat(),
            last_on=last_on.isoformat(),
            appointed_by=actor.label,
            created_at=change.at_ms,
        )
        note = f"{lender.login} → {person.login} {first_on} – {last_on}"
        change.record("delegation", row.id, "appoint", digest=state_digest(row), note=note)
    return _view(row, {lender.id: lender, person.id: person}, lent.today(actor.site))


def end(actor: Actor, delegation_id: str) -> Delegation:
    """End it now. Raises NotFound; Conflict when it is over already."""
    with journal.change(actor) as change:
        row = DelegationRow.get_or_none(DelegationRow.id == delegation_id)
        if row is None:
            raise NotFound(_("Penunjukan Plh itu tidak ada. Muat ulang daftarnya."))
        _require_right(actor, row.giver_id)
        if _stage(row, lent.today(actor.site)) is Stage.OVER:
            raise Conflict(_("Penunjukan Plh itu sudah selesai."))
        row.ended_at = change.at_ms
        row.save()
        change.record("delegation", row.id, "end", digest=state_digest(row))
    return _view(row, _people({row.giver_id, row.deputy_id}), lent.today(actor.site))


def delegations(actor: Actor) -> list[Delegation]:
    """Return the newest appointments: all for who manages users, otherwise those of oneself."""
    query = DelegationRow.select()
    if not _manages(actor):
        me = actor.user_id or ""
        query = query.where((DelegationRow.giver_id == me) | (DelegationRow.deputy_id == me))
    order = (DelegationRow.last_on.desc(), DelegationRow.id.desc())
    rows = list(query.order_by(*order).limit(_SHOWN))
    people = _people({i for row in rows for i in (row.giver_id, row.deputy_id)})
    day = lent.today(actor.site)
    return [_view(row, people, day) for row in rows]


def givers(actor: Actor) -> list[Person]:
    """Return for whom `actor` may appoint a deputy: themselves, or all who may approve."""
    people = [person for person in _active() if _may_lend(person)]
    return people if _manages(actor) else [p for p in people if p.id == actor.user_id]


def candidates() -> list[Person]:
    """Return who can be a deputy."""
    return [person for person in _active() if _may_borrow(person)]


def state_digest(row: DelegationRow) -> str:
    """Return the digest of everything that decides for whom and when it holds."""
    return journal.digest([row.giver_id, row.deputy_id, row.first_on, row.last_on, row.ended_at])


def _manages(actor: Actor) -> bool:
    return Permission.MANAGE_USERS in PERMISSIONS[actor.role]


def _require_right(actor: Actor, giver_id: str) -> None:
    """By the own role alone: what is lent cannot be lent on."""
    is_own = actor.user_id == giver_id and lent.may_lend(actor.role)
    if not (is_own or _manages(actor)):
        raise Forbidden(_("Plh ditunjuk oleh Penyetuju sendiri atau oleh Admin."))


def _check(giver: Person, deputy: Person, first_on: date, last_on: date, day: date) -> None:
    problems: dict[str, str] = {}
    if not _may_lend(giver):
        problems["giver"] = _("{name} bukan Penyetuju yang aktif.").format(name=giver.name)
    if lent.may_lend(deputy.role):
        sentence = _("{name} sudah boleh menyetujui, jadi tidak perlu menjadi Plh.")
        problems["deputy"] = sentence.format(name=deputy.name)
    elif not _may_borrow(deputy):
        sentence = _("Plh harus Redaksi yang aktif. Ganti dulu peran {name} menjadi Redaksi.")
        problems["deputy"] = sentence.format(name=deputy.name)
    if last_on < first_on:
        problems["last_on"] = _("Hari terakhir lebih awal daripada hari pertama.")
    elif last_on < day:
        problems["last_on"] = _("Hari terakhir sudah lewat.")
    elif (last_on - first_on).days >= DAYS_MAX:
        problems["last_on"] = _("Paling lama satu tahun. Perpanjang nanti bila masih perlu.")
    if problems:
        raise InvalidInput(fields=problems)


def _may_lend(person: Person) -> bool:
    return person.is_active and lent.may_lend(person.role)


def _may_borrow(person: Person) -> bool:
    return person.is_active and lent.may_borrow(person.role)


def _overlaps(giver_id: str, first_on: date, last_on: date) -> bool:
    return bool(
        DelegationRow.select()
        .where(
            DelegationRow.giver_id == giver_id,
            DelegationRow.ended_at.is_null(),
            DelegationRow.first_on <= last_on.isoformat(),
            DelegationRow.last_on >= first_on.isoformat(),
        )
        .exists()
    )


def _active() -> list[Person]:
    people = [service.person_of(row) for row in User.select().order_by(User.name)]
    return [person for person in people if person.is_active]


def _people(ids: set[str]) -> dict[str, Person]:
    if not ids:
        return {}
    return {row.id: service.person_of(row) for row in User.select().where(User.id.in_(sorted(ids)))}


def _stage(row: DelegationRow, day: date) -> Stage:
    if row.ended_at is not None or row.last_on < day.isoformat():
        return Stage.OVER
    return Stage.COMING if row.first_on > day.isoformat() else Stage.NOW


def _view(row: DelegationRow, people: dict[str, Person], day: date) -> Delegation:
    giver, deputy = people[row.giver_id], people[row.deputy_id]
    return Delegation(
        row.id,
        giver,
        deputy,
        date.fromisoformat(row.first_on),
        date.fromisoformat(row.last_on),
        _stage(row, day),
        row.ended_at is not None,
        not (_may_lend(giver) and _may_borrow(deputy)),
    )
