"""Reviewing: the queue, a text beside what readers or the reviewer saw before, earlier texts.

`read_page` is also what a person sees of a text that is not theirs to change just now.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, request, url_for
from markupsafe import Markup

from desa_web.core import html, journal, settings
from desa_web.core.actor import Actor, Deputy, Permission
from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.features.news import desk_form, presentation, queries, rubrics, service
from desa_web.features.news.article import Article, Revision, State
from desa_web.features.news.checklist import checklist
from desa_web.features.news.desk_view import (
    APPROVE_AND_SCHEDULE,
    PUBLISH_NOW,
    Moments,
    chip,
    history,
    outside,
    steps,
)
from desa_web.features.news.queries import Live
from desa_web.features.news.workflow import Op
from desa_web.web import auth, dates, desk
from desa_web.web.forms import Form

blueprint = desk.blueprint("news_review", __name__)

_DECISIONS = (Op.APPROVE, Op.RETURN, PUBLISH_NOW, APPROVE_AND_SCHEDULE)
FIELD_NAMES = {
    "title": "Judul",
    "standfirst": "Ringkasan",
    "rubric": "Rubrik",
    "tags": "Kata kunci",
    "dateline": "Tempat berita",
    "byline": "Nama penulis",
    "initials": "Inisial",
    "source": "Sumber",
    "correction": "Ralat",
    "corrected_on": "Tanggal ralat",
    "expires_on": "Berlaku sampai",
    "lead_photo_id": "Foto utama",
}


@blueprint.get("/periksa")
def queue() -> Response:
    """What waits for review, the longest waiting first."""
    actor = auth.require(Permission.REVIEW)
    items = _queue(actor)
    if items:
        article, revision = queries.get(actor, items[0].id)
        return read_page(actor, article, revision, Form(), in_queue=True)
    return desk.page(
        "news/queue.html",
        approved=_approved(actor),
        moment=Moments(actor.site),
        list_chip=chip,
        deputy=_deputy(actor),
        deputy_until=_deputy_until(actor),
    )


@blueprint.get("/periksa/<article_id>")
def review(article_id: str) -> Response:
    actor = auth.require(Permission.REVIEW)
    article, revision = queries.get(actor, article_id)
    return read_page(actor, article, revision, Form(), in_queue=True)


@blueprint.get("/berita/<article_id>/riwayat")
def past(article_id: str) -> Response:
    """Who did what, and all kept texts."""
    return _past_page(auth.actor(), article_id, Form())


@blueprint.post("/berita/<article_id>/hapus-selamanya")
def erase(article_id: str) -> Response:
    """Erase for somebody's privacy, after the admin has said that nothing comes back."""
    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    is_sure, keeps = form.flag("sure"), form.flag("keeps")
    form.check()
    if not is_sure:
        form.problems["sure"] = _("Centang dulu, supaya jelas ini disengaja.")
        return _past_page(actor, article_id, form, 422)
    service.erase(actor, article_id, keeps_photos=keeps)
    sentence = _("Berita itu terhapus seluruhnya. Kominfo diberi tahu untuk menghapus salinannya.")
    return desk.done(url_for("news_lists.articles"), sentence)


def _past_page(actor: Actor, article_id: str, erase_form: Form, status: int = 200) -> Response:
    article, _revision = queries.get(actor, article_id)
    moment = Moments(actor.site)
    return desk.page(
        "news/past.html",
        status,
        article=article,
        may_erase=actor.may(Permission.MANAGE_SITE),
        erase_form=erase_form,
        revisions=service.revisions_of(actor, article_id),
        history=history(actor.site, article_id, moment),
        moment=moment,
        may_save=Op.SAVE in service.allowed(actor, article),
        may_move=not article.is_live or actor.may(Permission.EDIT_ALL),
        slug_form=Form({"slug": article.slug}),
    )


@blueprint.get("/berita/<article_id>/banding")
def differences(article_id: str) -> Response:
    """Two texts of one article beside each other."""
    actor = auth.actor()
    article, _revision = queries.get(actor, article_id)
    old = request.args.get("dari", "")
    new = request.args.get("ke", "") or article.working_revision_id
    found = service.compare(actor, article_id, old, new)
    return desk.page(
        "news/compare.html",
        article=article,
        found=found,
        body=Markup(found.body),  # noqa: S704 - html.diff returns safe HTML
        field_names=FIELD_NAMES,
        moment=Moments(actor.site),
        may_save=Op.SAVE in service.allowed(actor, article),
    )


