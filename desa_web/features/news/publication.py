"""What changes for readers when an article goes live or dark: address, tags, ledger, expiry."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from desa_web.core import due, html, journal, settings
from desa_web.core.actor import Actor
from desa_web.core.clock import as_utc, to_ms, zone
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.core.journal import Change
from desa_web.core.site import Site
from desa_web.features.news import rows
from desa_web.features.news.article import Kind
from desa_web.features.news.models import (
    ArticleRow,
    ArticleSlugRow,
    ArticleTagRow,
    OutboundDomainRow,
    RevisionRow,
)

# A reader's list of /berita/ already uses these words after the slash.
RESERVED = frozenset({"feed", "halaman", "arsip"})


def going_live(change: Change, row: ArticleRow) -> dict[str, object]:
    """Prepare the working revision to be the live one; return the columns to set."""
    revision = rows.revision_row(row.working_revision_id)
    published_at = row.published_at or change.at_ms
    keep_address(row.slug, row.id, change.at_ms)
    _tag(row.id, revision, published_at)
    _note_domains(row.id, revision, change.at_ms)
    is_expired = _plan_expiry(change, row, revision)
    return {
        "live_revision_id": revision.id,
        "live_rubric_id": revision.rubric_id,
        "published_at": published_at,
        "is_expired": is_expired,
    }


def going_dark(row: ArticleRow) -> dict[str, object]:
    """Take the article from readers; return the columns to set."""
    ArticleTagRow.delete().where(ArticleTagRow.article_id == row.id).execute()
    due.cancel("news.expire", row.id)
    return {"live_revision_id": None, "live_rubric_id": None}


def expire(actor: Actor, article_id: str) -> None:
    """Take an announcement off the board; its address goes on answering."""
    with journal.change(actor) as change:
        due.cancel("news.expire", article_id)
        row = ArticleRow.get_or_none(ArticleRow.id == article_id)
        if row is None or row.is_expired or row.live_revision_id is None:
            return
        rows.update(row, change, is_expired=True)
        rows.record(change, row, "expire", keys=rows.live_keys(actor.site, row))


def free_slug(title: str, article_id: str) -> str:
    """Return an address for `title` that no article ever had, or that this one has."""
    base = slugify(title, fallback=f"berita-{article_id[-8:]}")
    if base in RESERVED:
        base = f"berita-{base}"
    candidate, n = base, 1
    while not is_free(candidate, article_id):
        n += 1
        candidate = f"{base[:74]}-{n}" if n < 50 else f"{base[:60]}-{article_id[-12:]}"
    return candidate


def is_free(slug: str, article_id: str) -> bool:
    taken = ArticleRow.select().where(ArticleRow.slug == slug, ArticleRow.id != article_id)
    had = ArticleSlugRow.get_or_none(ArticleSlugRow.slug == slug)
    return not taken.exists() and (had is None or had.article_id == article_id)


def month_keys(site: Site, row: ArticleRow) -> set[str]:
    """Return the key of the list of months when this article opens or closes one."""
    if row.published_at is None:
        return set()
    tz = zone(settings.read(site)["time_zone"])
    first = (
        as_utc(row.published_at)
        .astimezone(tz)
        .replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    )
    after = (first + timedelta(days=32)).replace(day=1)
    others = ArticleRow.select().where(
        ArticleRow.live_revision_id.is_null(False),
        ArticleRow.kind == row.kind,
        ArticleRow.published_at.between(to_ms(first), to_ms(after) - 1),
        ArticleRow.id != row.id,
    )
    return set() if others.exists() else {"list:months"}


def keep_address(slug: str, article_id: str, at_ms: int) -> None:
    """Remember that this address was public: it is never given to another article."""
    if not ArticleSlugRow.select().where(ArticleSlugRow.slug == slug).exists():
        ArticleSlugRow.insert(slug=slug, article_id=article_id, created_at=at_ms).execute()


def new_domains(body: str) -> list[str]:
    """Return the domains in `body` that no published text has linked to before, sorted."""
    found = html.outbound_domains(body)
    if not found:
        return []
    query = OutboundDomainRow.select(OutboundDomainRow.domain)
    known = {row.domain for row in query.where(OutboundDomainRow.domain.in_(list(found)))}
    return sorted(found - known)


def local_moment(site: Site, text: str) -> datetime:
    """Return the time that a person wrote in the village's zone ("2026-11-23T07:00")."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        sentence = _("Waktu ditulis seperti 2026-11-23T07:00.")
        raise InvalidInput(fields={"at": sentence}) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(settings.read(site)["time_zone"]))
    return moment


def _tag(article_id: str, revision: RevisionRow, published_at: int) -> None:
    ArticleTagRow.delete().where(ArticleTagRow.article_id == article_id).execute()
    named = {slugify(name, fallback=""): name for name in revision.tags}
    for slug, name in named.items():
        if slug:
            ArticleTagRow.insert(
                article_id=article_id, slug=slug, name=name, published_at=published_at
            ).execute()


def _note_domains(article_id: str, revision: RevisionRow, at_ms: int) -> None:
    for domain in new_domains(revision.body):
        OutboundDomainRow.insert(domain=domain, article_id=article_id, first_at=at_ms).execute()


def _plan_expiry(change: Change, row: ArticleRow, revision: RevisionRow) -> bool:
    """Plan the end of an announcement; True when it is over already."""
    due.cancel("news.expire", row.id)
    if row.kind != Kind.ANNOUNCEMENT or not revision.expires_on:
        return False
    site = change.actor.site
    tz = zone(settings.read(site)["time_zone"])
    last_day = date.fromisoformat(revision.expires_on)
    midnight = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), tz)
    if journal.clock_doubt(site) is None and to_ms(midnight) <= site.clock.now_ms():
        return True
    due.plan("news.expire", row.id, to_ms(midnight))
    return False
