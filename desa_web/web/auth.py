"""Who asks: the session cookie, the actor of this request, the cookies' attributes.

A session's rules (lifetime, revocation) belong to the accounts feature; here is only the cookie.
"""

from __future__ import annotations

from flask import Response, g, request

from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import NotSignedIn
from desa_web.core.i18n import _
from desa_web.web.house import Session, house, site

SESSION_COOKIE = "desa_sesi"
DEVICE_COOKIE = "desa_alat"
# The names a page store must know: with one of them an answer is personal.
PRIVATE_COOKIES = (SESSION_COOKIE, f"__Host-{SESSION_COOKIE}")
_DEVICE_LIFETIME_S = 730 * 86_400


def actor() -> Actor:
    """Return who acts in this request. Raises NotSignedIn."""
    found = session()
    if found is None:
        raise NotSignedIn(_("Masuk dulu untuk melanjutkan."))
    return found.actor(site(), "api" if request.path.startswith("/api/") else "form")


def require(permission: Permission) -> Actor:
    """Return who acts, if they may. Raises NotSignedIn, Forbidden."""
    found = actor()
    found.require(permission)
    return found


def session() -> Session | None:
    """Return the session of this request, None for a reader; asked once a request."""
    if not hasattr(g, "desa_session"):
        token = session_token()
        g.desa_session = house().find_session(site(), token) if token else None
    found: Session | None = g.desa_session
    return found


def session_token() -> str:
    return cookie(SESSION_COOKIE)


def cookie(name: str) -> str:
    """Return one of our cookies; behind TLS it carries the prefix __Host-."""
    return request.cookies.get(_full_name(name), "")


def set_cookie(response: Response, name: str, value: str, max_age_s: int | None) -> None:
    """Set one of our cookies: unreadable for scripts, never sent from other sites' forms."""
    response.set_cookie(
        _full_name(name),
        value,
        max_age=max_age_s,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(response: Response, name: str) -> None:
    response.delete_cookie(
        _full_name(name), path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )


def remember(response: Response, token: str, device_token: str, lifetime_s: int) -> None:
    """Give the browser the cookies of a person who has just signed in."""
    set_cookie(response, SESSION_COOKIE, token, lifetime_s)
    set_cookie(response, DEVICE_COOKIE, device_token, _DEVICE_LIFETIME_S)


def renew_cookie(response: Response) -> Response:
    """Let the cookie live as long as the session that was renewed in this request."""
    found: Session | None = getattr(g, "desa_session", None)
    if found is None:
        return response
    is_set = any(SESSION_COOKIE in line for line in response.headers.getlist("Set-Cookie"))
    if found.is_touched and not is_set:
        set_cookie(response, SESSION_COOKIE, session_token(), found.lifetime_s)
    return response


def _full_name(name: str) -> str:
    # The prefix makes browsers refuse the cookie from a subdomain or over plain http.
    return f"__Host-{name}" if request.is_secure else name
