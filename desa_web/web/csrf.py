"""Requests that change something must come from our own pages.

Browsers on https and localhost say so in Sec-Fetch-Site, others in Origin; a form carries a token
besides, bound to the session cookie, or to a cookie of its own before signing in. The JSON API has
no token: it needs the same origin, or a content type that no foreign form can send.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Response, current_app, g, request

from desa_web.core.errors import Forbidden, NotSignedIn
from desa_web.core.i18n import _
from desa_web.web import auth
from desa_web.web.house import site

FIELD = "_token"
PRE_SESSION_COOKIE = "desa_pra"
SIGN_OUT = "/keluar"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What a form of any site can send without asking (Fetch standard, "CORS-safelisted").
_FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_View = TypeVar("_View", bound=Callable[..., Any])


class ForeignRequest(Forbidden):
    """The request comes from another site's page."""

    code = "asal-asing"


class StaleForm(Forbidden):
    """The form is ours but its token is not of this session: it may be sent again."""

    code = "formulir-lama"


def token(session_token: str = "") -> str:
    """Return a token for a form on this page, a new text each time: compression tells nothing.

    `session_token`: of a session that begins with this very answer.
    """
    salt = secrets.token_urlsafe(9)
    return f"{salt}.{_mac(salt, session_token or _secret())}"


def protect() -> None:
    """Refuse what comes from elsewhere; registered before every request."""
    if request.method in _SAFE or _is_cookieless():
        return
    proven = _is_same_origin()
    if request.path.startswith("/api/"):
        if not proven and (request.mimetype in _FORM_TYPES and "X-Desa" not in request.headers):
            raise _foreign()
        return
    if not _fits(request.form.get(FIELD, "")):
        if not proven:
            raise _foreign()
        if request.path == SIGN_OUT:
            return
        if request.path.startswith("/kelola") and auth.session() is None:
            # Before anything else: one page to sign in, and what was typed goes on from there.
            raise NotSignedIn(_("Anda perlu masuk lagi. Tulisan Anda utuh dan ikut dikirim."))
        raise StaleForm(
            _("Formulir ini sudah terlalu lama terbuka. Isian Anda masih ada; kirim sekali lagi.")
        )


def cookieless(view: _View) -> _View:
    """Mark a view that never looks at cookies (pairing, webhooks): nothing to protect there."""
    view.is_cookieless = True  # type: ignore[attr-defined]
    return view


def keep_cookie(response: Response) -> Response:
    """Set the cookie to which a form before signing in is bound, if one was made."""
    fresh = getattr(g, "desa_pre_session", None)
    if fresh is not None:
        auth.set_cookie(response, PRE_SESSION_COOKIE, fresh, None)
    return response


def _is_cookieless() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "is_cookieless", False))


def _is_same_origin() -> bool:
    """True when the browser proves it, False when it says nothing. Raises ForeignRequest."""
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        # "none": the person themselves, by reloading or from a bookmark.
        if fetch_site not in ("same-origin", "none"):
            raise _foreign()
        return fetch_site == "same-origin"
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    if origin not in _own_origins():
        raise _foreign()
    return True


def _own_origins() -> set[str]:
    origins = {request.host_url.rstrip("/")}
    base = urlsplit(site().config.text("base_url"))
    if base.scheme and base.netloc:
        origins.add(f"{base.scheme}://{base.netloc}")
    return origins


def _secret() -> str:
    """Return the secret cookie value that this browser's tokens are bound to."""
    if auth.session() is not None:
        return auth.session_token()
    value: str = getattr(g, "desa_pre_session", None) or auth.cookie(PRE_SESSION_COOKIE)
    if len(value) < 32:
        value = g.desa_pre_session = secrets.token_urlsafe(32)
    return value


def _fits(sent: str) -> bool:
    salt, dot, mac = sent.partition(".")
    bound_to = auth.session_token() if auth.session() else auth.cookie(PRE_SESSION_COOKIE)
    if not dot or not bound_to:
        return False
    return hmac.compare_digest(mac.encode(), _mac(salt, bound_to).encode())


def _mac(salt: str, key: str) -> str:
    return hmac.new(key.encode(), f"form {salt}".encode(), sha256).hexdigest()


def _foreign() -> ForeignRequest:
    return ForeignRequest(
        _("Permintaan ini datang dari halaman lain, jadi ditolak. Buka halamannya, lalu ulangi.")
    )
