"""The officer's board of villages and one source's page: contact, trust, pausing, removing."""

from __future__ import annotations

import csv
import io

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import Conflict, DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.engines.sync.pull import Card
from desa_web.features.hub import board, discover, items, opml, receipts, sources
from desa_web.features.hub.board import Line, Pulse
from desa_web.features.hub.source import Kind, Source, State, Trust
from desa_web.features.news.desk_view import Moments
from desa_web.web import auth, desk
from desa_web.web.forms import Form
from desa_web.web.house import site

blueprint = desk.blueprint("hub_board", __name__)

_LOOKS = {Pulse.LIVELY: "st-h", Pulse.QUIET: "st-k", Pulse.PAUSED: "st-k"}
# Class and word of each state; what is in neither stands out in red.
PULSES = {pulse: (_LOOKS.get(pulse, "st-m"), words) for pulse, words in board.WORDS.items()}
PAGE_SIZE = 100
_OPML_BYTES = 4 << 20
_TEXTS = {"name": 120, "contact": 200, "kode_wilayah": 20, "district": 80, "address": 500}


@blueprint.get("/desa")
def index() -> Response:
    """All villages, trouble first."""
    actor = auth.require(Permission.RUN_HUB)
    found = board.board(actor.site)
    pulse, district, query = (request.args.get(n, "")[:80] for n in ("keadaan", "kec", "cari"))
    lines = [line for line in found.lines if _fits(line, pulse, district, query)]
    start = request.args.get("mulai", "")
    first = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 0
    moment = Moments(actor.site)
    return desk.page(
        "hub/board.html",
        board=found,
        lines=lines[first : first + PAGE_SIZE],
        fitting=len(lines),
        first=first,
        page_size=PAGE_SIZE,
        pulse=pulse,
        district=district,
        query=query,
        pulses=PULSES,
        advice=board.advice,
        moment=moment,
        today=moment.today(),
    )


@blueprint.get("/desa/papan.csv")
def table() -> AnyResponse:
    """The board for a spreadsheet."""
    actor = auth.require(Permission.RUN_HUB)
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    for row in board.table(board.board(actor.site).lines):
        writer.writerow([_cell(value) for value in row])
    # The mark lets spreadsheets of old read UTF-8.
    return _file("\ufeff" + sheet.getvalue(), "papan-desa.csv", "text/csv")


@blueprint.get("/desa/sumber.opml")
def export() -> AnyResponse:
    actor = auth.require(Permission.RUN_HUB)
    return _file(opml.make(actor.site, sources.listed(actor.site)), "desa.opml", "text/x-opml")


@blueprint.get("/desa/baru")
def new() -> Response:
    auth.require(Permission.RUN_HUB)
    return desk.page("hub/source_new.html", form=Form(), added=None)


@blueprint.post("/desa/baru")
def add() -> Response:
    """Ask an address what it is, and take it as a source."""
    actor, form = auth.require(Permission.RUN_HUB), Form.sent()
    address, name = form.text("address", limit=500), form.text("name", limit=120)
    try:
        form.check()
        if not address:
            sentence = _("Tulis alamat situs desa, misalnya https://sukamaju.desa.id.")
            raise InvalidInput(fields={"address": sentence})
        made = sources.add(actor, address, name=name)
    except InvalidInput as error:
        form.refuse(error)
        return desk.page("hub/source_new.html", 422, form=form, added=None)
    except DesaError as error:
        form.problems["address"] = error.message
        return desk.page("hub/source_new.html", 422, form=form, added=None)
    kind = _("situs desa bertanda tangan") if made.is_signed else _("feed biasa")
    sentence = _("{name} ditambahkan sebagai {kind}. Beritanya diambil sebentar lagi.")
    undo = url_for(".state", source_id=made.id, ke="remove")
    return desk.done(
        url_for(".source", source_id=made.id), sentence.format(name=made.name, kind=kind), undo=undo
    )


@blueprint.post("/desa/opml")
def take() -> Response:
    """Add all feeds of an OPML file."""
    actor = auth.require(Permission.RUN_HUB)
    sent = request.files.get("opml")
    form = Form()
    try:
        found = list(opml.take(actor, sent.stream.read(_OPML_BYTES) if sent else b""))
    except DesaError as error:
        form.problems["opml"] = error.message
        return desk.page("hub/source_new.html", 422, form=form, added=None)
    return desk.page("hub/source_new.html", form=form, added=found)


@blueprint.get("/desa/<source_id>")
def source(source_id: str) -> Response:
    return _source_page(auth.require(Permission.RUN_HUB), source_id, None)


@blueprint.post("/desa/<source_id>")
def change(source_id: str) -> Response:
    """Change what the officer wrote about a source."""
    actor, form = auth.require(Permission.RUN_HUB), Form.sent()
    words = {name: form.text(name, limit=limit) for name, limit in _TEXTS.items()}
    version = form.text("version", limit=12)
    try:
        form.check()
        sources.change(
            actor, source_id, name=words["name"], contact=words["contact"],
            kode_wilayah=words["kode_wilayah"], district=words["district"],
            address=words["address"], version=int(version) if version.isdigit() else None,
        )  # fmt: skip
    except InvalidInput as error:
        form.refuse(error)
        return _source_page(actor, source_id, form, 422)
    return desk.done(url_for(".source", source_id=source_id), _("Tersimpan."))


