"""Readers who come by an address of the old site are led on with 301.

Only where this program has no answer of its own (404), and at "/" when a parameter names a text
("/?p=12" of WordPress). One statement, two more below the folders of uploads; the page store keeps
the answer. A picture or document that is gone answers 410.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, request

from desa_web.core.errors import Gone
from desa_web.features.imports import aliases, old_files
from desa_web.web import errors
from desa_web.web.headers import PERSONAL
from desa_web.web.public import public_site

blueprint = Blueprint("imports", __name__)


@blueprint.before_app_request
def old_home() -> Response | None:
    is_home = request.path == "/" and request.query_string
    if not is_home or not aliases.names_a_text(request.query_string.decode("latin-1")):
        return None
    return _moved()


@blueprint.after_app_request
def no_such_page(response: Response) -> Response:
    if response.status_code != 404 or request.path.startswith(PERSONAL):
        return response
    return _moved() or response


def _moved() -> Response | None:
    if request.method not in ("GET", "HEAD"):
        return None
    query = request.query_string.decode("utf-8", "replace")
    target = aliases.find(request.path, query)
    if target is None:
        try:
            target = old_files.find(request.path)
        except Gone as error:
            return errors.answer(error)
    if target is None or target.path == request.path:
        return None
    keys = {target.key} if target.key else set()
    return make_response(public_site().moved(target.path, keys))
