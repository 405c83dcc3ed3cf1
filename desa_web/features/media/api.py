"""/api/v1/media: the library for the editor and the reporter's app; JSON in, JSON out."""

from __future__ import annotations

from html import escape
from typing import Any

from flask import Blueprint, Response, jsonify, request

from desa_web.core import html
from desa_web.core.errors import InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.media import library, service
from desa_web.features.media.documents import Document
from desa_web.features.media.photo import LIMITS, Children, Photo, focus_point
from desa_web.features.media.pictures import picture
from desa_web.features.media.renditions import renditions
from desa_web.web import auth, forms
from desa_web.web.house import site

blueprint = Blueprint("media_api", __name__, url_prefix="/api/v1/media")


@blueprint.get("")
def photos() -> Response:
    """List photos, newest first: ?query=, ?mine=1, ?after=<next>."""
    actor = auth.actor()
    mine = request.args.get("mine") == "1"
    wanted = library.Filter(
        query=request.args.get("query", "")[:100],
        uploader_id=(actor.user_id or "") if mine else "",
    )
    page = library.photos(site(), wanted, after=request.args.get("after", "")[:80], limit=24)
    found = [as_json(site(), photo) for photo in page.photos]
    return jsonify(photos=found, next=page.next_key or None)


@blueprint.get("/<photo_id>")
def photo(photo_id: str) -> Response:
    auth.actor()
    found = service.get(photo_id)
    if found is None:
        raise NotFound(_("Foto ini tidak ada, atau sudah dibuang."))
    return _one(found)


@blueprint.patch("/<photo_id>")
def describe(photo_id: str) -> Response:
    """Change words, focus and consent; If-Match with the ETag guards against losing others'."""
    actor = auth.actor()
    values = forms.json_body(limit_bytes=20_000)
    words = {name: values[name] for name in LIMITS if name in values and name != "name"}
    if not all(isinstance(value, str) for value in words.values()):
        raise InvalidInput(_("Keterangan foto harus berupa teks."))
    tag = request.headers.get("If-Match", "").strip('"')
    after = service.describe(
        actor,
        photo_id,
        **words,
        children=_children(values.get("children")),
        focus=focus_point(str(values["focus"])) if "focus" in values else None,
        version=int(tag) if tag.isdigit() and len(tag) < 18 else None,
    )
    return _one(after)


def as_json(site: Site, photo: Photo) -> dict[str, Any]:
    """Return what the editor and the app show of a photo; `markdown` is its line for a text."""
    shown = picture(site, photo)
    state = renditions(site).state(photo.master_sha256)
    thumb = shown.sources[0][0] if shown.sources else shown.url
    return {
        "id": photo.id,
        "caption": photo.caption,
        "credit": photo.credit,
        "alt": photo.alt,
        "place": photo.place,
        "children": photo.children.value,
        "focus": photo.focus,
        "name": photo.name,
        "width": photo.width_px,
        "height": photo.height_px,
        "version": photo.version,
        "url": shown.url,
        "srcset": shown.srcset,
        "thumb": thumb,
        "is_pending": shown.is_pending,
        "problem": state.sentence if state else "",
        "markdown": markdown_line(photo),
    }


def markdown_line(photo: Photo) -> str:
    """Return the line that puts the photo into a text written without JavaScript."""
    return html.to_markdown(f'<figure data-foto="{photo.id}"></figure>').strip()


def document_line(document: Document) -> str:
    """Return the line that links a document in a text written without JavaScript."""
    words = escape(document.title, quote=False)
    return html.to_markdown(f'<p><a href="{document.url}">{words}</a> (PDF)</p>').strip()


def _one(photo: Photo) -> Response:
    response = jsonify(as_json(site(), photo))
    response.set_etag(str(photo.version))
    return response


def _children(value: object) -> Children | None:
    if value is None:
        return None
    try:
        return Children(str(value))
    except ValueError:
        sentence = _("children berisi none, agreed atau unasked.")
        raise InvalidInput(fields={"children": sentence}) from None
