"""The officer's page of exports: choose a shelf, a village and days; take CSV, ninjs or kits."""

from __future__ import annotations

from datetime import date
from tempfile import SpooledTemporaryFile

from flask import Response, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.features.hub import exports, sources
from desa_web.features.hub.exports import Choice
from desa_web.features.hub.items import Shelf
from desa_web.web import auth, desk
from desa_web.web.forms import Form

blueprint = desk.blueprint("hub_exports", __name__)

_IN_MEMORY_BYTES = 4 << 20
_FIELDS = ("rak", "desa", "dari", "sampai")
SHELVES = (
    (Shelf.PUBLISHED.value, "Terbit di sini"),
    (Shelf.NEW.value, "Baru"),
    (Shelf.UPDATED.value, "Berubah"),
    (Shelf.WITHDRAWN.value, "Ditarik"),
    (Shelf.HELD.value, "Disimpan"),
    (Shelf.RETURNED.value, "Dikembalikan"),
)


@blueprint.get("/ekspor")
def index() -> AnyResponse:
    """Show how much the choice holds; with `bentuk`, hand it on."""
    actor = auth.require(Permission.RUN_HUB)
    form = Form(
        {name: request.args.get(name, "")[:40] for name in ("rak", "desa", "dari", "sampai")}
    )
    try:
        chosen = _choice(form)
    except InvalidInput as error:
        form.refuse(error)
        return _page(actor, form, Choice(), 422)
    wish = request.args.get("bentuk", "")
    if wish == "csv":
        return _table(actor, chosen)
    if wish == "ninjs":
        return _ninjs(actor, chosen)
    if wish == "kit":
        try:
            return _kits(actor, chosen)
        except NotFound as error:
            form.refuse(InvalidInput(error.message))
            return _page(actor, form, chosen, 422)
    return _page(actor, form, chosen)


def _page(actor: Actor, form: Form, chosen: Choice, status: int = 200) -> Response:
    known = sources.listed(actor.site)
    published = Choice(Shelf.PUBLISHED, chosen.source_id, chosen.since_on, chosen.until_on)
    return desk.page(
        "hub/exports.html",
        status,
        form=form,
        shelves=[(value, _(words)) for value, words in SHELVES],
        villages=[("", _("Semua desa")), *((one.id, one.name) for one in known)],
        count=exports.count(actor.site, chosen),
        live=exports.count(actor.site, published),
        kits_max=exports.KITS_MAX,
        ninjs_max=exports.NINJS_MAX,
    )


def _table(actor: Actor, chosen: Choice) -> AnyResponse:
    # Written before it is sent: who reads slowly must hold no query open.
    file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed when it is sent
    for lines in exports.table(actor.site, chosen):
        file.write(lines.encode())
    file.seek(0)
    response = send_file(file, "text/csv", as_attachment=True, download_name="kiriman.csv")
    response.headers["Cache-Control"] = "no-store"
    return response


def _ninjs(actor: Actor, chosen: Choice) -> AnyResponse:
    made = exports.ninjs(actor.site, chosen)
    return _attached(Response(made, content_type="application/json"), "berita.ninjs.json")


def _kits(actor: Actor, chosen: Choice) -> AnyResponse:
    file = exports.kits(actor.site, chosen)
    response = send_file(file, "application/zip", as_attachment=True, download_name="media-kit.zip")
    response.headers["Cache-Control"] = "no-store"
    return response


def _choice(form: Form) -> Choice:
    shelf = form.values.get("rak") or Shelf.PUBLISHED.value
    if shelf not in tuple(Shelf):
        raise InvalidInput(fields={"rak": _("Pilih salah satu yang ada di daftar.")})
    source_id = form.text("desa", limit=40)
    form.check()
    return Choice(Shelf(shelf), source_id, _day(form, "dari"), _day(form, "sampai"))


def _day(form: Form, name: str) -> date | None:
    text = form.values.get(name, "").strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not 1970 < found.year < 9000:
        raise InvalidInput(fields={name: _("Tanggal ditulis seperti 2026-11-21.")})
    return found


def _attached(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
