"""The officer's pages for connecting villages: invite, compare four words, confirm; files too."""

from __future__ import annotations

import segno
from flask import Response, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core import settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.features.hub import pairing, push, sources
from desa_web.features.hub.pairing_rows import Pairing, State
from desa_web.features.hub.source import Kind
from desa_web.features.news.desk_view import Moments
from desa_web.features.sync import bundles, sticks
from desa_web.features.sync.admin import stick_answer
from desa_web.web import auth, dates, desk
from desa_web.web.forms import Form
from desa_web.web.house import site

blueprint = desk.blueprint("hub_pairing", __name__)

_REPLY_BYTES = 64 << 10


@blueprint.url_value_preprocessor
def accept_files(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A bundle from a stick may be as large as any upload."""
    if endpoint == "hub_pairing.take":
        request.max_content_length = (site().config.number("max_upload_mb") << 20) + 100_000


@blueprint.get("/undang")
def index() -> Response:
    return _page(auth.require(Permission.RUN_HUB), Form({"source": request.args.get("sumber", "")}))


@blueprint.post("/undang")
def invite() -> Response:
    actor, form = auth.require(Permission.RUN_HUB), Form.sent()
    label, source_id = form.text("label", limit=120), form.text("source", limit=40)
    try:
        form.check()
        made = pairing.invite(actor, label, source_id=_source_id(source_id))
    except InvalidInput as error:
        form.refuse(error)
        return _page(actor, form, 422)
    return desk.done(url_for(".show", pairing_id=made.id))


@blueprint.post("/undang/berkas")
def invite_by_file() -> AnyResponse:
    actor, form = auth.require(Permission.RUN_HUB), Form.sent()
    label, source_id = form.text("label", limit=120), form.text("source", limit=40)
    form.check()
    made, file = pairing.invite_by_file(actor, label, source_id=_source_id(source_id))
    response = Response(file, content_type="application/octet-stream")
    name = f"undangan-{made.id[-6:]}.desa-undangan"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/undang/<pairing_id>")
def show(pairing_id: str) -> Response:
    """One invitation: its code and QR, then the words, then what to do next."""
    actor = auth.require(Permission.RUN_HUB)
    found = pairing.find(actor.site, pairing_id)
    address = _address(actor)
    link = f"{address}/pasangkan/{found.code}"
    return desk.page(
        "hub/pairing_show.html",
        pairing=found,
        address=address.partition("://")[2],
        code=f"{found.code[:4]} {found.code[4:]}",
        link=link,
        qr=_qr(link) if found.code else "",
        succeeds=_succeeds(actor, found),
        moment=Moments(actor.site),
    )


@blueprint.post("/undang/<pairing_id>/cocok")
def confirm(pairing_id: str) -> Response:
    actor = auth.require(Permission.RUN_HUB)
    source_id = pairing.confirm(actor, pairing_id)
    name = sources.get(actor.site, source_id).name
    sentence = _("{name} tersambung. Beritanya masuk sendiri ke kotak masuk.")
    return desk.done(url_for(".index"), sentence.format(name=name))


@blueprint.post("/undang/<pairing_id>/tolak")
def refuse(pairing_id: str) -> Response:
    pairing.refuse(auth.require(Permission.RUN_HUB), pairing_id)
    return desk.done(url_for(".index"), _("Undangan dibatalkan. Tidak ada yang tersambung."))


@blueprint.post("/undang/balasan")
def take_reply() -> Response:
    """The reply file that a village sent back on a stick."""
    actor = auth.require(Permission.RUN_HUB)
    sent = request.files.get("reply")
    try:
        found = pairing.take_reply(actor, sent.stream.read(_REPLY_BYTES) if sent else b"")
    except DesaError as error:
        form = Form()
        form.problems["reply"] = error.message
        return _page(actor, form, error.status)
    return desk.done(url_for(".show", pairing_id=found.id))


@blueprint.post("/undang/putuskan/<source_id>")
def revoke(source_id: str) -> Response:
    """Take a village's token back; what it has sent stays."""
    actor = auth.require(Permission.RUN_HUB)
    pairing.revoke(actor, source_id)
    return desk.done(url_for(".index"), _("Sambungan diputus. Beritanya yang sudah ada tetap ada."))


@blueprint.post("/undang/stik")
def take() -> Response:
    """A bundle of a village: its news and photos."""
    actor = auth.require(Permission.RUN_HUB)
    sent, form = request.files.get("bundle"), Form()
    try:
        if sent is None or not sent.filename:
            raise InvalidInput(_("Pilih dulu berkas .desa dari stik."))
        taken = bundles.take_stream(actor, sent.stream)
    except DesaError as error:
        form.problems["bundle"] = error.message
        return _page(actor, form, error.status)
    sentence = (
        _("Diterima: {lines} catatan baru dan {photos} foto baru.")
        if taken.accepted or taken.photos
        else _("Tidak ada yang baru: isi berkas ini sudah pernah diterima.")
    )
    return desk.done(url_for(".index"), sentence.format(lines=taken.accepted, photos=taken.photos))


@blueprint.post("/undang/tanda-terima")
def prepare() -> Response:
    """The receipts for all villages, in one file for sticks."""
    actor = auth.require(Permission.RUN_HUB)
    try:
        sticks.prepare(actor)
    except DesaError as error:
        return desk.done(url_for(".index"), error.message)
    return desk.done(url_for(".index") + "#stik", _("Berkas siap. Unduh, lalu salin ke stik."))


@blueprint.get("/undang/stik/<name>")
def fetch(name: str) -> AnyResponse:
    return stick_answer(auth.require(Permission.RUN_HUB), name)


def waiting(actor: Actor) -> int:
    """Return how many villages wait for an officer, for the menu."""
    return pairing.waiting_count(actor)


def _page(actor: Actor, form: Form, status: int = 200) -> Response:
    found = pairing.pairings(actor.site)
    known, tokens = sources.listed(actor.site), push.paired(actor.site)
    return desk.page(
        "hub/pairing.html",
        status,
        form=form,
        waiting=[one for one in found if one.is_waiting],
        unpaired=[
            ("", _("Desa baru")),
            *((one.id, one.name) for one in known if one.kind is Kind.DESA),
        ],
        # A village whose news comes on sticks never uses its token.
        paired=[(one, tokens[one.id] or one.poll.ok_at) for one in known if one.id in tokens],
        sticks=sticks.ready(actor),
        moment=Moments(actor.site),
        size=dates.file_size,
        limit_mb=actor.site.config.number("max_upload_mb"),
    )  # fmt: skip


def _source_id(text: str) -> str | None:
    return sources.get(site(), text).id if text else None


def _succeeds(actor: Actor, found: Pairing) -> str:
    """Return the source's name when the village comes with another key than it had."""
    if found.source_id is None or found.state is not State.ANSWERED:
        return ""
    source = sources.get(actor.site, found.source_id)
    return source.name if source.site not in (None, found.site) else ""


def _address(actor: Actor) -> str:
    """Return where villages reach this hub: as configured, else as the officer reaches it."""
    values = settings.read(actor.site)
    known = actor.site.config.text("base_url") or values["public_address"]
    return str(known or request.host_url).rstrip("/")


def _qr(link: str) -> Markup:
    """Return the QR code of our own link as inline SVG: no style, no foreign text in it."""
    made = segno.make(link, error="m")
    return Markup(  # noqa: S704 - made by segno of an address of our own
        made.svg_inline(scale=4, border=2, omitsize=True, svgclass=None, lineclass=None)
    )
