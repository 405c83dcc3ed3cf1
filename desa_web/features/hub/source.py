"""What a source of the media centre is: the frozen view of its row and of its poll.

Nothing here reads or writes the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from desa_web.core.clock import as_utc
from desa_web.features.hub.models import PollRow, SourceRow


class Kind(StrEnum):
    DESA = "desa"
    FEED = "feed"


class Trust(StrEnum):
    """review: a person decides on everything; auto: news and corrections go on by themselves."""

    REVIEW = "review"
    AUTO = "auto"


class State(StrEnum):
    """removed: never asked and never shown in lists; what was published keeps its credit."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """When a source was asked and will be; times are None for never."""

    next_at: datetime
    interval_s: int
    failures: int
    is_asking: bool
    tried_at: datetime | None
    ok_at: datetime | None
    news_at: datetime | None
    error_code: str
    error: str
    etag: str
    modified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A village or a feed. address: without a slash at the end, "" for who only pushes.

    site: the name of its log, None before it is known and for feeds.
    """

    id: str
    kind: Kind
    name: str
    slug: str
    address: str
    site: str | None
    kode_wilayah: str
    district: str
    is_confirmed: bool
    contact: str
    trust: Trust
    accepted: int
    state: State
    must_compare: bool
    created_at: datetime
    version: int
    poll: Poll

    @property
    def is_signed(self) -> bool:
        return self.kind is Kind.DESA


def as_source(row: SourceRow, poll: PollRow, now_ms: int) -> Source:
    return Source(
        id=row.id,
        kind=Kind(row.kind),
        name=row.name,
        slug=row.slug,
        address=row.address,
        site=row.site,
        kode_wilayah=row.kode_wilayah,
        district=row.district,
        is_confirmed=row.is_confirmed,
        contact=row.contact,
        trust=Trust(row.trust),
        accepted=row.accepted,
        state=State(row.state),
        must_compare=row.must_compare,
        created_at=as_utc(row.created_at),
        version=row.version,
        poll=_poll(poll, now_ms),
    )


def host_of(address: str) -> str:
    """Return whom an address asks, with its port: what is asked one thing at a time."""
    return urlsplit(address).netloc.lower()


def _poll(row: PollRow, now_ms: int) -> Poll:
    return Poll(
        next_at=as_utc(row.next_at),
        interval_s=row.interval_s,
        failures=row.failures,
        is_asking=bool(row.lease_owner) and row.lease_until > now_ms,
        tried_at=_moment(row.tried_at),
        ok_at=_moment(row.ok_at),
        news_at=_moment(row.news_at),
        error_code=row.error_code,
        error=row.error,
        etag=row.etag,
        modified=row.modified,
    )


def _moment(ms: int) -> datetime | None:
    return as_utc(ms) if ms else None
