"""The desk's settings, one page a group; labels, hints and defaults come from core/settings.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from flask import Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core import settings
from desa_web.core.actor import Permission
from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.settings import GROUPS, Setting
from desa_web.core.site import Site
from desa_web.web import auth, desk, theme_layers
from desa_web.web.accents import SHIPPED_ACCENTS, Accents, check_accents
from desa_web.web.forms import Form
from desa_web.web.house import site as here

blueprint = desk.blueprint("village", __name__)

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_ACCENTS = {"accent_green": "green", "accent_red": "brick", "accent_gold": "gold"}
_SPOKEN = {"hijau": "accent_green", "bata": "accent_red", "emas": "accent_gold"}


@dataclass(frozen=True, slots=True)
class Field:
    """One setting as a field; `default` is what holds when it is left as it came."""

    setting: Setting
    kind: str
    hint: str


@blueprint.get("/pengaturan")
def index() -> AnyResponse:
    auth.require(Permission.MANAGE_SITE)
    return redirect(url_for(".group", name=GROUPS[0][0]), 303)


@blueprint.get("/pengaturan/<name>")
def group(name: str) -> Response:
    actor = auth.require(Permission.MANAGE_SITE)
    values = settings.read(actor.site)
    return _page(name, Form({s.name: _shown(values[s.name]) for s in _of(name, actor.site)}))


@blueprint.post("/pengaturan/<name>")
def change(name: str) -> Response:
    actor, form = auth.require(Permission.MANAGE_SITE), Form.sent()
    values: dict[str, object] = {}
    for setting in _of(name, actor.site):
        if isinstance(setting.default, bool):
            values[setting.name] = form.flag(setting.name)
        elif setting.name in form.values:
            values[setting.name] = form.text(setting.name, limit=setting.limit + 200)
    if name == "look":
        _check_colours(form, values)
        _check_theme(form, values, actor.site.path / "themes")
    try:
        form.check()
        settings.change(actor, values)
    except InvalidInput as error:
        form.refuse(error)
        return _page(name, form, error.status)
    return desk.done(url_for(".group", name=name), _("Tersimpan."))


def _page(name: str, form: Form, status: int = 200) -> Response:
    fields = [_field(setting) for setting in _of(name, here())]
    return desk.page(
        "village/settings.html",
        status,
        groups=settings.groups(is_hub=settings.is_hub(here())),
        name=name,
        fields=fields,
        form=form,
        swatches=_swatches(form) if name == "look" else {},
    )


def _of(name: str, site: Site) -> list[Setting]:
    found = settings.of_group(name, is_hub=settings.is_hub(site))
    if not found:
        raise NotFound(_("Kelompok pengaturan ini tidak ada."))
    return found


def _field(setting: Setting) -> Field:
    if isinstance(setting.default, bool):
        kind = "tick"
    elif setting.choices:
        kind = "choice"
    else:
        kind = "area" if setting.multiline else "text"
    parts = (_(setting.help) if setting.help else "", _default(setting))
    return Field(setting, kind, " ".join(part for part in parts if part))


def _default(setting: Setting) -> str:
    """Return "Bawaan: …" for what a village need not choose itself."""
    if setting.name in _ACCENTS:
        return _("Bawaan: {value}.").format(value=getattr(SHIPPED_ACCENTS, _ACCENTS[setting.name]))
    if isinstance(setting.default, bool):
        return _("Bawaan: {value}.").format(value=_("ya") if setting.default else _("tidak"))
    if isinstance(setting.default, list):
        lines = "; ".join(setting.default)
        return _("Bawaan: {value}.").format(value=lines) if lines else ""
    words = dict(setting.choices).get(setting.default, setting.default)
    return _("Bawaan: {value}.").format(value=_(words)) if words else ""


def _check_colours(form: Form, values: dict[str, object]) -> None:
    """Refuse colours that nobody could read, each beside its own field."""
    chosen = {
        part: text.lower()
        for name, part in _ACCENTS.items()
        if (text := str(values.get(name, "")).strip())
    }
    values.update({name: chosen.get(part, "") for name, part in _ACCENTS.items() if name in values})
    for problem in check_accents(Accents(**chosen)):
        form.problems.setdefault(_SPOKEN.get(problem.colour, ""), problem.sentence)


def _check_theme(form: Form, values: dict[str, object], site_themes: Path) -> None:
    """Refuse a theme that is not there: readers would get the shipped one instead."""
    if "theme" in values:
        try:
            theme_layers.chain(str(values["theme"]), site_themes)
        except (InvalidInput, OSError) as error:
            form.problems["theme"] = str(error)


def _swatches(form: Form) -> dict[str, str]:
    """Return the colours to show beside their fields: the chosen ones, or the shipped."""
    found = {}
    for name, part in _ACCENTS.items():
        typed = form.values.get(name, "").strip()
        shipped = str(getattr(SHIPPED_ACCENTS, part))
        found[name] = typed if _COLOUR.fullmatch(typed) else shipped
    return found


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
