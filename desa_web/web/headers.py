"""Headers of every answer: one constant policy, so that a web server in front can send it, too."""

from __future__ import annotations

from flask import Response, request

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
_YEAR_S = 31_536_000
PERSONAL = ("/kelola", "/masuk", "/keluar", "/pulihkan", "/undangan", "/api/")


def secure(response: Response) -> Response:
    """Add what is missing; a view that set one of these knows why."""
    for name, value in CONSTANT.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/media/"):
        # Newsrooms and feed readers show our pictures on their pages.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_S}")
    if request.path.startswith(PERSONAL):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
