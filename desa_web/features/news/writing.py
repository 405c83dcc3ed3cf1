"""Writing: new articles, saving with three-way merge, addresses. Autosave is in desk_state.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from desa_web.core import html, journal, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import to_ms
from desa_web.core.errors import Conflict, InvalidInput, StaleVersion
from desa_web.core.i18n import _
from desa_web.core.ids import new_id, slugify
from desa_web.core.journal import Change
from desa_web.features.news import publication, rows, rubrics, workflow
from desa_web.features.news.article import Article, Kind, State, Text, checked
from desa_web.features.news.models import ArticleRow, AutosaveRow, RevisionRow
from desa_web.features.news.workflow import Op

# One revision per ten minutes of editing, not one per keystroke.
SAME_REVISION_MS = 600_000
_TWINS_SOUGHT = 5


@dataclass(frozen=True, slots=True)
class Saved:
    """The article after saving; `merged` says that another person's edit was merged in."""

    article: Article
    merged: bool = False


def create(
    actor: Actor,
    text: Text,
    *,
    kind: Kind = Kind.ARTICLE,
    slug: str = "",
    published_at: datetime | None = None,
) -> Article:
    """Start a draft. `published_at` (imports) is kept for the first publication.

    Raises InvalidInput with a sentence per field, Conflict when `slug` is taken.
    """
    actor.require(Permission.WRITE)
    text = checked(text)
    with journal.change(actor) as change:
        article_id = new_id(change.at_ms)
        address = (
            _wanted(slug, article_id) if slug else publication.free_slug(text.title, article_id)
        )
        moment = _first_moment(actor, change, published_at)
        revision_id = new_id(change.at_ms)
        row = ArticleRow.create(
            id=article_id,
            kind=kind,
            state=State.DRAFT,
            version=1,
            slug=address,
            author_id=actor.user_id,
            # The operator brings in what others wrote: an import is known by its byline.
            author_name=actor.name if actor.user_id else text.byline or actor.name,
            working_revision_id=revision_id,
            sends_to_kominfo=settings.read(actor.site)["send_to_kominfo"],
            created_at=change.at_ms,
            updated_at=change.at_ms,
            published_at=moment,
        )
        _insert(change, row, text, number=1, revision_id=revision_id)
        rows.record(change, row, "create", keys=set())
        return rows.as_article(row)


def start(actor: Actor, text: Text, *, kind: Kind = Kind.ARTICLE) -> Article:
    """Start a draft from an empty sheet, or return the own draft that has these very words.

    A browser that went back and sent its sheet once more would make a twin otherwise.
    """
    columns = rows.text_columns(checked(text), rubrics.id_of(text.rubric))
    newest = (
        ArticleRow.select()
        .where(
            ArticleRow.author_id == (actor.user_id or ""),
            ArticleRow.state == State.DRAFT,
            ArticleRow.kind == kind,
            ArticleRow.trashed_at.is_null(),
        )
        .order_by(ArticleRow.updated_at.desc(), ArticleRow.id.desc())
        .limit(_TWINS_SOUGHT)
    )
    for row in newest:
        if rows.revision_row(row.working_revision_id).digest == columns["digest"]:
            return rows.as_article(row)
    return create(actor, text, kind=kind)


def save(
    actor: Actor,
    article_id: str,
    text: Text,
    *,
    version: int | None = None,
    base_revision_id: str | None = None,
) -> Saved:
    """Keep `text` as the working text; readers see it only after the workflow.

    When the article moved on since `version`, the edits are merged by paragraph against
    `base_revision_id`; what cannot be merged is kept as a revision of its own and StaleVersion
    says so (details: `revision_id`, `conflicts`). Without a base a stale version is refused.
    """
    text = checked(text)
    with journal.change(actor) as change:
        row = rows.article_row(actor, article_id)
        rule = workflow.permitted(actor, Op.SAVE, row)
        stale = version is not None and version != row.version
        if stale and not base_revision_id:
            rows.expect_version(row, version)
        newest = rows.revision_row(row.working_revision_id)
        merged = False
        conflicts: list[html.Conflict] = []
        if stale and base_revision_id and base_revision_id != newest.id:
            text, conflicts = _merge(article_id, base_revision_id, newest, text)
            merged = True
        if not conflicts:
            _keep(change, row, newest, text, target=rule.target)
            return Saved(rows.as_article(row), merged)
        loser = _insert(change, row, text, number=_next_number(row.id), parent=base_revision_id)
        rows.record(change, row, "conflict", keys=set(), note=loser.id)
        problem = _side_by_side(row, loser, conflicts)
    # Raised after the commit: the text that lost is kept.
    raise problem


def move(actor: Actor, article_id: str, slug: str, *, version: int | None = None) -> Article:
    """Give the article another address; a public old one leads there (301) for ever."""
    with journal.change(actor) as change:
        row = rows.article_row(actor, article_id)
        rows.expect_version(row, version)
        if row.live_revision_id or not rows.is_own(actor, row):
            actor.require(Permission.EDIT_ALL)
        address = _wanted(slug, row.id)
        keys = rows.live_keys(actor.site, row)
        rows.update(row, change, slug=address)
        if row.live_revision_id:
            publication.keep_address(address, row.id, change.at_ms)
        rows.record(change, row, "move", keys=keys)
        return rows.as_article(row)


