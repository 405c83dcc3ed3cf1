"""/kelola/pengaturan/lambang: send the village's emblem, or go back to the theme's."""

from __future__ import annotations

from flask import Response, request, url_for

from desa_web.core.actor import Permission
from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.features.media import emblem
from desa_web.features.media.admin import as_file
from desa_web.web import auth, desk
from desa_web.web.forms import Form
from desa_web.web.house import site

blueprint = desk.blueprint("media_emblem", __name__)


@blueprint.url_value_preprocessor
def accept_large(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """The check comes before the request is read."""
    request.max_content_length = (site().config.number("max_upload_mb") << 20) + 100_000


@blueprint.get("/pengaturan/lambang")
def show() -> Response:
    auth.require(Permission.MANAGE_SITE)
    return _page(Form())


@blueprint.post("/pengaturan/lambang")
def change() -> Response:
    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    if "bawaan" in form.values:
        emblem.drop(actor)
        return desk.done(url_for(".show"), _("Lambang bawaan dipakai lagi."))
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        form.problems["file"] = _("Pilih dulu berkas lambangnya.")
        return _page(form, 422)
    try:
        with as_file(sent) as path:
            emblem.choose(actor, path, sent.filename)
    except DesaError as error:
        if error.status >= 500:
            raise
        form.problems["file"] = error.message
        return _page(form, error.status)
    return desk.done(url_for(".show"), _("Lambang dipakai di semua halaman."))


def _page(form: Form, status: int = 200) -> Response:
    found = emblem.chosen(site())
    address = emblem.url(found) if found is not None else ""
    return desk.page("media/emblem.html", status, emblem=found, emblem_url=address, form=form)
