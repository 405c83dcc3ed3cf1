"""What an operator may do with the site's log: look at it, keep its key, say where it lives."""

from __future__ import annotations

from dataclasses import dataclass

from desa_web.core import db, journal, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import Conflict
from desa_web.core.follow import Follower
from desa_web.core.i18n import _
from desa_web.core.registry import adapters
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, Publisher, Syncable, home, log, pause
from desa_web.features.sync import hubs


@dataclass(frozen=True, slots=True)
class Status:
    """The site's own log. `behind`: journal rows that it has not read yet."""

    name: str
    site: str
    epoch: str
    last_seq: int
    articles: int
    lines: int
    behind: int
    has_recovery_code: bool
    pause: str | None


def followers(site: Site) -> list[Follower]:
    """Return the follower that writes the log, and the one that sends it to a paired hub."""
    from desa_web.features.sync.sending import Sender

    return [publisher(site), Sender(site)]


def publisher(site: Site) -> Publisher:
    from desa_web.features import FEATURES

    sources: list[Syncable] = list(adapters(FEATURES, "sync"))
    return Publisher(site, sources)


def status(site: Site) -> Status:
    """Return how the site's own log stands."""
    last = log.head(site)
    counts = log.counts(site)
    chain = log.keys(site)
    ring = KeyRing(site.data / "keys")
    newest = journal.head(site).seq
    return Status(
        name=settings.read(site).full_name,
        site=last.site if last else "",
        epoch=last.point.epoch if last else "",
        last_seq=last.point.seq if last else 0,
        articles=counts.get("article", 0),
        lines=counts["lines"],
        behind=newest - (last.journal_seq if last else 0),
        has_recovery_code=bool(chain) and ring.locked_public() == chain[-1].public,
        pause=pause(site),
    )


def new_recovery_code(actor: Actor) -> str:
    """Lock a copy of the key with a new code and return the code: it is shown this once.

    An older code opens nothing any more. Raises Conflict before the first key exists.
    """
    actor.require(Permission.MANAGE_SITE)
    site = actor.site
    ring = KeyRing(site.data / "keys")
    chain = log.keys(site)
    key = ring.find(chain[-1].public) if chain else None
    if key is None:
        raise Conflict(pause(site) or _("Kunci belum dibuat. Jalankan dulu: desa follow --once."))
    return ring.lock(key)


def unlock(actor: Actor, code: str) -> None:
    """Open the locked key after a restore. Raises InvalidInput for a wrong code, NotFound."""
    actor.require(Permission.MANAGE_SITE)
    KeyRing(actor.site.data / "keys").unlock(code)


def rotate(actor: Actor) -> str:
    """Take a new key, signed into the log by the old one; return its recovery code."""
    actor.require(Permission.MANAGE_SITE)
    site = actor.site
    ring = KeyRing(site.data / "keys")
    reason = pause(site)
    if reason is not None:
        raise Conflict(reason)
    with db.write(site.database):
        writer = log.Writer.open(site, ring)
        if writer is None:
            raise Conflict(_("Kunci belum dibuat. Jalankan dulu: desa follow --once."))
        last = writer.head
        fresh = writer.rotate(ring)
        writer.move_to(journal.Cursor(last.journal_id, last.journal_seq))
        after = writer.head.point
    home.note(site, after)
    site.stale({"sync"})
    return ring.lock(fresh)


def moved(actor: Actor) -> None:
    """The folder has moved and the old place is not used any more: go on signing here."""
    actor.require(Permission.MANAGE_SITE)
    home.settle(actor.site)


def became_copy(actor: Actor) -> None:
    """This folder is a copy: it gets a key and a log of its own, and is a new site to others."""
    actor.require(Permission.MANAGE_SITE)
    site = actor.site
    with db.write(site.database):
        log.abandon(site)
        hubs.end_all(site)
    KeyRing(site.data / "keys").forget_all()
    home.forget(site)
    home.settle(site)
    site.stale({"sync"})
