"""One place where a refusal becomes an answer: HTML or JSON, by path and Accept.

What is not a DesaError is a bug: status 500, a number the person can quote, and the log has it.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from flask import Response, g, jsonify, make_response, redirect, render_template, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from desa_web.core.errors import DesaError, InvalidInput, NotSignedIn, storage_error
from desa_web.core.i18n import _
from desa_web.web import csrf
from desa_web.web.forms import Form
from desa_web.web.headers import PERSONAL
from desa_web.web.house import house

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("desa_web.web")

# Never shown again on a page that asks to send a form once more.
_SECRET_WORDS = ("password", "old", "new", "code", "again")
_KEPT_CHARACTERS = 1_000_000


class Refused(DesaError):
    """A refusal of the HTTP layer itself, with the status it had there."""

    code: ClassVar[str] = "permintaan-keliru"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.http_status = status


def install(app: Flask) -> None:
    """Let every error of the app end here."""
    app.register_error_handler(DesaError, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(error: DesaError) -> Response:
    """Return the answer for a refusal."""
    status = getattr(error, "http_status", error.status)
    if _wants_json():
        response = make_response(jsonify(error=as_json(error)), status)
    elif isinstance(error, NotSignedIn) and request.method in ("GET", "HEAD"):
        return redirect_to_sign_in()
    else:
        response = make_response(_page(error, status), status)
        response.headers["Cache-Control"] = "no-store"
    if (wait_s := getattr(error, "retry_after_s", 30 if status == 503 else None)) is not None:
        response.headers["Retry-After"] = str(wait_s)
    return response


def as_json(error: DesaError) -> dict[str, object]:
    """Return a refusal as programs read it: code, message, fields, and the error's details."""
    found: dict[str, object] = {"code": error.code, "message": error.message, **error.details}
    if isinstance(error, InvalidInput) and error.fields:
        found["fields"] = error.fields
    return found


def redirect_to_sign_in() -> Response:
    target = request.full_path.rstrip("?")
    response = redirect(f"/masuk?lanjut={quote(target, safe='/')}", 303)
    return make_response(response)


def _http(error: HTTPException) -> Response:
    if error.code is not None and error.code < 400:
        return make_response(error.get_response())
    status = error.code or 500
    response = answer(Refused(_sentence(status), status))
    original = error.get_response()
    if (allowed := original.headers.get("Allow")) is not None:
        response.headers["Allow"] = allowed
    return response


def _unexpected(error: Exception) -> Response:
    known = storage_error(error)
    if known is not None:
        log.warning("%s %s: %s", request.method, request.path, error)
        house().site.close()  # a broken connection is not used again
        return answer(known)
    number = secrets.token_hex(4)
    log.error("bug %s at %s %s", number, request.method, request.path, exc_info=error)
    refusal = Refused(
        _(
            "Ada kesalahan di program. Yang sudah tersimpan tetap aman. "
            "Coba lagi; bila tetap begini, laporkan nomor {number}."
        ).format(number=number),
        500,
    )
    refusal.details["id"] = number
    return answer(refusal)


def _page(error: DesaError, status: int) -> str:
    """Render without the database: it may be what has failed."""
    if not request.path.startswith(PERSONAL):
        public = house().public_error
        text = public(status, error.message) if public is not None else None
        if text is not None:
            return text
    try:
        return _desk_page(error, status)
    except Exception:
        log.exception("no page for status %s", status)
        return _last_page(error.message)


def _desk_page(error: DesaError, status: int) -> str:
    kept = _kept_fields() if isinstance(error, (NotSignedIn, csrf.StaleForm)) else []
    lost = [name for name, file in request.files.items() if file.filename]
    if kept and isinstance(error, NotSignedIn):
        target = request.full_path.rstrip("?")
        return render_template(
            "desk/again.html",
            kept=kept,
            target=target,
            has_files=bool(lost),
            form=Form(),
        )
    return render_template(
        "desk/error.html",
        title=_title(status),
        sentence=error.message,
        code=error.code,
        kept=kept,
        token=csrf.token() if kept else "",
        has_files=bool(lost),
        must_sign_in=isinstance(error, NotSignedIn),
        signed_in=getattr(g, "desa_session", None) is not None,
    )


def _last_page(sentence: str) -> str:
    """Return a page that needs nothing: no template, no settings, no database."""
    return (
        '<!DOCTYPE html><html lang="id"><meta charset="utf-8"><title>Belum berhasil</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<h1>{_('Belum berhasil')}</h1><p>{escape(sentence)}</p>"
        f'<p><a href="/">{_("Ke beranda")}</a></p></html>'
    )


def _kept_fields() -> list[tuple[str, str]]:
    """Return what was typed into a form that is refused only for its age."""
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != csrf.FIELD and not any(word in name for word in _SECRET_WORDS)
    ]
    size = sum(len(value) for _name, value in fields)
    return fields if size <= _KEPT_CHARACTERS else []


def _wants_json() -> bool:
    if request.path.startswith(("/api/", "/sehat", "/sync/")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json"


def _title(status: int) -> str:
    return {
        401: _("Masuk dulu"),
        403: _("Belum boleh"),
        404: _("Halaman tidak ada"),
        409: _("Sudah berubah"),
        410: _("Sudah ditarik"),
        413: _("Terlalu besar"),
        429: _("Terlalu sering"),
        503: _("Coba lagi sebentar"),
        507: _("Ruang server habis"),
    }.get(status, _("Belum berhasil"))


def _sentence(status: int) -> str:
    return {
        400: _("Permintaan tidak terbaca. Muat ulang halamannya, lalu coba lagi."),
        404: _("Halaman ini tidak ada. Periksa alamatnya, atau mulai dari beranda."),
        405: _("Alamat ini tidak bisa dipakai dengan cara itu."),
        413: _("Kiriman terlalu besar. Kecilkan fotonya atau pendekkan naskahnya."),
        414: _("Alamat terlalu panjang."),
        415: _("Jenis kiriman ini tidak dikenal di alamat ini."),
    }.get(status, _("Permintaan tidak bisa dilayani."))
