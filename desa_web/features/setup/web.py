"""The wizard's pages: plain forms, one step an address, every answer kept on the server.

While the site waits for its first person, `/`, `/masuk` and `/kelola` lead here; afterwards these
addresses are closed.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core import settings
from desa_web.core.errors import DesaError, InvalidInput, TooMany
from desa_web.core.i18n import _
from desa_web.features.accounts.web import give_cookies
from desa_web.features.setup import answers as kept
from desa_web.features.setup import guard, palettes, places, service, steps
from desa_web.features.setup.answers import STEPS, Answers
from desa_web.web import auth, csrf, desk
from desa_web.web.accents import SHIPPED_ACCENTS, Accents
from desa_web.web.forms import Form
from desa_web.web.house import site

blueprint = Blueprint("setup", __name__, template_folder="templates")

TICKET_COOKIE = "desa_mulai"
# Long enough to go on tomorrow, when the head of the village knows the office hours.
_TICKET_S = 7 * 86_400
_ALWAYS_OPEN = ("setup.ready", "setup.colours")


@blueprint.context_processor
def words() -> dict[str, object]:
    """A media centre is asked, and told, in its own words."""
    return {"is_hub": settings.is_hub(site())}


@blueprint.before_app_request
def lead_in() -> AnyResponse | None:
    """Lead every door of a site without people to the wizard."""
    path = request.path
    is_door = path in ("/", "/masuk", "/kelola") or path.startswith("/kelola/")
    if not is_door or not guard.is_open(site()):
        return None
    response = redirect("/mulai", 303)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.before_request
def only_while_open() -> AnyResponse | None:
    if request.endpoint in _ALWAYS_OPEN or guard.is_open(site()):
        return None
    if auth.session() is not None:
        return redirect(url_for(".ready"), 303)
    if request.endpoint == "setup.finish" and _ticket():
        return None  # a second tap of the browser that has just finished
    return _closed()


@blueprint.get("/mulai")
def start() -> AnyResponse:
    found = _answers()
    if found is not None:
        return redirect(_address_of(found), 303)
    return desk.page("setup/code.html", form=Form())


@blueprint.post("/mulai")
def enter_code() -> AnyResponse:
    form = Form.sent()
    code = form.text("code", limit=40, required=True)
    try:
        form.check()
        ticket = guard.admit(site(), code)
    except guard.AlreadySetUp:
        return _closed()
    except DesaError as error:
        return _refused_code(form, error)
    found = kept.find(site(), ticket)
    response = make_response(redirect(_address_of(found) if found else "/mulai", 303))
    auth.set_cookie(response, TICKET_COOKIE, ticket, _TICKET_S)
    return response


@blueprint.get("/mulai/<any(desa, kontak, tampilan, akun):step>")
def step_form(step: str) -> AnyResponse:
    found = _answers()
    if found is None or not found.may_open(step):
        return redirect(_address_of(found), 303)
    return _page(step, Form({**_first_values(step, found), **found.of(step)}), found)


@blueprint.post("/mulai/<any(desa, kontak, tampilan, akun):step>")
def answer_step(step: str) -> AnyResponse:
    found = _answers()
    if found is None or not found.may_open(step):
        return redirect(_address_of(found), 303)
    form = Form.sent()
    try:
        values = steps.check(step, form, found, is_hub=settings.is_hub(site()))
        kept.keep(site(), found.ticket, step, values)
    except InvalidInput as error:
        form.refuse(error)
        return _page(step, form, found, error.status)
    except guard.AlreadySetUp:
        return _closed()
    if form.values.get("aksi") == "lihat":
        return redirect(url_for(".step_form", step=step, _anchor="contoh"), 303)
    following = STEPS.index(step) + 1
    if following == len(STEPS):
        return redirect(url_for(".codes"), 303)
    return redirect(url_for(".step_form", step=STEPS[following]), 303)


@blueprint.get("/mulai/cetak")
def codes() -> AnyResponse:
    """Show the recovery codes: the same ones however often the page is loaded or printed."""
    found = _answers()
    if found is None or found.next_step:
        return redirect(_address_of(found), 303)
    return _codes_page(found)


@blueprint.post("/mulai/cetak")
def finish() -> AnyResponse:
    found = _answers()
    if guard.is_open(site()) and (found is None or found.next_step):
        return redirect(_address_of(found), 303)
    try:
        ended = service.finish(site(), _ticket(), request.headers.get("User-Agent", "")[:500])
    except guard.AlreadySetUp:
        return _closed()
    response = desk.done(url_for(".ready"))
    give_cookies(response, ended.signed_in)
    auth.drop_cookie(response, TICKET_COOKIE)
    auth.drop_cookie(response, csrf.PRE_SESSION_COOKIE)
    return response


@blueprint.get("/mulai/siap")
def ready() -> AnyResponse:
    """Say what is there now, to the person who has just been signed in."""
    if auth.session() is None:
        return redirect("/mulai" if guard.is_open(site()) else "/masuk", 303)
    band = settings.read(site())["band"]
    return desk.page("setup/ready.html", name=desk.village_name(), band=band)


@blueprint.get("/mulai/warna.css")
def colours() -> Response:
    """The wizard in the colours that were chosen so far."""
    found = _answers() if guard.is_open(site()) else None
    chosen = palettes.accents_of(found.of("tampilan")) if found else _village_accents()
    return Response(palettes.swatches(chosen), mimetype="text/css")


def _village_accents() -> Accents:
    values = settings.read(site())
    return Accents(
        green=values["accent_green"] or SHIPPED_ACCENTS.green,
        brick=values["accent_red"] or SHIPPED_ACCENTS.brick,
        gold=values["accent_gold"] or SHIPPED_ACCENTS.gold,
    )


def _ticket() -> str:
    return auth.cookie(TICKET_COOKIE)


def _answers() -> Answers | None:
    return kept.find(site(), _ticket())


def _address_of(found: Answers | None) -> str:
    if found is None:
        return url_for(".start")
    if found.next_step:
        return url_for(".step_form", step=found.next_step)
    return url_for(".codes")


def _page(step: str, form: Form, found: Answers, status: int = 200) -> Response:
    return desk.page(
        f"setup/{step}.html",
        status,
        form=form,
        answers=found,
        here=step,
        term_choices=[*((term, term) for term in places.TERMS), (steps.OTHER, _("Lainnya …"))],
        province_choices=[
            ("", _("Menurut kode wilayah")),
            *((p.name, p.name) for p in places.PROVINCES),
        ],
        zone_choices=[("", _("Menurut provinsi")), *_zones()],
        palettes=palettes.PALETTES,
        setting=settings.setting,
        name=steps.full_name(found),
    )


def _codes_page(found: Answers) -> Response:
    return desk.page(
        "setup/cetak.html",
        form=Form(),
        answers=found,
        here="cetak",
        codes=service.recovery_codes(found),
        name=steps.full_name(found),
        address=steps.settings_of(found)["public_address"].rstrip("/")
        or request.host_url.rstrip("/"),
        login=found.of("akun")["login"],
        person=found.of("akun")["name"],
    )


def _zones() -> list[tuple[str, str]]:
    return [
        ("WIB", _("WIB: Sumatera, Jawa, Kalimantan Barat dan Tengah")),
        ("WITA", _("WITA: Bali, Nusa Tenggara, Sulawesi, Kalimantan lainnya")),
        ("WIT", _("WIT: Maluku, Papua")),
    ]


def _first_values(step: str, found: Answers) -> Mapping[str, str]:
    """Return what a step shows before it is answered: the defaults, or what init was given."""
    values = settings.read(site())
    if step == "tampilan":
        return {
            "palette": palettes.PALETTES[0].key,
            "accent_green": SHIPPED_ACCENTS.green,
            "accent_red": SHIPPED_ACCENTS.brick,
            "accent_gold": SHIPPED_ACCENTS.gold,
            "band": values["band"],
            "approval": values["approval"],
        }
    if step == "akun":
        return {}
    shown = {
        name: "\n".join(values[name]) if isinstance(values[name], list) else str(values[name])
        for name in steps.FIELDS[step]
        if name in values
    }
    if step == "desa":
        # Defaults of a site that nobody has described yet are not the village's own words.
        if shown["village_name"] == settings.setting("village_name").default:
            shown["village_name"] = ""
        shown["head_term"] = shown["time_zone"] = ""
    return shown


def _refused_code(form: Form, error: DesaError) -> Response:
    form.problems.setdefault("code", error.message)
    response = desk.page("setup/code.html", error.status, form=form)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _closed() -> Response:
    """Tell the browser that came second; a stranger learns only that nothing is here."""
    status = 409 if _ticket() else 404
    response = desk.page("setup/closed.html", status, is_late=status == 409)
    auth.drop_cookie(response, TICKET_COOKIE)
    return response