@blueprint.post("/berita/<article_id>/revisi/<revision_id>/pulihkan")
def restore(article_id: str, revision_id: str) -> Response:
    """Make an earlier text the working one; today's stays in the list."""
    actor = auth.actor()
    before, _revision = queries.get(actor, article_id)
    service.restore(actor, article_id, revision_id)
    undo = url_for(".restore", article_id=article_id, revision_id=before.working_revision_id)
    return desk.done(
        url_for("news_desk.article", article_id=article_id),
        _("Naskah lama dipakai lagi. Naskah yang tadi tetap ada di riwayat."),
        undo=undo if request.args.get("undo") != "1" else "",
    )


def read_page(
    actor: Actor,
    article: Article,
    revision: Revision,
    form: Form,
    *,
    status: int = 200,
    in_queue: bool = False,
) -> Response:
    """Return the text as it stands, what changed, and a button for every step one may take."""
    in_queue = in_queue or form.values.get("from") == "periksa"
    body, lead, _keys = presentation.body(actor.site, Live(article, revision, "", False))
    photos = desk_form.photos_of(revision.text)
    domains = service.new_domains(revision.text.body)
    moment = Moments(actor.site)
    offered = steps(actor, article)
    values = {"version": article.version, "sends": "1" if article.sends_to_kominfo else ""}
    typed = {name: form.values[name] for name in ("note", "at") if name in form.values}
    shown = Form({**values, **typed})
    shown.problems = form.problems
    return desk.page(
        "news/read.html",
        status,
        article=article,
        revision=revision,
        form=shown,
        body=body,
        lead=lead,
        comparison=_comparison(actor, article),
        chip=chip(article.state),
        outside=outside(actor.site, [article.id]).get(article.id),
        steps=offered,
        needs_note=any(step.value == Op.RETURN for step in offered),
        needs_moment=any("schedule" in step.value for step in offered),
        may_send=actor.may(Permission.PUBLISH) and not article.trashed_at,
        points=checklist(revision.text, photos, domains),
        domains=domains,
        words=len(html.plain_text(revision.text.body).split()),
        photo_count=len(photos),
        rubric=_rubric_name(revision.text.rubric),
        history=history(actor.site, article.id, moment)[:8],
        moment=moment,
        zone=moment.zone,
        in_queue=in_queue,
        queue=_queue(actor) if in_queue else [],
        deputy=_deputy(actor) if any(s.value in _DECISIONS for s in offered) else None,
        deputy_until=_deputy_until(actor),
        whatsapp=None if actor.may(Permission.REVIEW) else _whatsapp(actor, article, revision),
    )


def _deputy(actor: Actor) -> Deputy | None:
    """Return in whose name the person decides, for the page to say so."""
    return actor.in_name_of(Permission.REVIEW)


def _deputy_until(actor: Actor) -> str:
    return dates.full_date(actor.deputy.last_on) if actor.deputy else ""


def _rubric_name(slug: str) -> str:
    return next((rubric.name for rubric in rubrics.rubrics() if rubric.slug == slug), slug)


def _queue(actor: Actor) -> list[queries.DeskItem]:
    return queries.desk(actor, states=(State.SUBMITTED,), limit=50)[::-1]


def _approved(actor: Actor) -> list[queries.DeskItem]:
    return queries.desk(actor, states=(State.APPROVED, State.SCHEDULED), limit=20)


def _comparison(actor: Actor, article: Article) -> dict[str, object] | None:
    """Return what changed since readers or a reviewer last saw the text; None for a first one."""
    old = _seen_before(actor, article)
    if old is None or old == article.working_revision_id:
        return None
    try:
        found = service.compare(actor, article.id, old, article.working_revision_id)
    except DesaError:
        return None
    return {
        "found": found,
        "body": Markup(found.body),  # noqa: S704 - html.diff returns safe HTML
        "is_live": old == article.live_revision_id,
        "names": FIELD_NAMES,
    }


def _seen_before(actor: Actor, article: Article) -> str | None:
    if article.live_revision_id is not None:
        return article.live_revision_id
    for row in reversed(journal.history(actor.site, "article", article.id)):
        if row.op in (Op.RETURN, Op.WITHDRAW):
            return row.revision_id
    return None


def _whatsapp(actor: Actor, article: Article, revision: Revision) -> dict[str, str] | None:
    """Return the ready-made message to the approver: its text and the address that opens it."""
    if article.state is not State.SUBMITTED or article.trashed_at is not None:
        return None
    address = request.host_url.rstrip("/") + url_for("news_review.review", article_id=article.id)
    village = settings.read(actor.site).full_name
    text = _("Mohon periksa berita “{title}” untuk situs {village}: {address}").format(
        title=revision.text.title, village=village, address=address
    )
    return {"text": text, "address": f"https://wa.me/?text={quote(text)}"}
