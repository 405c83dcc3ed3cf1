"""What has been answered so far: one row for each browser, kept until the site is set up.

Answers are the texts of the forms, so that a page shows what was typed there. Of the password only
the hash is here; the recovery codes are made from the ticket, which is in the cookie alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from desa_web.core import db
from desa_web.core.site import Site
from desa_web.features.setup import guard

STEPS = ("desa", "kontak", "tampilan", "akun")


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one browser by step, as they were sent."""

    ticket: str
    steps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, step: str) -> Mapping[str, str]:
        return self.steps.get(step, {})

    @property
    def next_step(self) -> str:
        """The first step without an answer, "" when all are answered."""
        return next((step for step in STEPS if step not in self.steps), "")

    def may_open(self, step: str) -> bool:
        return all(earlier in self.steps for earlier in STEPS[: STEPS.index(step)])


def find(site: Site, ticket: str) -> Answers | None:
    """Return the answers of a ticket, None when it is not one of this site's."""
    if not 32 <= len(ticket) <= 100:
        return None
    found = guard.get(site, guard.ticket_key(ticket))
    return None if found is None else Answers(ticket, found)


def keep(site: Site, ticket: str, step: str, values: Mapping[str, str]) -> None:
    """Store the answers of one step. Raises AlreadySetUp."""
    with db.write(site.database):
        guard.claim(site)
        found = find(site, ticket)
        steps = dict(found.steps) if found else {}
        guard.put(site, guard.ticket_key(ticket), {**steps, step: dict(values)})
