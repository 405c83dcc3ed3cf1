"""The end of the wizard: all answers become a site in one transaction, or nothing does.

The example's photo is worked on inside the transaction, against the house's habit: nobody else
writes yet, and a wizard that is cut off must leave an empty site.
"""

from __future__ import annotations

from dataclasses import dataclass

from desa_web.core import db, journal, settings
from desa_web.core.actor import Actor, Role, operator
from desa_web.core.disk import boot_id
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.accounts import recovery, sessions
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts.sessions import SignedIn
from desa_web.features.portal import furnish
from desa_web.features.setup import answers as kept
from desa_web.features.setup import guard, steps
from desa_web.features.setup.answers import Answers

_DONE, _DONE_SCOPE = "tiket", "mulai-selesai"
# The same browser sends twice within moments: a second tap, a retry after a cut.
_AGAIN_MS = 120_000


@dataclass(frozen=True, slots=True)
class Ended:
    """A finished wizard; `is_new` is False when this browser had finished it a moment ago."""

    signed_in: SignedIn
    is_new: bool


def finish(site: Site, ticket: str, browser: str = "") -> Ended:
    """Make the site from the answers and sign its admin in. Raises AlreadySetUp, InvalidInput."""
    try:
        with journal.change(operator(site, "mulai")) as change:
            guard.claim(site)
            found = kept.find(site, ticket)
            if found is None or found.next_step:
                raise InvalidInput(_("Masih ada langkah yang belum diisi."))
            admin = _build(change.actor, found)
            signed_in = sessions.start(site, accounts.user(admin, admin.user_id or ""), "", browser)
            _close(site, ticket, admin.user_id or "")
    except guard.AlreadySetUp:
        return Ended(_signed_in_again(site, ticket, browser), False)
    return Ended(signed_in, True)


def recovery_codes(answers: Answers) -> list[str]:
    """Return the codes that the account will have."""
    return recovery.codes_of(answers.ticket)


def _build(actor: Actor, found: Answers) -> Actor:
    values, account = steps.settings_of(found), found.of("akun")
    approval = values.pop("approval")
    settings.change(actor, values)
    person = accounts.add(
        actor, account["login"], account["name"], Role.ADMIN, password_hash=account["hash"]
    )
    recovery.new_recovery_codes(actor, person.id, recovery_codes(found))
    admin = Actor(actor.site, person.id, person.name, person.role, "mulai")
    refused = furnish.furnish(admin, furnish.starter(actor.site))
    if refused:
        raise InvalidInput(" ".join(done.sentence for done in refused))
    # Last: with four eyes nobody could publish the example alone.
    settings.change(actor, {"approval": approval})
    return admin


def _close(site: Site, ticket: str, user_id: str) -> None:
    """End all tickets and the code; remember for a moment which browser it was."""
    db.execute(site.database, "DELETE FROM submission WHERE scope = ?", guard.SCOPE)
    mark = {
        "ticket": guard.ticket_key(ticket),
        "user": user_id,
        "boot": boot_id(),
        "at_ms": int(site.clock.monotonic_s() * 1000),
    }
    guard.put(site, _DONE, mark, _DONE_SCOPE)


def _signed_in_again(site: Site, ticket: str, browser: str) -> SignedIn:
    mark = guard.get(site, _DONE, _DONE_SCOPE)
    if mark is None or mark["ticket"] != guard.ticket_key(ticket) or mark["boot"] != boot_id():
        raise guard.AlreadySetUp
    if not 0 <= int(site.clock.monotonic_s() * 1000) - mark["at_ms"] <= _AGAIN_MS:
        raise guard.AlreadySetUp
    person = accounts.user(operator(site, "mulai"), mark["user"])
    return sessions.start(site, person, "", browser)
