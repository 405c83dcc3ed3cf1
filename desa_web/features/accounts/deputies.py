"""The desk's page of deputies ("Plh"): /kelola/plh, plain forms for a phone."""

from __future__ import annotations

from datetime import date

from flask import Response, url_for

from desa_web.core.actor import Actor
from desa_web.core.errors import Conflict, InvalidInput
from desa_web.core.i18n import _
from desa_web.features.accounts import delegation, lent
from desa_web.features.accounts.service import Person
from desa_web.web import auth, dates, desk
from desa_web.web.forms import Form, once
from desa_web.web.house import site

blueprint = desk.blueprint("deputies", __name__)


@blueprint.get("/plh")
def index() -> Response:
    """Who decides in whose name, now, later and before."""
    actor = auth.actor()
    day = lent.today(site()).isoformat()
    return _page(actor, Form({"giver": actor.user_id or "", "first_on": day, "last_on": day}))


@blueprint.post("/plh")
def appoint() -> Response:
    actor, form = auth.actor(), Form.sent()
    giver, deputy = (form.text(name, limit=80, required=True) for name in ("giver", "deputy"))
    first_on, last_on = (_day(form, name) for name in ("first_on", "last_on"))

    def work() -> str:
        return delegation.appoint(actor, giver, deputy, first_on, last_on).deputy.name

    try:
        form.check()
        name = once(actor, form.submission, work, scope="plh")
    except InvalidInput as error:
        form.refuse(error)
        return _page(actor, form, error.status)
    except Conflict as error:
        form.problems["first_on"] = error.message
        return _page(actor, form, error.status)
    said = _("{name} menjadi Plh. Beri tahu orangnya: tombol Setujui muncul sendiri.")
    return desk.done(url_for(".index"), said.format(name=name))


@blueprint.post("/plh/<delegation_id>/akhiri")
def end(delegation_id: str) -> Response:
    ended = delegation.end(auth.actor(), delegation_id)
    said = _("{name} bukan Plh lagi.").format(name=ended.deputy.name)
    return desk.done(url_for(".index"), said)


def span(first_on: date, last_on: date) -> str:
    """Return "1 Desember 2026" or "1 Desember 2026 sampai 7 Desember 2026"."""
    if first_on == last_on:
        return dates.full_date(first_on)
    return _("{a} sampai {b}").format(a=dates.full_date(first_on), b=dates.full_date(last_on))


def _page(actor: Actor, form: Form, status: int = 200) -> Response:
    givers = delegation.givers(actor)
    return desk.page(
        "accounts/deputies.html",
        status,
        form=form,
        givers=[(person.id, person.name) for person in givers],
        candidates=_choices(delegation.candidates()),
        found=delegation.delegations(actor),
        span=span,
        may_end={person.id for person in givers},
    )


def _choices(people: list[Person]) -> list[tuple[str, str]]:
    return [("", _("Pilih orangnya")), *((person.id, person.name) for person in people)]


def _day(form: Form, name: str) -> date:
    text = form.text(name, limit=10, required=True)
    try:
        return date.fromisoformat(text)
    except ValueError:
        form.problems.setdefault(name, _("Tanggal ditulis seperti 2026-12-01."))
        return date.min
