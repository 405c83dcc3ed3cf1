"""The door: signing in and out, recovery by a code, invitations. Plain forms, no JavaScript."""

from __future__ import annotations

from flask import Blueprint, Response, request

from desa_web.core.errors import DesaError, InvalidInput, NotSignedIn, TooMany
from desa_web.core.i18n import _
from desa_web.features.accounts import recovery, sessions
from desa_web.features.accounts.sessions import SignedIn
from desa_web.web import auth, csrf, desk
from desa_web.web.forms import Form
from desa_web.web.house import house, site
from desa_web.web.ratelimit import address_key

blueprint = Blueprint("accounts", __name__, template_folder="templates")

HOME = "/kelola/"
_PASSWORD_MAX = 1000
_CARRIED = "isi:"


@blueprint.get("/masuk")
def sign_in_form() -> Response:
    target = desk.local_address(request.args.get("lanjut", ""), HOME)
    if auth.session() is not None:
        return desk.done(target)
    return desk.page("accounts/sign_in.html", form=Form({"lanjut": target}))


@blueprint.post("/masuk")
def sign_in() -> Response:
    form = Form.sent()
    login = form.text("login", limit=80, required=True)
    password = form.text("password", limit=_PASSWORD_MAX, required=True, strip=False)
    target = desk.local_address(form.text("lanjut", limit=500), HOME)
    kept = _carried(form)
    try:
        form.check()
        signed_in = checked_sign_in(login, password)
    except InvalidInput:
        return _door(form, kept, target, 422)
    except (NotSignedIn, TooMany) as error:
        form.problems["password"] = error.message
        response = _door(form, kept, target, error.status)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after_s)
        return response
    if kept:
        return _send_on(signed_in, target, kept)
    return _welcome(signed_in, target)


@blueprint.post("/keluar")
def sign_out() -> Response:
    """End the session; the device stays known, so that nobody can lock it out."""
    sessions.sign_out(site(), auth.session_token())
    response = desk.done("/masuk", _("Anda sudah keluar."))
    auth.drop_cookie(response, auth.SESSION_COOKIE)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.get("/pulihkan")
def recover_form() -> Response:
    return desk.page("accounts/recover.html", form=Form())


@blueprint.post("/pulihkan")
def recover() -> Response:
    form = Form.sent()
    login = form.text("login", limit=80, required=True)
    code = form.text("code", limit=60, required=True)
    try:
        password = _chosen_password(form)
        _slow_down_codes()
        person = recovery.recover(site(), login, code, password)
    except DesaError as error:
        return _refused("accounts/recover.html", form, error)
    signed_in = sessions.start(site(), person, description=_browser())
    return _welcome(signed_in, HOME, _("Kata sandi baru tersimpan. Semua perangkat lain keluar."))


@blueprint.get("/undangan/<code>")
def invitation_form(code: str) -> Response:
    _slow_down_codes()
    person = recovery.invited(site(), code)
    return desk.page("accounts/invitation.html", form=Form(), person=person)


@blueprint.post("/undangan/<code>")
def accept_invitation(code: str) -> Response:
    form = Form.sent()
    _slow_down_codes()
    person = recovery.invited(site(), code)
    try:
        password = _chosen_password(form)
        person = recovery.accept(site(), code, password)
    except DesaError as error:
        return _refused("accounts/invitation.html", form, error, person=person)
    signed_in = sessions.start(site(), person, auth.cookie(auth.DEVICE_COOKIE), _browser())
    return _welcome(signed_in, HOME, _("Selamat datang, {name}.").format(name=person.name))


def checked_sign_in(login: str, password: str) -> SignedIn:
    """Sign in with this request's device cookie; floods from strange devices are slowed down."""
    device_token = auth.cookie(auth.DEVICE_COOKIE)[:100]
    if not sessions.is_known_device(login, device_token):
        # Fifty people behind one address do not notice; a flood of hashes does not run.
        limit = house().limit("masuk", burst=30, every_s=2.0)
        limit.take(address_key(request.remote_addr), site().clock)
    return sessions.sign_in(
        site(), login, password, device_token=device_token, description=_browser()
    )


def give_cookies(response: Response, signed_in: SignedIn) -> None:
    """Give the browser its session; whoever was signed in on it before is so no longer."""
    if auth.session_token():
        sessions.sign_out(site(), auth.session_token())
    auth.remember(response, signed_in.token, signed_in.device_token, signed_in.lifetime_s)


def _carried(form: Form) -> list[tuple[str, str]]:
    """Return the fields of a form that was sent after its session had ended."""
    pairs = request.form.items(multi=True) if form.flag("bawa") else ()
    return [(name[len(_CARRIED) :], value) for name, value in pairs if name.startswith(_CARRIED)]


def _door(form: Form, kept: list[tuple[str, str]], target: str, status: int) -> Response:
    if not kept:
        return desk.page("accounts/sign_in.html", status, form=form)
    return desk.page("desk/again.html", status, form=form, kept=kept, target=target)


def _send_on(signed_in: SignedIn, target: str, kept: list[tuple[str, str]]) -> Response:
    """Sign in and show what was typed, ready to be sent by one tap."""
    is_ours = target.startswith(HOME)
    response = desk.page(
        "desk/resend.html",
        name=signed_in.person.name,
        target=target if is_ours else HOME,
        kept=kept,
        token=csrf.token(signed_in.token),
    )
    give_cookies(response, signed_in)
    auth.drop_cookie(response, csrf.PRE_SESSION_COOKIE)
    return response


def _slow_down_codes() -> None:
    limit = house().limit("kode", burst=15, every_s=10.0)
    limit.take(address_key(request.remote_addr), site().clock)


def _chosen_password(form: Form) -> str:
    password = form.text("password", limit=_PASSWORD_MAX, required=True, strip=False)
    if password != form.text("again", limit=_PASSWORD_MAX, strip=False):
        form.problems["again"] = _("Kedua isian kata sandi belum sama.")
    form.check()
    return password


def _refused(template: str, form: Form, error: DesaError, **context: object) -> Response:
    if isinstance(error, InvalidInput):
        form.refuse(error)
    else:
        form.problems[""] = error.message
    return desk.page(template, error.status, form=form, **context)


def _welcome(signed_in: SignedIn, target: str, sentence: str = "") -> Response:
    response = desk.done(target, sentence)
    give_cookies(response, signed_in)
    auth.drop_cookie(response, "desa_pra")
    return response


def _browser() -> str:
    return request.headers.get("User-Agent", "")[:500]
