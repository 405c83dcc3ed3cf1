"""The desk's shell: pages under /kelola for people who are signed in.

blueprint = desk.blueprint("news_admin", __name__)       everything in it asks for signing in
return desk.page("news/list.html", articles=…)           with menu, name of the village, notice
return desk.done(url_for(…), _("Tersimpan."))            see other, and say so there once
return desk.done(url_for(…), _("Dibuang."), undo=url)    … with a button that posts to url
"""

from __future__ import annotations

import gzip
from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import quote, unquote

from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.security import safe_join

from desa_web.core import settings
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.registry import MenuEntry, resolve
from desa_web.engines.pages.page import wants_gzip
from desa_web.web import auth, csrf, forms, typing
from desa_web.web.house import house, site

STATIC = Path(__file__).with_name("static")
TEMPLATES = Path(__file__).with_name("templates")
_NOTICE_COOKIE = "desa_kabar"
_NOTICE_MAX = 300
_PACKED = ("text/css", "text/javascript", "application/javascript", "image/svg+xml")


def blueprint(name: str, import_name: str) -> Blueprint:
    """Return a blueprint under /kelola whose every view needs a signed-in person."""
    made = Blueprint(name, import_name, url_prefix="/kelola", template_folder="templates")
    made.before_request(_must_be_signed_in)
    return made


def page(template: str, status: int = 200, **context: object) -> Response:
    """Return a page of the desk."""
    response = make_response(render_template(template, **context), status)
    if auth.cookie(_NOTICE_COOKIE) and status == 200:
        auth.drop_cookie(response, _NOTICE_COOKIE)
    return response


def done(address: str, sentence: str = "", *, undo: str = "") -> Response:
    """Answer a form that was worked: go on to `address` and say `sentence` there once.

    `undo` is an address of the desk; the sentence then has a button "Batalkan" that posts there.
    """
    response = make_response(redirect(address, 303))
    if sentence:
        said = quote(sentence[:_NOTICE_MAX]).replace("~", "%7E")
        auth.set_cookie(response, _NOTICE_COOKIE, f"{said}~{quote(undo)}" if undo else said, 120)
    return response


def local_address(text: str, default: str) -> str:
    """Return `text` if it is an address on this site, otherwise `default`."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text
    plain = is_local and len(text) <= 500 and text.isprintable()
    return text if plain else default


def install(app: Flask) -> None:
    """Give the desk's templates what they use, and its static files an address."""
    app.jinja_env.globals.update(
        _=_,
        csrf_token=csrf.token,
        submission_key=forms.fresh_submission,
        static_url=static_url,
        desk_menu=menu,
        desk_notice=notice,
        desk_undo=undo_address,
        desk_badge=badge,
        village_name=village_name,
        is_first_wrong=is_first_wrong,
        collector_name=collector_name,
        current_session=auth.session,
    )
    app.add_url_rule("/statis/<digest>/<path:name>", "desk_static", _static)
    typing.install(app)


def install_home(app: Flask) -> None:
    """Give /kelola/ a plain list of what this person may do, unless a feature has a home page."""
    if not any(rule.rule == "/kelola/" for rule in app.url_map.iter_rules()):
        app.add_url_rule("/kelola/", "desk_home", _home)


def menu() -> list[MenuEntry]:
    """Return the entries of the navigation that this person may use, in order."""
    actor = auth.actor()
    entries = [entry for entry in house().menu if actor.may(entry.permission)]
    return sorted(entries, key=lambda entry: entry.position)


def notice() -> str:
    """Return the sentence that the last form left behind, "" when there is none."""
    return unquote(auth.cookie(_NOTICE_COOKIE).partition("~")[0])[:_NOTICE_MAX]


def undo_address() -> str:
    """Return where the button beside the notice posts to, "" without one."""
    address = local_address(unquote(auth.cookie(_NOTICE_COOKIE).partition("~")[2]), "")
    return address if address.startswith("/kelola/") else ""


def badge(entry: MenuEntry) -> int:
    """Return how much waits behind an entry of the menu, asked once a request."""
    if not entry.badge:
        return 0
    counts: dict[str, int] = g.setdefault("desa_badges", {})
    if entry.badge not in counts:
        counts[entry.badge] = int(resolve(entry.badge)(auth.actor()))
    return counts[entry.badge]


def village_name() -> str:
    """Return "Desa Sukamaju", read once a request."""
    if not hasattr(g, "desa_village_name"):
        g.desa_village_name = settings.read(site()).full_name
    return str(g.desa_village_name)


def collector_name() -> str:
    """Return who collects the news of this site: at a media centre, the one above it."""
    return _("media center lain") if settings.is_hub(site()) else _("Kominfo")


def is_first_wrong() -> bool:
    """Return True once a page: for the first of its fields that is wrong."""
    is_first = not g.get("desa_wrong_field", False)
    g.desa_wrong_field = True
    return is_first


def static_url(name: str) -> str:
    """Return the address of a file in static/, the hash of its folder in it."""
    return url_for("desk_static", digest=_digest(name.rpartition("/")[0]), name=name)


def _must_be_signed_in() -> None:
    auth.actor()


def _home() -> Response:
    auth.actor()
    return page("desk/home.html")


def _static(digest: str, name: str) -> Response:
    """Answer a small file whole; for a year when the address holds its right hash."""
    path = safe_join(str(STATIC), name)
    if path is None or not Path(path).is_file():
        raise NotFound(_("Berkas ini tidak ada."))
    mimetype = guess_type(name)[0] or "application/octet-stream"
    # Only the editor has them, made when it was built: 11 KB less on https, where brotli is taken.
    brotli = Path(f"{path}.br")
    is_brotli = request.accept_encodings.quality("br") > 0 and brotli.is_file()
    is_packed = mimetype in _PACKED and wants_gzip(request.headers.get("Accept-Encoding", ""))
    body = _packed(path) if is_packed and not is_brotli else Path(path).read_bytes()
    response = make_response(brotli.read_bytes() if is_brotli else body)
    response.mimetype = mimetype
    response.vary.add("Accept-Encoding")
    if is_brotli or is_packed:
        response.headers["Content-Encoding"] = "br" if is_brotli else "gzip"
    if digest == _digest(name.rpartition("/")[0]):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.add_etag()
    response.make_conditional(request)
    return response


@cache
def _packed(path: str) -> bytes:
    made = Path(f"{path}.gz")
    if made.is_file():
        return made.read_bytes()
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)


@cache
def _digest(folder: str) -> str:
    """Return one hash for a folder: modules import their neighbours by relative address."""
    found = sha256()
    for path in sorted(p for p in (STATIC / folder).iterdir() if p.is_file()):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]
