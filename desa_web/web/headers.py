"""Headers of every answer: one constant policy, so that a web server in front can send it, too.

Also what is only true of one answer: gzip for public pages that the page store does not keep.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from flask import Response, request

from desa_web.engines.pages.page import GZIP_FROM_BYTES, wants_gzip

# Pictures of a photo not yet sent are blob: addresses; all else comes from this site.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; "
    "worker-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
CONSTANT = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: browsers would send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
LINES = "application/x-ndjson"
_PARTS = ("text/css", "text/javascript", "application/javascript", "image/webp")
_OF_PARTS = ("X-Content-Type-Options", "Cross-Origin-Resource-Policy")
_YEAR_S = 31_536_000
PERSONAL = ("/kelola", "/masuk", "/mulai", "/keluar", "/pulihkan", "/undangan", "/api/")


def secure(response: Response) -> Response:
    """Add what is missing; a view that set one of these knows why."""
    headers, path = response.headers, request.path
    # One walk through the headers: asking for each name apart took longer than Flask's own work.
    present = {name.lower() for name, _value in headers}
    wanted = [(name, value) for name, value in _policy(response) if name.lower() not in present]
    if request.is_secure and "strict-transport-security" not in present:
        wanted.append(("Strict-Transport-Security", f"max-age={_YEAR_S}"))
    if path.startswith(PERSONAL) and "cache-control" not in present:
        wanted.append(("Cache-Control", "no-store"))
    headers.extend(wanted)
    if path.startswith("/media/"):
        # Newsrooms and feed readers show our pictures on their pages.
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _policy(response: Response) -> Iterable[tuple[str, str]]:
    """Lines for programs are no page: a poll of a hub without news is 240 bytes, not 730."""
    kind = response.mimetype
    if kind in _PARTS and request.path.startswith("/statis/"):
        # A page's own script or style: the page says what it may do, twelve times over otherwise.
        return [(name, CONSTANT[name]) for name in _OF_PARTS]
    if kind != LINES:
        return CONSTANT.items()
    return () if response.status_code == 304 else (("X-Content-Type-Options", "nosniff"),)


_DESK_WITHOUT_CODES = tuple(
    f"/kelola/{name}"
    for name in ("berita", "tulis", "periksa", "halaman", "menu", "foto", "rubrik")
)


def compress(response: Response) -> Response:
    """Pack an answer that is made for one person: search results, a page of the desk.

    Pages that may show codes or passwords stay plain: a secret beside what a stranger can have
    repeated must not be compressed together (BREACH). Form tokens are a new text on each page, so
    they give nothing away. What the page store keeps is packed there, once.
    """
    if "desa.surrogate_keys" in request.environ:
        return response
    may = (
        request.method == "GET"
        and (not request.path.startswith(PERSONAL) or request.path.startswith(_DESK_WITHOUT_CODES))
        and "Set-Cookie" not in response.headers
        and "Content-Encoding" not in response.headers
        and (response.mimetype or "").startswith("text/")
        and not response.is_streamed
        and not response.direct_passthrough
    )
    if not may:
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) >= GZIP_FROM_BYTES and wants_gzip(request.headers.get("Accept-Encoding", "")):
        response.set_data(gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
