"""The rubrics of the village: add, rename, put in order, remove what is not used."""

from __future__ import annotations

from flask import Response, url_for

from desa_web.core.actor import Permission
from desa_web.core.errors import Conflict, InvalidInput
from desa_web.core.i18n import _
from desa_web.features.news import rubrics
from desa_web.web import auth, desk, forms
from desa_web.web.forms import Form

blueprint = desk.blueprint("news_rubrics", __name__)


@blueprint.get("/rubrik")
def index() -> Response:
    auth.require(Permission.MANAGE_SITE)
    return _page(Form())


@blueprint.post("/rubrik")
def add() -> Response:
    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    name = form.text("name", required=True)
    try:
        form.check()
        forms.once(actor, form.submission, lambda: rubrics.add(actor, name).slug, scope="rubric")
    except (InvalidInput, Conflict) as error:
        return _refused(form, error)
    return desk.done(url_for(".index"), _("Rubrik ditambahkan."))


@blueprint.post("/rubrik/<slug>")
def rename(slug: str) -> Response:
    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    name = form.text("name", required=True)
    try:
        form.check()
        rubrics.rename(actor, slug, name)
    except (InvalidInput, Conflict) as error:
        return _refused(form, error, slug)
    return desk.done(url_for(".index"), _("Tersimpan."))


@blueprint.post("/rubrik/<slug>/<any(naik, turun):way>")
def shift(slug: str, way: str) -> Response:
    """Move one place up or down, by keyboard and thumb."""
    rubrics.shift(auth.require(Permission.MANAGE_SITE), slug, up=way == "naik")
    return desk.done(f"{url_for('.index')}#rb-{slug}")


@blueprint.post("/rubrik/<slug>/hapus")
def remove(slug: str) -> Response:
    actor = auth.require(Permission.MANAGE_SITE)
    try:
        rubrics.remove(actor, slug)
    except Conflict as error:
        form = Form()
        form.problems[""] = error.message
        return _page(form, error.status)
    return desk.done(url_for(".index"), _("Rubrik dihapus."))


def _refused(form: Form, error: InvalidInput | Conflict, slug: str = "") -> Response:
    if isinstance(error, InvalidInput):
        form.refuse(error)
    else:
        form.problems["name"] = error.message
    return _page(form, error.status, slug)


def _page(form: Form, status: int = 200, slug: str = "") -> Response:
    found = rubrics.rubrics()
    fresh = Form() if slug else form
    return desk.page("news/rubrics.html", status, rubrics=found, form=form, fresh=fresh, at=slug)