@blueprint.post("/desa/<source_id>/keadaan")
def state(source_id: str) -> Response:
    """Pause, go on, remove, bring back; each can be undone by its opposite."""
    actor = auth.require(Permission.RUN_HUB)
    wish = request.args.get("ke", "")
    steps = {
        "pause": (sources.pause, "resume", _("{name} dijeda; tidak ditanya lagi.")),
        "resume": (sources.resume, "pause", _("{name} ditanya lagi.")),
        "remove": (sources.remove, "resume", _("{name} dikeluarkan; berita yang terbit tetap.")),
    }
    if wish not in steps:
        raise InvalidInput(_("Pilih jeda, lanjutkan, atau keluarkan."))
    work, back, sentence = steps[wish]
    made = work(actor, source_id)
    undo = url_for(".state", source_id=source_id, ke=back)
    is_gone = wish == "remove"
    target = url_for(".index") if is_gone else url_for(".source", source_id=source_id)
    return desk.done(target, sentence.format(name=made.name), undo=undo)


@blueprint.post("/desa/<source_id>/percaya")
def trust(source_id: str) -> Response:
    """Confirm who it is, or let its news go on by itself, or not any more."""
    actor, form = auth.require(Permission.RUN_HUB), Form.sent()
    wish = form.text("do", limit=20)
    form.check()
    if wish == "confirm":
        sources.confirm(actor, source_id)
        sentence = _("Baik. Sumber ini sudah dipastikan.")
    elif wish in tuple(Trust):
        sources.trust(actor, source_id, Trust(wish))
        is_auto = wish == Trust.AUTO
        sentence = (
            _("Beritanya terbit sendiri mulai sekarang.") if is_auto
            else _("Beritanya menunggu Anda lagi.")
        )  # fmt: skip
    else:
        raise InvalidInput(_("Pilih salah satu."))
    return desk.done(url_for(".source", source_id=source_id), sentence)


@blueprint.post("/desa/<source_id>/lihat-situs")
def look(source_id: str) -> Response:
    """Ask the address who is there now, for the officer to read it out over the telephone."""
    actor = auth.require(Permission.RUN_HUB)
    form, there = Form(), None
    try:
        there = discover.card_at(actor.site, sources.get(actor.site, source_id).address)
    except DesaError as error:
        form.problems["there"] = error.message
    return _source_page(actor, source_id, None, decision=form, there=there)


@blueprint.post("/desa/<source_id>/dari-awal")
def read_anew(source_id: str) -> Response:
    """Read a log that stands still from its beginning: an officer has spoken with the village.

    there: the log that the officer was shown at the address; it must still be the one there.
    """
    actor, form = auth.require(Permission.RUN_HUB), Form.sent()
    shown = form.text("there", limit=60)
    try:
        if not form.flag("sure"):
            form.problems["sure"] = _("Telepon dulu operatornya, lalu centang ini.")
        form.check()
        found = sources.get(actor.site, source_id)
        if shown and discover.card_at(actor.site, found.address).site != shown:
            raise Conflict(_("Situs di alamat itu berganti lagi. Lihat sekali lagi siapa di sana."))
        sources.trust_again(actor, source_id, site=shown)
    except InvalidInput as error:
        form.refuse(error)
        return _source_page(actor, source_id, None, 422, decision=form)
    except DesaError as error:
        form.problems["there"] = error.message
        return _source_page(actor, source_id, None, error.status, decision=form)
    sentence = _(
        "Catatan desa dibaca dari awal sebentar lagi. Keputusan Anda atas beritanya tetap."
    )
    return desk.done(url_for(".source", source_id=source_id), sentence)


def _source_page(
    actor: Actor,
    source_id: str,
    form: Form | None,
    status: int = 200,
    *,
    decision: Form | None = None,
    there: Card | None = None,
) -> Response:
    """decision: the form about a log that stands still; there: who is at the address now."""
    found = sources.get(actor.site, source_id)
    line = None if found.state is State.REMOVED else board.line_of(actor.site, found)
    return desk.page(
        "hub/source.html",
        status,
        source=found,
        line=line,
        past=board.past(actor.site, source_id),
        lag=_lag,
        form=form or _form_of(found),
        claim=sources.claim(actor.site, found.site),
        counts=items.counts(source_id),
        lost=items.lost(source_id),
        decision=decision or Form(),
        there=there,
        told=receipts.of_source(actor.site, source_id, 5) if found.kind is Kind.DESA else [],
        pulses=PULSES,
        advice=board.advice,
        moment=Moments(actor.site),
    )


def _lag(minutes: int) -> str:
    """Return a time span as people say it."""
    if minutes < 90:
        return _("{n} menit").format(n=minutes)
    hours = round(minutes / 60)
    return _("{n} jam").format(n=hours) if hours < 48 else _("{n} hari").format(n=hours // 24)


def _form_of(found: Source) -> Form:
    return Form({name: getattr(found, name) for name in _TEXTS})


def _fits(line: Line, pulse: str, district: str, query: str) -> bool:
    one = line.source
    text = f"{one.name} {one.kode_wilayah} {one.district} {one.address}".casefold()
    is_pulse = not pulse or line.pulse == pulse or (pulse == "masalah" and bool(line.trouble.code))
    return is_pulse and district in ("", one.district) and query.strip().casefold() in text


def _cell(value: object) -> object:
    """A spreadsheet takes a leading =, +, - or @ for a formula: say that it is a text."""
    is_risky = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if is_risky else value


def _file(text: str | bytes, name: str, mime: str) -> AnyResponse:
    body = text.encode() if isinstance(text, str) else text
    response = Response(body, content_type=f"{mime}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.url_value_preprocessor
def accept_files(endpoint: str | None, _values: dict[str, object] | None) -> None:
    if endpoint == "hub_board.take":
        request.max_content_length = min(_OPML_BYTES, site().config.number("max_upload_mb") << 20)
