"""The desk's page "Sinkron": with whom this site is connected, what was sent, what waits.

Every state that the command line can change has its button here, too. What speaks over a line is
imported when it is asked for: most villages start without an HTTP client of ten megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc
from desa_web.core.errors import DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.engines.sync import KeyRing, home, log
from desa_web.features.news.desk_view import Moments, Outside
from desa_web.features.sync import bundles, hubs, receipts, service, sticks
from desa_web.features.sync.hubs import Hub, State
from desa_web.features.sync.log_notice import notice
from desa_web.features.sync.outside import view
from desa_web.web import auth, dates, desk
from desa_web.web.forms import Form
from desa_web.web.house import site

blueprint = desk.blueprint("sync_desk", __name__)

_INVITATION_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Told:
    """One line of what the hub said: the article's title as it is here."""

    title: str
    article_id: str
    said: Outside


@blueprint.url_value_preprocessor
def accept_files(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A file from a stick may be as large as any upload; the form itself is small."""
    if endpoint == "sync_desk.take":
        request.max_content_length = (site().config.number("max_upload_mb") << 20) + 100_000


@blueprint.get("/sinkron")
def index() -> Response:
    return _page(auth.require(Permission.MANAGE_SITE), Form())


@blueprint.post("/sinkron/sambungkan")
def connect() -> Response:
    from desa_web.features.sync import pairing

    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    code, address = form.text("code", limit=300, required=True), form.text("address", limit=300)
    try:
        form.check()
        pairing.connect(actor, code, address)
    except DesaError as error:
        form.refuse(error if isinstance(error, InvalidInput) else InvalidInput(error.message))
        return _page(actor, form, 422)
    return desk.done(url_for(".index"))


@blueprint.post("/sinkron/periksa")
def look() -> Response:
    """Ask whether the officer has confirmed."""
    from desa_web.features.sync import pairing

    actor = auth.require(Permission.MANAGE_SITE)
    try:
        hub = pairing.look(actor.site)
    except DesaError as error:
        return desk.done(url_for(".index"), error.message)
    is_paired = hub is not None and hub.state is State.PAIRED
    sentence = _("Tersambung. Berita desa dikirim sendiri mulai sekarang.")
    return desk.done(
        url_for(".index"), sentence if is_paired else _("Petugas belum mencocokkan kata-katanya.")
    )


@blueprint.post("/sinkron/kirim")
def send() -> Response:
    from desa_web.features.sync.push import push

    actor = auth.require(Permission.MANAGE_SITE)
    try:
        pushed = push(actor.site)
    except DesaError as error:
        return desk.done(url_for(".index"), error.message)
    sentence = _("Selesai: {n} catatan dan {photos} foto terkirim.")
    return desk.done(
        url_for(".index"),
        sentence.format(n=pushed.lines, photos=pushed.photos)
        if pushed.lines or pushed.photos
        else _("Semua sudah sampai di Kominfo."),
    )


@blueprint.post("/sinkron/jeda")
def pause() -> Response:
    from desa_web.features.sync import pairing

    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    is_paused = form.flag("paused")
    pairing.set_paused(actor, is_paused)
    said = _("Pengiriman dijeda. Berita tetap tersimpan.") if is_paused else _("Dikirim lagi.")
    return desk.done(url_for(".index"), said)


@blueprint.post("/sinkron/putuskan")
def end() -> Response:
    from desa_web.features.sync import pairing

    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    if not form.flag("sure"):
        return desk.done(url_for(".index"), _("Centang dulu bahwa Anda yakin, lalu putuskan."))
    pairing.end(actor)
    return desk.done(url_for(".index"), _("Sambungan diputus. Yang sudah dikirim tetap di sana."))


@blueprint.post("/sinkron/undangan")
def accept() -> AnyResponse:
    """An invitation from a stick; the answer is the file to carry back."""
    from desa_web.features.sync import pairing

    actor = auth.require(Permission.MANAGE_SITE)
    sent = request.files.get("file")
    try:
        reply = pairing.accept(actor, sent.stream.read(_INVITATION_BYTES) if sent else b"")
    except InvalidInput as error:
        form = Form()
        form.problems["file"] = error.message
        return _page(actor, form, 422)
    response = Response(reply, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = 'attachment; filename="balasan.desa-balasan"'
    return response


@blueprint.post("/sinkron/berkas")
def prepare() -> Response:
    sticks.prepare(auth.require(Permission.MANAGE_SITE))
    return desk.done(url_for(".index") + "#stik", _("Berkas siap. Unduh, lalu salin ke stik."))


@blueprint.get("/sinkron/berkas/<name>")
def fetch(name: str) -> AnyResponse:
    return stick_answer(auth.require(Permission.MANAGE_SITE), name)


def stick_answer(actor: Actor, name: str) -> AnyResponse:
    """Return one prepared file as a download. Raises NotFound."""
    path = sticks.path_of(actor, name)
    return send_file(
        path, mimetype="application/zip", as_attachment=True, download_name=name, etag=False
    )


@blueprint.post("/sinkron/terima")
def take() -> Response:
    """A bundle from the hub: its receipts."""
    actor = auth.require(Permission.MANAGE_SITE)
    sent = request.files.get("bundle")
    form = Form()
    try:
        if sent is None or not sent.filename:
            raise InvalidInput(_("Pilih dulu berkas .desa dari stik."))
        taken = bundles.take_stream(actor, sent.stream)
    except DesaError as error:
        form.problems["bundle"] = error.message
        return _page(actor, form, error.status)
    sentence = (
        _("{n} tanda terima dari Kominfo dicatat.")
        if taken.receipts
        else _("Tidak ada kabar baru: isi berkas ini sudah pernah dicatat.")
    )
    return desk.done(url_for(".index"), sentence.format(n=taken.receipts))


@blueprint.post("/sinkron/kode")
def code() -> Response:
    """A new recovery code of the key, shown this once."""
    actor = auth.require(Permission.MANAGE_SITE)
    return desk.page("sync/code.html", code=service.new_recovery_code(actor))


@blueprint.post("/sinkron/buka-kunci")
def unlock() -> Response:
    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    typed = form.text("recovery", limit=60, required=True)
    try:
        form.check()
        service.unlock(actor, typed)
    except InvalidInput as error:
        if error.message:
            form.problems.setdefault("recovery", error.message)
        return _page(actor, form, 422)
    return desk.done(url_for(".index"), _("Kunci terbuka. Berita dikirim lagi."))


@blueprint.post("/sinkron/rumah")
def settle() -> Response:
    """Answer the question after the folder moved or was copied."""
    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    if form.values.get("answer") == "moved":
        service.moved(actor)
        return desk.done(url_for(".index"), _("Baik. Situs ini tinggal di sini sekarang."))
    if form.values.get("answer") == "copy" and form.flag("sure"):
        service.became_copy(actor)
        return desk.done(url_for(".index"), _("Baik. Salinan ini mendapat kunci sendiri."))
    return desk.done(url_for(".index"), _("Centang dulu bahwa Anda yakin, lalu pilih lagi."))


def _page(actor: Actor, form: Form, status: int = 200) -> Response:
    here = actor.site
    found, hub = service.status(here), hubs.newest(here)
    is_here = hub is not None and hub.state in (State.WAITING, State.PAIRED)
    return desk.page(
        "sync/sync.html",
        status,
        form=form,
        hub=hub if is_here else None,
        ended=hub if hub is not None and not is_here else None,
        pause=found.pause,
        must_answer=not home.is_at_home(here),
        is_locked=found.pause is not None and KeyRing(here.data / "keys").is_locked(),
        has_log=log.head(here) is not None,
        has_code=found.has_recovery_code,
        waits=hubs.waiting(here, hub) if hub is not None and is_here else None,
        told=_told(actor),
        notice=notice(here),
        sticks=sticks.ready(actor),
        moment=Moments(here),
        next_at=_next_at(hub),
        size=dates.file_size,
    )


def _told(actor: Actor) -> list[Told]:
    words = receipts.newest(actor.site)
    titles = receipts.titles(actor.site, words)
    return [
        Told(
            titles.get(word.object_id) or _("(berita yang sudah dihapus)"),
            word.object_id,
            view(word),
        )
        for word in words
    ]


def _next_at(hub: Hub | None) -> object:
    return as_utc(hub.next_ms) if hub is not None and hub.failures else None