def send_to_kominfo(actor: Actor, article_id: str, sends: bool) -> Article:
    """Let the article take part in sync, or not. The log follows with the next publication."""
    actor.require(Permission.PUBLISH)
    with journal.change(actor) as change:
        row = rows.article_row(actor, article_id)
        if row.sends_to_kominfo != sends:
            rows.update(row, change, sends_to_kominfo=sends)
            rows.record(change, row, "sending", keys=set())
        return rows.as_article(row)


def _keep(
    change: Change, row: ArticleRow, newest: RevisionRow, text: Text, *, target: State
) -> None:
    columns = rows.text_columns(text, rubrics.id_of(text.rubric))
    _forget_autosave(change.actor, row.id)
    if columns["digest"] == newest.digest and row.state != State.WITHDRAWN:
        return
    # The same words saved over a withdrawn article are a new draft: the way back to readers.
    values: dict[str, object] = {"state": target, "working_revision_id": newest.id}
    if _may_overwrite(change, newest):
        RevisionRow.update(saved_at=change.at_ms, **columns).where(
            RevisionRow.id == newest.id
        ).execute()
    else:
        made = _insert(change, row, text, number=_next_number(row.id), parent=newest.id)
        values["working_revision_id"] = made.id
    if row.published_at is None and slugify(newest.title, fallback="") != slugify(
        text.title, fallback=""
    ):
        values["slug"] = publication.free_slug(text.title, row.id)
    rows.update(row, change, **values)
    rows.record(change, row, Op.SAVE, keys=set())


def _may_overwrite(change: Change, newest: RevisionRow) -> bool:
    recent = 0 <= change.at_ms - newest.created_at < SAME_REVISION_MS
    return bool(recent and not newest.is_frozen and newest.author_label == change.actor.label)


def _insert(
    change: Change,
    row: ArticleRow,
    text: Text,
    *,
    number: int,
    revision_id: str = "",
    parent: str | None = None,
) -> RevisionRow:
    return RevisionRow.create(
        id=revision_id or new_id(change.at_ms),
        article_id=row.id,
        number=number,
        parent_id=parent,
        author_label=change.actor.label,
        author_name=change.actor.name,
        created_at=change.at_ms,
        saved_at=change.at_ms,
        **rows.text_columns(text, rubrics.id_of(text.rubric)),
    )


def _next_number(article_id: str) -> int:
    newest = RevisionRow.select(RevisionRow.number).where(RevisionRow.article_id == article_id)
    return int(newest.order_by(RevisionRow.number.desc()).limit(1).scalar() or 0) + 1


def _merge(
    article_id: str, base_id: str, newest: RevisionRow, mine: Text
) -> tuple[Text, list[html.Conflict]]:
    """Return the merged text and no conflicts, or `mine` and what stands against it."""
    base_row = RevisionRow.get_or_none(
        RevisionRow.id == base_id, RevisionRow.article_id == article_id
    )
    if base_row is None:
        raise StaleVersion(
            _("Versi yang Anda buka tidak ditemukan. Salin tulisan, lalu muat ulang.")
        )
    base, theirs = rows.as_revision(base_row).text, rows.as_revision(newest).text
    merge = html.merge3(base.body, mine.body, theirs.body)
    conflicts = list(merge.conflicts)
    fields: dict[str, object] = {}
    for name in Text.__slots__:
        was, wanted, other = (getattr(t, name) for t in (base, mine, theirs))
        if name == "body" or wanted == other:
            continue
        if wanted != was and other != was:
            conflicts.append(html.Conflict((str(was),), (str(wanted),), (str(other),)))
        fields[name] = other if wanted == was else wanted
    if conflicts or merge.html is None:
        return mine, conflicts
    return replace(mine, **fields, body=merge.html), []  # type: ignore[arg-type]


def _side_by_side(
    row: ArticleRow, loser: RevisionRow, conflicts: list[html.Conflict]
) -> StaleVersion:
    return StaleVersion(
        _(
            "Orang lain mengubah bagian yang sama. Tulisan Anda selamat sebagai revisi {number}; "
            "bandingkan keduanya, lalu pilih."
        ).format(number=loser.number),
        version=row.version,
        revision_id=loser.id,
        conflicts=[(c.base, c.ours, c.theirs) for c in conflicts],
    )


def _wanted(slug: str, article_id: str) -> str:
    wanted = slugify(slug, fallback="")
    if not wanted or wanted in publication.RESERVED or wanted.isdigit():
        sentence = _("Alamat berisi huruf dan angka, misalnya jalan-tani.")
        raise InvalidInput(fields={"slug": sentence})
    if not publication.is_free(wanted, article_id):
        raise Conflict(_("Alamat itu sudah dipakai berita lain. Pilih yang lain."))
    return wanted


def _first_moment(actor: Actor, change: Change, published_at: datetime | None) -> int | None:
    if published_at is None:
        return None
    actor.require(Permission.EDIT_ALL)
    # A date in the future would keep the article on top of every list.
    return min(to_ms(published_at), change.at_ms)


def _forget_autosave(actor: Actor, article_id: str) -> None:
    AutosaveRow.delete().where(
        AutosaveRow.article_id == article_id, AutosaveRow.holder == actor.label
    ).execute()
