"""Between table rows and the frozen views of article.py; the guarded update of an article.

For the service modules of this feature only: nobody else writes articles.
"""

from __future__ import annotations

from typing import Any

from desa_web.core import db, journal, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc, zone
from desa_web.core.errors import Conflict, NotFound, StaleVersion
from desa_web.core.i18n import _
from desa_web.core.journal import Change
from desa_web.core.site import Site
from desa_web.features.news.article import Article, Kind, Revision, State, Text
from desa_web.features.news.models import ArticleRow, ArticleTagRow, RevisionRow, RubricRow

_PLAIN = (
    "standfirst",
    "dateline",
    "byline",
    "initials",
    "source",
    "correction",
    "corrected_on",
    "expires_on",
    "body",
)


def article_row(actor: Actor, article_id: str, *, trashed: bool = False) -> ArticleRow:
    """Return the row if `actor` may see it. Raises NotFound otherwise: no hint to others."""
    row = ArticleRow.get_or_none(ArticleRow.id == article_id)
    if row is None or not may_see(actor, row) or (row.trashed_at is not None) != trashed:
        raise NotFound(_("Berita ini tidak ada, atau bukan milik Anda."))
    return row


def may_see(actor: Actor, row: ArticleRow) -> bool:
    """Reporters see their own; approvers also what was ever submitted; editors all."""
    if actor.may(Permission.EDIT_ALL) or is_own(actor, row):
        return True
    shown = row.state != State.DRAFT or row.live_revision_id is not None
    return actor.may(Permission.REVIEW) and shown


def is_own(actor: Actor, row: ArticleRow) -> bool:
    return actor.user_id is not None and row.author_id == actor.user_id


def revision_row(revision_id: str) -> RevisionRow:
    row = db.first(RevisionRow, "id = ?", revision_id)
    if row is None:
        raise LookupError(f"revision {revision_id} is gone")
    return row


def as_article(row: ArticleRow) -> Article:
    return Article(
        id=row.id,
        kind=Kind(row.kind),
        state=State(row.state),
        version=row.version,
        slug=row.slug,
        author_id=row.author_id,
        author_name=row.author_name,
        working_revision_id=row.working_revision_id,
        live_revision_id=row.live_revision_id,
        note=row.note,
        sends_to_kominfo=row.sends_to_kominfo,
        created_at=as_utc(row.created_at),
        updated_at=as_utc(row.updated_at),
        published_at=None if row.published_at is None else as_utc(row.published_at),
        scheduled_at=None if row.scheduled_at is None else as_utc(row.scheduled_at),
        trashed_at=None if row.trashed_at is None else as_utc(row.trashed_at),
    )


def as_revision(row: RevisionRow, known: RubricRow | None = None) -> Revision:
    """Return the view; `known` is a rubric that was read already and may be the text's own."""
    rubric = known if known is not None and known.id == row.rubric_id else None
    if rubric is None and row.rubric_id:
        rubric = db.first(RubricRow, "id = ?", row.rubric_id)
    return Revision(
        id=row.id,
        article_id=row.article_id,
        number=row.number,
        parent_id=row.parent_id,
        author_name=row.author_name,
        created_at=as_utc(row.created_at),
        saved_at=as_utc(row.saved_at),
        is_frozen=row.is_frozen,
        text=Text(
            title=row.title,
            rubric=rubric.slug if rubric else "",
            tags=tuple(row.tags),
            lead_photo_id=row.lead_photo_id or "",
            **{name: getattr(row, name) for name in _PLAIN},
        ),
        digest=row.digest,
    )


def text_columns(text: Text, rubric_id: str | None) -> dict[str, Any]:
    """Return the columns of a revision that hold `text`, its digest included."""
    columns: dict[str, Any] = {name: getattr(text, name) for name in _PLAIN}
    columns |= {
        "title": text.title,
        "rubric_id": rubric_id,
        "tags": list(text.tags),
        "lead_photo_id": text.lead_photo_id or None,
    }
    return {**columns, "digest": journal.digest(columns)}


def revision_digest(row: RevisionRow) -> str:
    """Return what `digest` must be for the text that stands in the row now."""
    names = (*_PLAIN, "title", "rubric_id", "tags", "lead_photo_id")
    return journal.digest({name: getattr(row, name) for name in names})


def update(row: ArticleRow, change: Change, **values: Any) -> None:
    """Change the row only if nobody was faster: UPDATE … WHERE id AND state AND version."""
    values |= {"version": row.version + 1, "updated_at": change.at_ms}
    changed = (
        ArticleRow.update(**values)
        .where(
            ArticleRow.id == row.id,
            ArticleRow.state == row.state,
            ArticleRow.version == row.version,
        )
        .execute()
    )
    if not changed:
        raise faster()
    for name, value in values.items():
        setattr(row, name, value)


def expect_version(row: ArticleRow, version: int | None) -> None:
    """Raise StaleVersion when the caller looked at an older version than the newest."""
    if version is not None and version != row.version:
        raise StaleVersion(
            _(
                "Berita ini sudah berubah sejak Anda membukanya (sekarang: {state}). "
                "Muat ulang, lihat perubahannya, lalu ulangi."
            ).format(state=State(row.state).label),
            version=row.version,
        )


def faster() -> Conflict:
    return Conflict(
        _("Orang lain baru saja mengubah berita ini. Muat ulang, lalu lihat keadaannya.")
    )


def record(
    change: Change,
    row: ArticleRow,
    op: str,
    *,
    keys: set[str],
    note: str = "",
    in_name_of: str = "",
) -> None:
    """Write the journal row of an article: its working revision, keys, canonical state."""
    change.record(
        "article",
        row.id,
        op,
        revision=row.working_revision_id,
        keys=keys,
        digest=state_digest(row),
        note=note,
        in_name_of=in_name_of,
    )


def state_digest(row: ArticleRow) -> str:
    """Return the sha256 of what the article is, texts included: `desa doctor` compares it."""
    ids = [row.working_revision_id, row.live_revision_id]
    query = RevisionRow.select(RevisionRow.id, RevisionRow.digest).where(RevisionRow.id.in_(ids))
    digests = {revision.id: revision.digest for revision in query}
    return journal.digest(
        {
            "id": row.id,
            "kind": row.kind,
            "state": row.state,
            "slug": row.slug,
            "working": digests.get(row.working_revision_id),
            "live": digests.get(row.live_revision_id or ""),
            "published_at": row.published_at,
            "scheduled_at": row.scheduled_at,
            "trashed": row.trashed_at is not None,
            "expired": bool(row.is_expired),
            "sends": bool(row.sends_to_kominfo),
        }
    )


def live_keys(site: Site, row: ArticleRow) -> set[str]:
    """Return the surrogate keys of all pages that show the article as it is live now."""
    keys = {f"article:{row.id}"}
    if row.live_revision_id is None or row.published_at is None:
        return keys
    local = as_utc(row.published_at).astimezone(zone(settings.read(site)["time_zone"]))
    month = f"{local:%Y-%m}"
    keys |= {f"list:{row.kind}", f"month:{month}"}
    if row.live_rubric_id:
        keys.add(f"rubric:{row.live_rubric_id}")
    tags = ArticleTagRow.select(ArticleTagRow.slug).where(ArticleTagRow.article_id == row.id)
    return keys | {f"tag:{tag.slug}" for tag in tags}
