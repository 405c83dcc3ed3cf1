"""/api/v1/session: who am I, sign in, sign out. JSON, with the same cookies as the forms."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response

from desa_web.core.actor import Actor
from desa_web.core.errors import InvalidInput, NotSignedIn
from desa_web.core.i18n import _
from desa_web.features.accounts import service, sessions
from desa_web.features.accounts.service import Person
from desa_web.features.accounts.web import checked_sign_in, give_cookies
from desa_web.web import auth
from desa_web.web.forms import json_body
from desa_web.web.house import site

blueprint = Blueprint("accounts_api", __name__, url_prefix="/api/v1/session")


@blueprint.get("")
def who_am_i() -> Response:
    """Answer 401 without a session, so that a reporter's app knows it must sign in again."""
    actor = auth.actor()
    if actor.user_id is None:
        raise NotSignedIn(_("Masuk dulu untuk melanjutkan."))
    return jsonify(user=_shown(actor, service.user(actor, actor.user_id)))


@blueprint.post("")
def sign_in() -> Response:
    """Take {"login", "password"}; set the cookies and answer the user."""
    body = json_body(limit_bytes=10_000)
    login, password = body.get("login"), body.get("password")
    if not isinstance(login, str) or not isinstance(password, str):
        raise InvalidInput(_("Kirim login dan password sebagai teks."))
    signed_in = checked_sign_in(login[:80], password)
    actor = service.actor_of(site(), signed_in.person.id, "api")
    response = make_response(jsonify(user=_shown(actor, signed_in.person)))
    give_cookies(response, signed_in)
    return response


@blueprint.delete("")
def sign_out() -> Response:
    sessions.sign_out(site(), auth.session_token())
    response = make_response("", 204)
    auth.drop_cookie(response, auth.SESSION_COOKIE)
    return response


def _shown(actor: Actor, person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "initials": person.initials,
        "role": person.role.value,
        "permissions": sorted(permission.value for permission in actor.permissions),
        "in_name_of": actor.deputy.giver_name if actor.deputy else None,
    }
