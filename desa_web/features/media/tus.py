"""/api/v1/uploads: the tus 1.0 protocol (tus.io, 1.0.0) in front of uploads.py.

Extensions: creation, creation-with-upload, checksum, expiration, termination. Besides HEAD, a GET
tells in JSON what became of an upload; the answer that completes one names the photo.
"""

from __future__ import annotations

import base64
import binascii
from email.utils import formatdate

from flask import Blueprint, Response, jsonify, request

from desa_web.core.errors import DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.features.media import api, service, uploads
from desa_web.features.media.uploads import Upload
from desa_web.web import auth
from desa_web.web.house import site

blueprint = Blueprint("media_uploads", __name__, url_prefix="/api/v1/uploads")

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
_PART = "application/offset+octet-stream"


class WrongVersion(DesaError):
    """The sender speaks another version of the protocol."""

    code = "tus-versi"
    status = 412


class WrongType(DesaError):
    """A part that does not call itself one."""

    code = "tus-jenis"
    status = 415


@blueprint.url_value_preprocessor
def accept_large(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A part may be as large as an upload; the check comes before the request is read."""
    request.max_content_length = (site().config.number("max_upload_mb") << 20) + 1


@blueprint.before_request
def check_version() -> None:
    if request.method in ("OPTIONS", "GET"):
        return
    if request.headers.get("Tus-Resumable") != VERSION:
        raise WrongVersion(_("Program pengirim memakai versi tus lain; yang dikenal 1.0.0."))


@blueprint.after_request
def name_version(response: Response) -> Response:
    response.headers["Tus-Resumable"] = VERSION
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == 412:
        response.headers["Tus-Version"] = VERSION
    return response


@blueprint.route("", methods=["OPTIONS"])
@blueprint.route("/<upload_id>", methods=["OPTIONS"])
def options(upload_id: str = "") -> Response:
    response = Response(status=204)
    response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Max-Size"] = str(site().config.number("max_upload_mb") << 20)
    response.headers["Tus-Checksum-Algorithm"] = ",".join(uploads.ALGORITHMS)
    return response


@blueprint.post("")
def create() -> Response:
    actor = auth.actor()
    size_bytes = _number("Upload-Length")
    upload = uploads.create(actor, size_bytes, _metadata())
    if request.mimetype == _PART and request.content_length:
        upload = uploads.append(actor, upload.id, 0, request.stream, _checksum())
        upload = uploads.finish(actor, upload.id)
    response = _answer(upload, 201)
    response.headers["Location"] = f"/api/v1/uploads/{upload.id}"
    return response


@blueprint.route("/<upload_id>", methods=["HEAD"])
def offset(upload_id: str) -> Response:
    """How far it is; a complete upload whose last answer was lost is finished here."""
    upload = uploads.finish(auth.actor(), upload_id)
    response = _answer(upload, 200)
    response.headers["Upload-Length"] = str(upload.size_bytes)
    return response


@blueprint.patch("/<upload_id>")
def append(upload_id: str) -> Response:
    actor = auth.actor()
    if request.mimetype != _PART:
        raise WrongType(_("Bagian kiriman harus berjenis {mime}.").format(mime=_PART))
    uploads.append(actor, upload_id, _number("Upload-Offset"), request.stream, _checksum())
    upload = uploads.finish(actor, upload_id)
    if upload.error:
        response = jsonify(error=upload.error)
        response.status_code = 422
        return response
    return _answer(upload, 204)


@blueprint.delete("/<upload_id>")
def terminate(upload_id: str) -> Response:
    uploads.terminate(auth.actor(), upload_id)
    return Response(status=204)


@blueprint.get("/<upload_id>")
def state(upload_id: str) -> Response:
    """What became of it, in JSON: offset, and photo or error when it is done."""
    upload = uploads.find(auth.actor(), upload_id)
    photo = service.get(upload.photo_id) if upload.photo_id else None
    return jsonify(
        id=upload.id,
        size=upload.size_bytes,
        offset=upload.offset_bytes,
        photo=api.as_json(site(), photo) if photo else None,
        document_id=upload.document_id or None,
        error=upload.error or None,
    )


def _answer(upload: Upload, status: int) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(upload.offset_bytes)
    response.headers["Upload-Expires"] = formatdate(upload.expires_at_ms / 1000, usegmt=True)
    if upload.photo_id:
        response.headers["Desa-Photo"] = upload.photo_id
    if upload.document_id:
        response.headers["Desa-Document"] = upload.document_id
    return response


def _number(name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isdigit() or not text.isascii() or len(text) > 15:
        raise InvalidInput(_("Header {name} harus berupa angka.").format(name=name))
    return int(text)


def _metadata() -> dict[str, str]:
    """Read Upload-Metadata: "filename d29ybGQ=,caption …"; what is unreadable is refused."""
    found: dict[str, str] = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        name, _space, encoded = pair.strip().partition(" ")
        if not name:
            continue
        try:
            found[name] = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InvalidInput(_("Upload-Metadata tidak terbaca.")) from error
    return found


def _checksum() -> str:
    """Read Upload-Checksum: "sha256 <base64>" becomes "sha256 <hex>"."""
    text = request.headers.get("Upload-Checksum", "")
    if not text:
        return ""
    name, _space, encoded = text.partition(" ")
    try:
        return f"{name} {base64.b64decode(encoded, validate=True).hex()}"
    except binascii.Error as error:
        raise InvalidInput(_("Upload-Checksum tidak terbaca.")) from error
