"""The desk's pages about people: /kelola/pengguna for admins, /kelola/akun for everybody."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request, url_for

from desa_web.core import settings
from desa_web.core.actor import Actor, Permission, Role
from desa_web.core.clock import as_utc, zone
from desa_web.core.errors import Conflict, DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.features.accounts import delegation, deputies, recovery, service, sessions
from desa_web.features.accounts.service import Person
from desa_web.web import auth, dates, desk
from desa_web.web.forms import Form, once
from desa_web.web.house import site

blueprint = desk.blueprint("accounts_admin", __name__)


@blueprint.get("/pengguna")
def users() -> Response:
    actor = auth.actor()
    return desk.page(
        "accounts/users.html",
        people=service.users(actor),
        role_names=service.role_names(is_hub=settings.is_hub(site())),
        deputies=_deputies(actor),
    )


@blueprint.get("/pengguna/baru")
def new_user() -> Response:
    auth.require(Permission.MANAGE_USERS)
    return _new_user_page(Form({"role": Role.REPORTER}))


@blueprint.post("/pengguna/baru")
def add_user() -> Response:
    """Make a user and show the one-time code; sent twice, it is made once."""
    actor, form = auth.require(Permission.MANAGE_USERS), Form.sent()
    login, name, initials = (form.text(field) for field in ("login", "name", "initials"))
    role = form.choice("role", Role)
    codes: list[str] = []

    def invite() -> str:
        person, code = recovery.invite(actor, login, name, role, initials)
        codes.append(code)
        return person.id

    try:
        form.check()
        user_id = once(actor, form.submission, invite, scope="user")
    except (InvalidInput, Conflict) as error:
        _note(form, error, "login")
        return _new_user_page(form, error.status)
    person = service.user(actor, user_id)
    if not codes:
        sentence = _("{name} sudah ditambahkan. Kode undangan hanya tampil sekali.")
        return desk.done(_address(person), sentence.format(name=person.name))
    return _code_page(person, codes[0], is_invitation=True)


@blueprint.get("/pengguna/<user_id>")
def user(user_id: str) -> Response:
    actor = auth.require(Permission.MANAGE_USERS)
    return _user_page(actor, service.user(actor, user_id))


@blueprint.post("/pengguna/<user_id>")
def change_user(user_id: str) -> Response:
    """Change name, initials and role together."""
    actor, form = auth.require(Permission.MANAGE_USERS), Form.sent()
    person = service.user(actor, user_id)
    name, initials = form.text("name"), form.text("initials")
    role = form.choice("role", Role)
    try:
        form.check()
        service.change(actor, person.id, name=name, initials=initials, role=role)
    except (InvalidInput, Conflict) as error:
        _note(form, error, "role")
        return _user_page(actor, person, form, error.status)
    return desk.done(_address(person), _("Tersimpan."))


@blueprint.post("/pengguna/<user_id>/<action>")
def act_on_user(user_id: str, action: str) -> Response:
    actor = auth.require(Permission.MANAGE_USERS)
    person = service.user(actor, user_id)
    if action in ("reset", "undang"):
        issue = recovery.reset if action == "reset" else recovery.reissue_invite
        code = issue(actor, person.id)
        return _code_page(person, code, is_invitation=action == "undang")
    actions: dict[str, tuple[Callable[[], object], str]] = {
        "nonaktifkan": (lambda: service.disable(actor, person.id), _("{name} dinonaktifkan.")),
        "aktifkan": (lambda: service.enable(actor, person.id), _("{name} aktif lagi.")),
        "keluarkan": (
            lambda: sessions.revoke_all(actor, person.id),
            _("{name} keluar dari semua perangkat."),
        ),
    }
    if action not in actions:
        raise InvalidInput(_("Tindakan itu tidak dikenal."))
    work, sentence = actions[action]
    try:
        work()
    except Conflict as error:
        form = _form_of(person)
        form.problems[""] = error.message
        return _user_page(actor, person, form, error.status)
    return desk.done(_address(person), sentence.format(name=person.name))


@blueprint.get("/akun")
def account() -> Response:
    return _account_page(auth.actor(), Form())


@blueprint.post("/akun/kata-sandi")
def change_password() -> Response:
    actor, form = auth.actor(), Form.sent()
    old, new, again = (
        form.text(name, limit=1000, required=True, strip=False) for name in ("old", "new", "again")
    )
    if new != again:
        form.problems.setdefault("again", _("Kedua isian kata sandi belum sama."))
    try:
        form.check()
        service.change_password(actor, old, new, keep_session=_session_id())
    except InvalidInput as error:
        form.refuse(error)
        return _account_page(actor, form, error.status)
    return desk.done(
        url_for(".account"), _("Kata sandi baru tersimpan. Perangkat lain sudah keluar.")
    )


@blueprint.post("/akun/nama")
def change_name() -> Response:
    actor, form = auth.actor(), Form.sent()
    name, initials = form.text("name"), form.text("initials")
    try:
        form.check()
        service.rename(actor, _own_id(actor), name, initials)
    except InvalidInput as error:
        form.refuse(error)
        return _account_page(actor, form, error.status)
    return desk.done(url_for(".account"), _("Tersimpan."))


@blueprint.post("/akun/kode")
def new_codes() -> Response:
    """Show eight fresh recovery codes once, ready to print."""
    actor = auth.actor()
    codes = recovery.new_recovery_codes(actor, _own_id(actor))
    return desk.page("accounts/recovery_codes.html", codes=codes, person=_own(actor))


@blueprint.post("/akun/perangkat/<session_id>")
def end_session(session_id: str) -> Response:
    actor = auth.actor()
    sessions.revoke(actor, _own_id(actor), session_id)
    return desk.done(url_for(".account"), _("Perangkat itu sudah keluar."))


@blueprint.post("/akun/perangkat")
def end_other_sessions() -> Response:
    actor = auth.actor()
    sessions.revoke_all(actor, _own_id(actor), keep_session=_session_id())
    return desk.done(url_for(".account"), _("Semua perangkat lain sudah keluar."))


def _new_user_page(form: Form, status: int = 200) -> Response:
    return desk.page("accounts/new_user.html", status, form=form, roles=_roles())


def _user_page(
    actor: Actor, person: Person, form: Form | None = None, status: int = 200
) -> Response:
    return desk.page(
        "accounts/user.html",
        status,
        person=person,
        form=form or _form_of(person),
        roles=_roles(),
        lines=_lines(actor, person.id),
        deputies=_deputies(actor, person.id),
    )


def _account_page(actor: Actor, form: Form, status: int = 200) -> Response:
    person = _own(actor)
    return desk.page(
        "accounts/account.html",
        status,
        person=person,
        form=form,
        name_form=form if "name" in form.values else _form_of(person),
        lines=_lines(actor, person.id),
        codes_left=recovery.codes_left(person.id),
        may_appoint=bool(delegation.givers(actor)),
        deputy=actor.deputy,
        deputy_until=dates.full_date(actor.deputy.last_on) if actor.deputy else "",
        session_id=_session_id(),
    )


def _code_page(person: Person, code: str, *, is_invitation: bool) -> Response:
    path = f"/undangan/{code}" if is_invitation else "/pulihkan"
    return desk.page(
        "accounts/code.html",
        person=person,
        code=code,
        address=request.host_url.rstrip("/") + path,
        is_invitation=is_invitation,
        days=recovery.INVITE_DAYS if is_invitation else recovery.RESET_DAYS,
    )


def _lines(actor: Actor, user_id: str) -> list[dict[str, str]]:
    place = zone(settings.read(site())["time_zone"])
    return [
        {
            "id": line.id,
            "device": line.device,
            "seen": as_utc(line.seen_at_ms).astimezone(place).strftime("%d-%m-%Y %H.%M"),
        }
        for line in sessions.sessions_of(actor, user_id)
    ]


def _deputies(actor: Actor, person_id: str = "") -> list[dict[str, str]]:
    """Return who decides in whose name, now or soon; of one person, or all."""
    return [
        {
            "deputy": one.deputy.name,
            "giver": one.giver.name,
            "span": deputies.span(one.first_on, one.last_on),
        }
        for one in delegation.delegations(actor)
        if one.stage is not delegation.Stage.OVER and person_id in ("", one.deputy.id, one.giver.id)
    ]


def _form_of(person: Person) -> Form:
    return Form({"name": person.name, "initials": person.initials, "role": person.role})


def _note(form: Form, error: DesaError, field: str) -> None:
    if isinstance(error, InvalidInput):
        form.refuse(error)
    else:
        form.problems[field] = error.message


def _roles() -> list[tuple[str, str]]:
    """Return the roles of this kind of site; an officer belongs to a media centre."""
    is_hub = settings.is_hub(site())
    names = service.role_names(is_hub=is_hub)
    return [(r.value, name) for r, name in names.items() if is_hub or r is not Role.OFFICER]


def _address(person: Person) -> str:
    return url_for(".user", user_id=person.id)


def _own(actor: Actor) -> Person:
    return service.user(actor, _own_id(actor))


def _own_id(actor: Actor) -> str:
    assert actor.user_id is not None  # noqa: S101 - sessions belong to users
    return actor.user_id


def _session_id() -> str:
    found = auth.session()
    return found.id if found is not None else ""
