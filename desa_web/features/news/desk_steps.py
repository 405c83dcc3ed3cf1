"""Taking steps of the workflow from a form, and where a person stands afterwards.

Two buttons are more than one step: "Setujui dan terbitkan" and "Setujui dan jadwalkan"; each is
one transaction.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from flask import Response, url_for

from desa_web.core import settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.features.news import queries, service
from desa_web.features.news.article import Article
from desa_web.features.news.desk_view import APPROVE_AND_SCHEDULE, PUBLISH_NOW, Step
from desa_web.features.news.workflow import Op
from desa_web.web import desk
from desa_web.web.forms import Form

_SAID = {
    "": "Tersimpan di server.",
    "preview": "",
    Op.SUBMIT: "Sudah diajukan. Beri tahu Penyetuju lewat WhatsApp.",
    Op.RECALL: "Kembali menjadi draf.",
    Op.APPROVE: "Disetujui.",
    Op.RETURN: "Dikembalikan dengan catatan Anda.",
    Op.SCHEDULE: "Sudah dijadwalkan. Berita terbit sendiri pada waktunya.",
    Op.PUBLISH: "Berita sudah terbit.",
    Op.WITHDRAW: "Berita ditarik. Pembaca melihat halaman bahwa berita ini sudah ditarik.",
    Op.TRASH: "Dibuang. Masih bisa dipulihkan selama 30 hari.",
    Op.RESTORE: "Dipulihkan.",
    PUBLISH_NOW: "Berita sudah terbit.",
    APPROVE_AND_SCHEDULE: "Disetujui dan dijadwalkan.",
    "sending": "Tersimpan.",
}
_UNDO = {Op.TRASH: Op.RESTORE, Op.SUBMIT: Op.RECALL}
_SINGLE = {op.value: op for op in Op if op is not Op.SAVE}


def is_step(wish: str) -> bool:
    return wish in _SINGLE or wish in (PUBLISH_NOW, APPROVE_AND_SCHEDULE)


def first_steps(actor: Actor, *, is_live: bool = False) -> list[Step]:
    """Return the steps that lead on from a text that is being written, or rewritten."""
    label = _("Ajukan perubahan") if is_live else _("Ajukan")
    found = [Step(Op.SUBMIT, label, "kirim", "")]
    approval = settings.read(actor.site)["approval"]
    if actor.may(Permission.PUBLISH) and (
        approval == "off" or (approval == "required" and actor.may(Permission.REVIEW))
    ):
        found = [replace(found[0], look="garis")]
        label = _("Terbitkan perubahan") if is_live else _("Terbitkan sekarang")
        found.insert(0, Step(PUBLISH_NOW, label, "cek", ""))
    return found


def take(actor: Actor, article: Article, wish: str, form: Form, *, version: int | None) -> Article:
    """Take the step. Raises what the service raises, InvalidInput for an unknown step."""
    if form.flag("sends_shown") and actor.may(Permission.PUBLISH):
        before = article.version
        article = service.send_to_kominfo(actor, article.id, form.flag("sends"))
        version = article.version if version == before else version
    if wish == "sending":
        return article
    note = form.values.get("note", "")
    if wish == PUBLISH_NOW:
        return service.publish_now(actor, article.id, version=version)
    if wish == APPROVE_AND_SCHEDULE:
        approved = service.act(actor, Op.APPROVE, article.id, version=version, note=note)
        return service.act(
            actor, Op.SCHEDULE, article.id, version=approved.version, at=_at(actor, form)
        )
    if wish not in _SINGLE:
        raise InvalidInput(_("Langkah itu tidak dikenal. Pilih salah satu tombol di halaman ini."))
    op = _SINGLE[wish]
    at = _at(actor, form) if op is Op.SCHEDULE else None
    return service.act(actor, op, article.id, version=version, note=note, at=at)


def address_after(actor: Actor, article: Article, wish: str, form: Form) -> str:
    """Return the page to go on with; an article out of sight leads to the list."""
    if wish == Op.TRASH:
        return url_for("news_lists.articles")
    if wish == "preview":
        return url_for("news_preview.preview", article_id=article.id)
    if form.values.get("from") == "periksa" and is_step(wish):
        return url_for("news_review.queue")
    try:
        queries.get(actor, article.id)
    except NotFound:
        return url_for("news_lists.articles")
    anchor = "foto" if wish.partition(":")[0] in ("photo", "insert", "remove") else None
    return url_for("news_desk.article", article_id=article.id, _anchor=anchor)


def done(address: str, wish: str, article_id: str) -> Response:
    """Go on and say what happened, with a way back where there is one."""
    undo = ""
    if wish in _UNDO:
        undo = url_for("news_desk.step", article_id=article_id, do=_UNDO[Op(wish)].value)
    return desk.done(address, _(_SAID.get(wish, _SAID[""])) if wish != "preview" else "", undo=undo)


def _at(actor: Actor, form: Form) -> datetime | None:
    text = form.values.get("at", "").strip()
    return service.local_moment(actor.site, text) if text else None
