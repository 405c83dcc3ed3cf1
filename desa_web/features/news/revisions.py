"""Earlier texts of an article: list, compare, bring back, and the base for a later merge."""

from __future__ import annotations

from dataclasses import dataclass

from desa_web.core import html, journal
from desa_web.core.actor import Actor
from desa_web.core.db import write
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.features.news import rows, writing
from desa_web.features.news.article import Article, Revision, Text
from desa_web.features.news.models import RevisionRow

_FIELDS = (
    "title",
    "standfirst",
    "rubric",
    "tags",
    "dateline",
    "byline",
    "initials",
    "source",
    "correction",
    "corrected_on",
    "expires_on",
    "lead_photo_id",
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs: `fields` as (name, before, after), `body` as safe HTML with ins and del."""

    before: Revision
    after: Revision
    fields: tuple[tuple[str, str, str], ...]
    body: str


def revisions_of(actor: Actor, article_id: str) -> list[Revision]:
    """Return all kept texts, newest first."""
    row = rows.article_row(actor, article_id)
    query = RevisionRow.select().where(RevisionRow.article_id == row.id)
    return [rows.as_revision(r) for r in query.order_by(RevisionRow.number.desc())]


def revision(actor: Actor, article_id: str, revision_id: str) -> Revision:
    row = rows.article_row(actor, article_id)
    found = RevisionRow.get_or_none(RevisionRow.id == revision_id, RevisionRow.article_id == row.id)
    if found is None:
        raise NotFound(_("Revisi ini tidak ada. Muat ulang daftar revisi."))
    return rows.as_revision(found)


def compare(actor: Actor, article_id: str, before_id: str, after_id: str) -> Comparison:
    """Return the differences between two texts of one article."""
    before, after = (revision(actor, article_id, i) for i in (before_id, after_id))
    changed = []
    for name in _FIELDS:
        old, new = _readable(before.text, name), _readable(after.text, name)
        if old != new:
            changed.append((name, old, new))
    body = html.diff(before.text.body, after.text.body)
    return Comparison(before, after, tuple(changed), body)


def restore(
    actor: Actor, article_id: str, revision_id: str, *, version: int | None = None
) -> Article:
    """Make an earlier text the working one again (as a new revision; nothing is lost)."""
    old = revision(actor, article_id, revision_id)
    with journal.change(actor):
        return writing.save(actor, article_id, old.text, version=version).article


def open_for_edit(actor: Actor, article_id: str) -> tuple[Article, Revision]:
    """Return the article and its working text, frozen as the base of a later merge."""
    row = rows.article_row(actor, article_id)
    if not rows.revision_row(row.working_revision_id).is_frozen:
        with write(actor.site.database):
            RevisionRow.update(is_frozen=1).where(
                RevisionRow.id == row.working_revision_id
            ).execute()
    return rows.as_article(row), rows.as_revision(rows.revision_row(row.working_revision_id))


def _readable(text: Text, name: str) -> str:
    value = getattr(text, name)
    return ", ".join(value) if isinstance(value, tuple) else str(value)
