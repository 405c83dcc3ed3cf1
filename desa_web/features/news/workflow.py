"""The way of an article from draft to published and back: one table says who may do what.

    Draf → Diajukan → (Dikembalikan → Diajukan) → Disetujui → Terjadwal → Terbit → Ditarik

`act(actor, op, article_id, …)` is the one door for every front. Saving text is in writing.py and
asks this table too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from desa_web.core import due, journal, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import to_ms
from desa_web.core.errors import Conflict, Forbidden, InvalidInput
from desa_web.core.i18n import _
from desa_web.core.journal import Change
from desa_web.features.news import publication, rows
from desa_web.features.news.article import Article, State
from desa_web.features.news.models import ArticleRow, AutosaveRow, EditLockRow, RevisionRow

TRASH_DAYS = 30
_NOTE_MAX = 1000


class Op(StrEnum):
    SAVE = "save"
    SUBMIT = "submit"
    RECALL = "recall"
    APPROVE = "approve"
    RETURN = "return"
    SCHEDULE = "schedule"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    TRASH = "trash"
    RESTORE = "restore"


class Who(StrEnum):
    """Who may take a transition."""

    OWNER = "owner"  # the author, and whoever may edit all
    EDITOR = "editor"  # whoever may edit all
    REVIEWER = "reviewer"
    PUBLISHER = "publisher"


@dataclass(frozen=True, slots=True)
class Rule:
    """One transition; `only_without_approval` holds where the village switched approval off."""

    target: State
    who: Who
    only_without_approval: bool = False


_S = State
TABLE: dict[tuple[Op, State], Rule] = {
    (Op.SAVE, _S.DRAFT): Rule(_S.DRAFT, Who.OWNER),
    (Op.SAVE, _S.RETURNED): Rule(_S.RETURNED, Who.OWNER),
    (Op.SAVE, _S.SUBMITTED): Rule(_S.SUBMITTED, Who.EDITOR),
    (Op.SAVE, _S.PUBLISHED): Rule(_S.DRAFT, Who.EDITOR),
    (Op.SAVE, _S.WITHDRAWN): Rule(_S.DRAFT, Who.EDITOR),
    (Op.SUBMIT, _S.DRAFT): Rule(_S.SUBMITTED, Who.OWNER),
    (Op.SUBMIT, _S.RETURNED): Rule(_S.SUBMITTED, Who.OWNER),
    (Op.RECALL, _S.SUBMITTED): Rule(_S.DRAFT, Who.OWNER),
    (Op.RECALL, _S.APPROVED): Rule(_S.DRAFT, Who.PUBLISHER),
    (Op.RECALL, _S.SCHEDULED): Rule(_S.DRAFT, Who.PUBLISHER),
    (Op.APPROVE, _S.SUBMITTED): Rule(_S.APPROVED, Who.REVIEWER),
    (Op.RETURN, _S.SUBMITTED): Rule(_S.RETURNED, Who.REVIEWER),
    (Op.RETURN, _S.APPROVED): Rule(_S.RETURNED, Who.REVIEWER),
    (Op.SCHEDULE, _S.DRAFT): Rule(_S.SCHEDULED, Who.PUBLISHER, only_without_approval=True),
    (Op.SCHEDULE, _S.RETURNED): Rule(_S.SCHEDULED, Who.PUBLISHER, only_without_approval=True),
    (Op.SCHEDULE, _S.SUBMITTED): Rule(_S.SCHEDULED, Who.PUBLISHER, only_without_approval=True),
    (Op.SCHEDULE, _S.APPROVED): Rule(_S.SCHEDULED, Who.PUBLISHER),
    (Op.SCHEDULE, _S.SCHEDULED): Rule(_S.SCHEDULED, Who.PUBLISHER),
    (Op.PUBLISH, _S.DRAFT): Rule(_S.PUBLISHED, Who.PUBLISHER, only_without_approval=True),
    (Op.PUBLISH, _S.RETURNED): Rule(_S.PUBLISHED, Who.PUBLISHER, only_without_approval=True),
    (Op.PUBLISH, _S.SUBMITTED): Rule(_S.PUBLISHED, Who.PUBLISHER, only_without_approval=True),
    (Op.PUBLISH, _S.APPROVED): Rule(_S.PUBLISHED, Who.PUBLISHER),
    (Op.PUBLISH, _S.SCHEDULED): Rule(_S.PUBLISHED, Who.PUBLISHER),
    # Withdrawing speaks of the live text, whatever state a newer working text is in.
    **{(Op.WITHDRAW, s): Rule(_S.WITHDRAWN, Who.PUBLISHER) for s in State if s != _S.WITHDRAWN},
    (Op.TRASH, _S.DRAFT): Rule(_S.DRAFT, Who.OWNER),
    (Op.TRASH, _S.RETURNED): Rule(_S.RETURNED, Who.OWNER),
    (Op.TRASH, _S.WITHDRAWN): Rule(_S.WITHDRAWN, Who.EDITOR),
    (Op.RESTORE, _S.DRAFT): Rule(_S.DRAFT, Who.OWNER),
    (Op.RESTORE, _S.RETURNED): Rule(_S.RETURNED, Who.OWNER),
    (Op.RESTORE, _S.WITHDRAWN): Rule(_S.WITHDRAWN, Who.EDITOR),
}


def act(
    actor: Actor,
    op: Op,
    article_id: str,
    *,
    version: int | None = None,
    note: str = "",
    at: datetime | None = None,
) -> Article:
    """Take one transition and return the article after it.

    `version` is the one the person looked at (None: whatever is newest). RETURN needs a `note`,
    SCHEDULE a future `at`. Raises NotFound, Forbidden, Conflict, StaleVersion, InvalidInput.
    """
    with journal.change(actor) as change:
        row = rows.article_row(actor, article_id, trashed=op is Op.RESTORE)
        rows.expect_version(row, version)
        rule = permitted(actor, op, row)
        _check_details(change, op, row, note=note, at=at)
        _take(change, op, row, rule, note=note.strip(), at=at)
        return rows.as_article(row)


def publish_now(actor: Actor, article_id: str, *, version: int | None = None) -> Article:
    """Submit, approve and publish in one transaction, as far as `actor` may do each step."""
    with journal.change(actor):
        article = rows.as_article(rows.article_row(actor, article_id))
        for op in (Op.SUBMIT, Op.APPROVE):
            skips = op is Op.APPROVE and not _is_approval_on(actor)
            if not skips and (op, article.state) in TABLE:
                article = act(actor, op, article_id, version=version)
                version = None
        return act(actor, Op.PUBLISH, article_id, version=version)


def allowed(actor: Actor, article: Article) -> list[Op]:
    """Return what `actor` may do with the article as it stands, in the order of `Op`."""
    row = ArticleRow.get_by_id(article.id)
    return [op for op in Op if _refusal(actor, op, row) is None]


def permitted(actor: Actor, op: Op, row: ArticleRow) -> Rule:
    """Return the rule under which `actor` may take `op`. Raises Conflict or Forbidden."""
    refusal = _refusal(actor, op, row)
    if refusal is not None:
        raise refusal
    return TABLE[op, State(row.state)]


def publish_scheduled(actor: Actor, article_id: str) -> None:
    """Publish what was scheduled; nothing happens when it was changed meanwhile."""
    row = ArticleRow.get_or_none(ArticleRow.id == article_id)
    with journal.change(actor):
        if row is None or row.state != State.SCHEDULED or row.trashed_at is not None:
            due.cancel("news.publish", article_id)
        else:
            act(actor, Op.PUBLISH, article_id, version=row.version)


def purge(actor: Actor, article_id: str) -> None:
    """Empty one article out of the trash for good; its public addresses go on saying 410."""
    with journal.change(actor) as change:
        row = ArticleRow.get_or_none(ArticleRow.id == article_id)
        due.cancel("news.purge", article_id)
        if row is not None and row.trashed_at is not None:
            actor.require(Permission.EDIT_ALL)
            row.delete_instance()
            change.record("article", article_id, "purge", keys={f"article:{article_id}"})


def _refusal(actor: Actor, op: Op, row: ArticleRow) -> Conflict | Forbidden | None:
    rule = TABLE.get((op, State(row.state)))
    fits = rule is not None and (op is Op.RESTORE) == (row.trashed_at is not None)
    if op is Op.WITHDRAW and row.live_revision_id is None:
        fits = False
    if op in (Op.TRASH, Op.RESTORE) and row.live_revision_id is not None:
        fits = False
    if rule is not None and fits and rule.only_without_approval and _is_approval_on(actor):
        fits = False
    if rule is None or not fits:
        return _wrong_state(op, row)
    return _wrong_person(actor, op, row, rule)


def _wrong_person(actor: Actor, op: Op, row: ArticleRow, rule: Rule) -> Forbidden | None:
    own = rows.is_own(actor, row)
    granted = {
        Who.OWNER: own or actor.may(Permission.EDIT_ALL),
        Who.EDITOR: actor.may(Permission.EDIT_ALL),
        Who.REVIEWER: actor.may(Permission.REVIEW),
        Who.PUBLISHER: actor.may(Permission.PUBLISH),
    }[rule.who]
    if not granted:
        return Forbidden(_(_DENIED[rule.who]))
    if op is Op.APPROVE and own and settings.read(actor.site)["approval"] == "four_eyes":
        return Forbidden(_("Tulisan sendiri perlu disetujui orang lain. Mintalah rekan memeriksa."))
    return None


_DENIED = {
    Who.OWNER: "Hanya penulisnya atau Redaksi yang boleh melakukan ini.",
    Who.EDITOR: "Hanya Redaksi yang boleh melakukan ini. Mintalah bantuan Redaksi.",
    Who.REVIEWER: "Hanya Penyetuju yang boleh melakukan ini. Ajukan berita untuk diperiksa.",
    Who.PUBLISHER: "Hanya Redaksi atau Penyetuju yang boleh menerbitkan dan menarik berita.",
}
_OP_WORDS = {
    Op.SAVE: "diubah",
    Op.SUBMIT: "diajukan",
    Op.RECALL: "dikembalikan ke draf",
    Op.APPROVE: "disetujui",
    Op.RETURN: "dikembalikan",
    Op.SCHEDULE: "dijadwalkan",
    Op.PUBLISH: "diterbitkan",
    Op.WITHDRAW: "ditarik",
    Op.TRASH: "dibuang",
    Op.RESTORE: "dipulihkan",
}


def _wrong_state(op: Op, row: ArticleRow) -> Conflict:
    if op is Op.TRASH and row.live_revision_id is not None:
        return Conflict(_("Berita ini sedang terbit. Tarik dulu, lalu buang."))
    if op in (Op.PUBLISH, Op.SCHEDULE) and row.state in (State.DRAFT, State.RETURNED):
        return Conflict(_("Berita ini belum disetujui. Ajukan dulu untuk diperiksa."))
    sentence = _("Berita ini berstatus {state}, jadi tidak bisa {op}. Muat ulang halaman.")
    return Conflict(sentence.format(state=State(row.state).label, op=_(_OP_WORDS[op])))


def _is_approval_on(actor: Actor) -> bool:
    return bool(settings.read(actor.site)["approval"] != "off")


def _check_details(
    change: Change, op: Op, row: ArticleRow, *, note: str, at: datetime | None
) -> None:
    if op is Op.RETURN and not note.strip():
        sentence = _("Tulis catatan untuk penulis: apa yang perlu ditambah atau diganti.")
        raise InvalidInput(fields={"note": sentence})
    if len(note) > _NOTE_MAX or "\x00" in note:
        sentence = _("Catatan terlalu panjang: paling banyak {n} huruf.").format(n=_NOTE_MAX)
        raise InvalidInput(fields={"note": sentence})
    if op is Op.SCHEDULE:
        doubt = journal.clock_doubt(change.actor.site)
        if at is None or (doubt is None and to_ms(at) <= change.actor.site.clock.now_ms()):
            sentence = _("Pilih tanggal dan jam terbit yang belum lewat.")
            raise InvalidInput(fields={"at": sentence})
    if op is Op.SUBMIT and not rows.revision_row(row.working_revision_id).body:
        raise InvalidInput(fields={"body": _("Isi berita masih kosong. Tulis dulu, lalu ajukan.")})


def _take(
    change: Change, op: Op, row: ArticleRow, rule: Rule, *, note: str, at: datetime | None
) -> None:
    site = change.actor.site
    keys = rows.live_keys(site, row)
    due.cancel("news.publish", row.id)
    values: dict[str, object] = {"state": rule.target, "scheduled_at": None}
    if op in (Op.RETURN, Op.APPROVE, Op.SUBMIT, Op.WITHDRAW):
        values["note"] = note
    if op is Op.SCHEDULE and at is not None:
        values["scheduled_at"] = to_ms(at)
        due.plan("news.publish", row.id, to_ms(at))
    if op is Op.TRASH:
        values["trashed_at"] = change.at_ms
        due.plan("news.purge", row.id, change.at_ms + TRASH_DAYS * 86_400_000)
        EditLockRow.delete().where(EditLockRow.article_id == row.id).execute()
    if op is Op.RESTORE:
        values["trashed_at"] = None
        due.cancel("news.purge", row.id)
    if op is Op.PUBLISH:
        values |= publication.going_live(change, row)
    if op is Op.WITHDRAW:
        values |= publication.going_dark(row)
    if op in (Op.SUBMIT, Op.PUBLISH, Op.SCHEDULE):
        _freeze(row)
    rows.update(row, change, **values)
    if op in (Op.PUBLISH, Op.WITHDRAW):
        keys |= publication.month_keys(site, row)
    if op is Op.PUBLISH:
        AutosaveRow.delete().where(AutosaveRow.article_id == row.id).execute()
    deputy = change.actor.in_name_of(Permission.REVIEW) if rule.who is Who.REVIEWER else None
    rows.record(
        change,
        row,
        op,
        keys=keys | rows.live_keys(site, row),
        note=note,
        in_name_of=deputy.giver_id if deputy else "",
    )


def _freeze(row: ArticleRow) -> None:
    """What was shown to a reviewer or a reader never changes again."""
    RevisionRow.update(is_frozen=1).where(RevisionRow.id == row.working_revision_id).execute()
