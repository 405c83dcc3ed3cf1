"""The page that a QR code leads to: what to do with the code at the village's own site.

Anybody may open it. It says nothing about whether a code is right.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from desa_web.core import settings
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.features.hub.pairing import CODE_DIGITS
from desa_web.web import desk
from desa_web.web.house import site

blueprint = Blueprint("hub_pairing_web", __name__, template_folder="templates")


@blueprint.get("/pasangkan/<code>")
def card(code: str) -> Response:
    if len(code) != CODE_DIGITS or not code.isascii() or not code.isdigit():
        raise NotFound(_("Kode undangan terdiri dari delapan angka. Periksa tautannya."))
    here = site()
    address = here.config.text("base_url") or settings.read(here)["public_address"]
    host = str(address or request.host_url).rstrip("/").partition("://")[2]
    response = desk.page("hub/pairing_card.html", host=host, code=f"{code[:4]} {code[4:]}")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
