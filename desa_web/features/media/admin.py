"""The desk's library: /kelola/foto. Works as plain forms; unggah.js makes sending better."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from flask import Response, request, url_for
from werkzeug.datastructures import FileStorage

from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import DesaError, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.features.media import albums, api, documents, library, service
from desa_web.features.media.library import Filter, Show
from desa_web.features.media.photo import Children, Photo, focus_point
from desa_web.features.media.pictures import picture
from desa_web.features.media.renditions import renditions
from desa_web.features.media.space import space
from desa_web.features.media.uses import Use, shown_to, uses
from desa_web.web import auth, desk
from desa_web.web.context_parts import Picture
from desa_web.web.forms import Form
from desa_web.web.house import site

blueprint = desk.blueprint("media_desk", __name__)

_WORDS = ("caption", "credit", "alt", "licence", "place")
FOCUS_CELLS = (
    ("tl", "Kiri atas"), ("t", "Atas"), ("tr", "Kanan atas"), ("l", "Kiri"), ("c", "Tengah"),
    ("r", "Kanan"), ("bl", "Kiri bawah"), ("b", "Bawah"), ("br", "Kanan bawah"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one file of a plain form."""

    name: str
    photo: Photo | None = None
    document: documents.Document | None = None
    problem: str = ""


@blueprint.url_value_preprocessor
def accept_large(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Forms with photos may be large; the check comes before the request is read."""
    if endpoint in ("media_desk.send", "media_desk.replace"):
        request.max_content_length = (site().config.number("max_upload_mb") << 20) + 100_000


@blueprint.get("/foto")
def photos() -> Response:
    actor = auth.actor()
    wanted = _filter()
    page = library.photos(site(), wanted, after=request.args.get("lanjut", "")[:80])
    known = uses(site())
    used_in = shown_to(actor, {p.id: known.of(p.id) for p in page.photos})
    items = [(p, picture(site(), p), used_in[p.id], _problem(p)) for p in page.photos]
    return desk.page(
        "media/photos.html",
        items=items,
        wanted=wanted,
        shows=_shows(),
        counts=library.counts(site()),
        years=library.years(site()),
        people=library.uploaders(site()),
        next_url=_next_url(page.next_key),
        space=space(site()),
        may_change=lambda photo: _may_change(actor, photo),
        line_of=api.markdown_line,
    )


@blueprint.post("/foto")
def send() -> Response:
    """Take the files of a plain form; each one is taken or refused for itself."""
    actor, form = auth.require(Permission.WRITE), Form.sent()
    credit = form.text("credit", limit=160)
    form.check()
    sent = [_take(actor, file, credit) for file in request.files.getlist("files") if file.filename]
    if not sent:
        raise InvalidInput(_("Belum ada berkas yang dipilih. Pilih fotonya, lalu kirim."))
    if len(sent) == 1 and sent[0].photo is not None:
        address = url_for("media_desk.photo", photo_id=sent[0].photo.id)
        return desk.done(address, _("Foto sudah masuk. Lengkapi keterangannya."))
    done = [(s, api.markdown_line(s.photo) if s.photo else "") for s in sent]
    status = 200 if any(not s.problem for s in sent) else 422
    return desk.page("media/sent.html", status, sent=done)


@blueprint.get("/foto/<photo_id>")
def photo(photo_id: str) -> Response:
    return _photo_page(_known(photo_id))


@blueprint.post("/foto/<photo_id>")
def describe(photo_id: str) -> Response:
    """Change the words in place; what is wrong comes back filled in."""
    actor, form = auth.actor(), Form.sent()
    found = _known(photo_id)
    words = {name: form.text(name, limit=1000) for name in _WORDS if name in form.values}
    children = form.choice("children", Children) if "children" in form.values else None
    version = form.values.get("version", "")
    try:
        form.check()
        focus = focus_point(form.values["focus"]) if "focus" in form.values else None
        if focus is not None and form.values["focus"] == found.focus:
            focus = None
        service.describe(
            actor,
            photo_id,
            **words,
            children=children,
            focus=focus,
            version=int(version) if version.isdigit() and len(version) < 18 else None,
        )
    except InvalidInput as error:
        form.refuse(error)
        return _photo_page(found, form, error.status)
    back = desk.local_address(form.values.get("kembali", ""), "")
    return desk.done(back or _address(photo_id), _("Tersimpan."))


@blueprint.post("/foto/<photo_id>/ganti")
def replace(photo_id: str) -> Response:
    actor, form = auth.actor(), Form.sent()
    file = request.files.get("file")
    if file is None or not file.filename:
        form.problems["file"] = _("Pilih dulu foto penggantinya.")
        return _photo_page(_known(photo_id), form, 422)
    try:
        with as_file(file) as path:
            service.replace(actor, photo_id, path)
    except DesaError as error:
        if error.status >= 500:
            raise
        form.problems["file"] = error.message
        return _photo_page(_known(photo_id), form, error.status)
    sentence = _("Foto diganti di semua tempat. Periksa lagi keterangannya.")
    return desk.done(_address(photo_id), sentence)


@blueprint.post("/foto/<photo_id>/<action>")
def act(photo_id: str, action: str) -> Response:
    actor, form = auth.actor(), Form.sent()
    actions: dict[str, tuple[Callable[[], object], str, str]] = {
        "buang": (
            lambda: service.trash(actor, photo_id),
            _("Foto dibuang. Selama 30 hari masih bisa diambil kembali."),
            url_for("media_desk.photos"),
        ),
        "pulihkan": (
            lambda: service.restore(actor, photo_id),
            _("Foto diambil kembali."),
            _address(photo_id),
        ),
        "album": (
            lambda: albums.set_albums_of(actor, photo_id, form.all("album")),
            _("Tersimpan."),
            _address(photo_id),
        ),
    }
    if action not in actions:
        raise NotFound(_("Tindakan itu tidak dikenal."))
    work, sentence, address = actions[action]
    try:
        work()
    except DesaError as error:
        if error.status != 409:
            raise
        form.problems[""] = error.message
        return _photo_page(_known(photo_id), form, 409)
    return desk.done(address, sentence)


@blueprint.get("/album")
def album_list() -> Response:
    return _albums_page(Form())


@blueprint.post("/album")
def add_album() -> Response:
    actor, form = auth.require(Permission.PUBLISH), Form.sent()
    try:
        title = form.text("title", limit=100, required=True)
        intro = form.text("intro", limit=500)
        form.check()
        made = albums.add(actor, title, intro)
    except InvalidInput as error:
        form.refuse(error)
        return _albums_page(form, error.status)
    return desk.done(url_for("media_desk.album", album_id=made.id), _("Album dibuat."))


@blueprint.get("/album/<album_id>")
def album(album_id: str) -> Response:
    return _album_page(albums.get(album_id))


@blueprint.post("/album/<album_id>")
def change_album(album_id: str) -> Response:
    actor, form = auth.require(Permission.PUBLISH), Form.sent()
    found = albums.get(album_id)
    if "hapus" in form.values:
        albums.remove(actor, album_id)
        return desk.done(url_for("media_desk.album_list"), _("Album dihapus; fotonya tetap ada."))
    try:
        title = form.text("title", limit=100, required=True)
        intro = form.text("intro", limit=500)
        form.check()
        albums.change(actor, album_id, title=title, intro=intro, order=_order(form))
    except InvalidInput as error:
        form.refuse(error)
        return _album_page(found, form, error.status)
    return desk.done(url_for("media_desk.album", album_id=album_id), _("Tersimpan."))


@blueprint.get("/dokumen")
def document_list() -> Response:
    found = documents.documents()
    return desk.page("media/documents.html", documents=found, line_of=api.document_line)


@blueprint.post("/dokumen/<document_id>/buang")
def trash_document(document_id: str) -> Response:
    documents.trash(auth.actor(), document_id)
    return desk.done(url_for("media_desk.document_list"), _("Dokumen ditarik dari pembaca."))


def _photo_page(found: Photo, form: Form | None = None, status: int = 200) -> Response:
    actor = auth.actor()
    near = library.near_duplicates(site(), found)
    shown = Form(
        {name: getattr(found, name) for name in _WORDS}
        | {"children": found.children.value, "focus": found.focus, "version": found.version}
    )
    if form is not None:
        shown = _overlaid(shown, form)
    return desk.page(
        "media/photo.html",
        status,
        photo=found,
        picture=picture(site(), found),
        problem=_problem(found),
        form=shown,
        used_in=_uses_of(found),
        near=[(p, picture(site(), p)) for p in near],
        children=[(c.value, c.label) for c in Children],
        cells=FOCUS_CELLS,
        markdown=api.markdown_line(found),
        albums=albums.albums(),
        in_albums=albums.of_photo(found.id),
        may_change=_may_change(actor, found),
        may_use_albums=actor.may(Permission.PUBLISH),
    )


def _overlaid(first: Form, sent: Form) -> Form:
    """Return the first values with what was sent in their place, and its problems."""
    merged = Form({**first.values, **sent.values})
    merged.problems = sent.problems
    return merged


def _albums_page(form: Form, status: int = 200) -> Response:
    return desk.page("media/albums.html", status, albums=albums.albums(), form=form)


def _album_page(found: albums.Album, form: Form | None = None, status: int = 200) -> Response:
    inside: list[tuple[Photo, Picture]] = [
        (p, picture(site(), p)) for p in albums.photos(found.id, include_private=True)
    ]
    shown = form or Form({"title": found.title, "intro": found.intro})
    return desk.page("media/album.html", status, album=found, inside=inside, form=shown)


def _order(form: Form) -> list[str]:
    """Return the photos that stay, in the order of the numbers beside them."""
    kept = form.all("foto", limit=2000)
    numbers = {i: form.values.get(f"urut-{i}", "") for i in kept}
    return sorted(kept, key=lambda i: int(n) if (n := numbers[i]).isdigit() else 10_000)


def _take(actor: Actor, file: FileStorage, credit: str) -> Sent:
    name = file.filename or ""
    is_document = file.mimetype == "application/pdf" or name.lower().endswith(".pdf")
    try:
        with as_file(file) as path:
            if is_document:
                return Sent(name, document=documents.add(actor, path, name=name))
            return Sent(name, photo=service.add(actor, path, name=name, credit=credit))
    except DesaError as error:
        if error.status in (403, 507):
            raise
        return Sent(name, problem=error.message)


@contextmanager
def as_file(file: FileStorage) -> Iterator[Path]:
    """Give the sent file a name on the disk, outside the folder that is served."""
    folder = site().data / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="form-", suffix=".part") as target:
        file.save(target)
        target.flush()
        yield Path(target.name)


def _filter() -> Filter:
    year = request.args.get("tahun", "")
    show = request.args.get("hanya", "")
    return Filter(
        query=request.args.get("q", "")[:100],
        show=Show(show) if show in list(Show) else Show.ALL,
        year=int(year) if year.isdigit() and 1970 <= int(year[:5]) <= 9000 else 0,
        uploader_id=request.args.get("oleh", "")[:40],
    )


def _next_url(key: str) -> str:
    if not key:
        return ""
    names = ("q", "hanya", "tahun", "oleh")
    values = [(n, v) for n in names if (v := request.args.get(n, ""))]
    return f"{url_for('media_desk.photos')}?{urlencode([*values, ('lanjut', key)])}"


def _shows() -> list[tuple[Show, str]]:
    return [
        (Show.ALL, _("Semua")),
        (Show.NO_CAPTION, _("Tanpa keterangan")),
        (Show.NO_ALT, _("Tanpa “apa yang terlihat”")),
        (Show.UNUSED, _("Tidak terpakai")),
        (Show.UNASKED, _("Izin anak belum ada")),
        (Show.TRASH, _("Keranjang")),
    ]


def _known(photo_id: str) -> Photo:
    found = library.get(photo_id)
    if found is None:
        raise NotFound(_("Foto ini tidak ada, atau sudah dibuang."))
    return found


def _uses_of(found: Photo) -> list[Use]:
    return shown_to(auth.actor(), {found.id: uses(site()).of(found.id)})[found.id]


def _problem(found: Photo) -> str:
    state = renditions(site()).state(found.master_sha256)
    return state.sentence if state is not None else ""


def _may_change(actor: Actor, found: Photo) -> bool:
    is_own = actor.user_id is not None and found.uploader_id == actor.user_id
    return is_own or actor.may(Permission.EDIT_ALL) or actor.may(Permission.REVIEW)


def _address(photo_id: str) -> str:
    return url_for("media_desk.photo", photo_id=photo_id)
