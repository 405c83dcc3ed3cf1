"""Machine doors of the hub for villages: pairing, lines, photos (tus 1.0), receipts.

No cookie is looked at: pairing is opened by a code, all else by the token that pairing gave.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from typing import Any

from flask import Blueprint, Response, request

from desa_web.core.errors import InvalidInput, TooLarge
from desa_web.core.i18n import _
from desa_web.engines.pages.page import wants_gzip
from desa_web.engines.sync.line import is_hash
from desa_web.features.hub import pairing, push, push_media, receipts
from desa_web.features.hub.push import MAX_PART_BYTES, Heard, NotPaired
from desa_web.features.hub.source import Source
from desa_web.features.media.tus import VERSION, WrongType, WrongVersion
from desa_web.web.csrf import cookieless
from desa_web.web.forms import json_body
from desa_web.web.headers import LINES
from desa_web.web.house import house, site
from desa_web.web.ratelimit import address_key

blueprint = Blueprint("hub_push", __name__, url_prefix="/sync/v1")

_PIECE = "application/offset+octet-stream"
_POINT = re.compile(r"([0-9]{1,16})\.([0-9]{1,16})")
_MAX_MESSAGE_BYTES = 64 << 10
_GZIP_FROM_BYTES = 860
_MAX_GONE = 50
_STEPS = {"answer": pairing.answer, "ask": pairing.ask}


@blueprint.url_value_preprocessor
def accept_parts(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A part is one long line at least; this comes before the request is read."""
    request.max_content_length = MAX_PART_BYTES + 1


@blueprint.after_request
def say_more(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    if request.path.startswith("/sync/v1/uploads"):
        response.headers["Tus-Resumable"] = VERSION
    return response


@blueprint.post("/pair")
@cookieless
def pair() -> Response:
    """step "greet": a code and a card · "answer": the other half · "ask": is it confirmed?"""
    here, client = site(), address_key(request.remote_addr)
    # Ticks of a village that waits; the tries are counted by pairing itself.
    house().limit("pair", burst=30, every_s=1).take(client, here.clock)
    message = json_body(limit_bytes=_MAX_MESSAGE_BYTES)
    step = message.get("step")
    if step == "greet":
        return _json(pairing.greet(here, client, message))
    if step not in _STEPS:
        raise InvalidInput(_("Langkah ini tidak dikenal. Perbarui program desa."))
    return _json(_STEPS[step](here, message))


@blueprint.post("/unpair")
@cookieless
def unpair() -> Response:
    push.leave(site(), _source())
    return _json({"v": 1})


@blueprint.post("/push")
@cookieless
def take() -> Response:
    source = _source()
    return _json(push.take(site(), source, _lines(), _heard()))


@blueprint.get("/receipts")
def letter() -> Response:
    """Receipts after `after`=born.n; 204 when there are none."""
    source, here = _source(), site()
    born, n = _place(request.args.get("after", ""))
    receipts.heard(here, source.id, born, n)
    body = receipts.letter(here, source.id, born, n)
    return Response(body, status=200 if body else 204, content_type=LINES)


@blueprint.post("/uploads")
@cookieless
def create() -> Response:
    source = _tus_source()
    upload = push_media.create(site(), source, _digest(), _number("Upload-Length"))
    response = _offset(upload, 201)
    response.headers["Location"] = f"/sync/v1/uploads/{upload.id}"
    return response


@blueprint.route("/uploads/<upload_id>", methods=["HEAD"])
def offset(upload_id: str) -> Response:
    upload = push_media.finish(site(), _tus_source(), upload_id)
    response = _offset(upload, 200)
    response.headers["Upload-Length"] = str(upload.size_bytes)
    return response


@blueprint.patch("/uploads/<upload_id>")
@cookieless
def append(upload_id: str) -> Response:
    source = _tus_source()
    if request.mimetype != _PIECE:
        raise WrongType(_("Bagian kiriman harus berjenis {mime}.").format(mime=_PIECE))
    if (request.content_length or 0) > push_media.MAX_PIECE_BYTES:
        raise TooLarge(_("Bagian kiriman terlalu besar; kirim paling banyak 1 MB sekaligus."))
    piece = request.get_data(cache=False)
    upload = push_media.append(
        site(), source, upload_id, _number("Upload-Offset"), piece, _checksum()
    )
    return _offset(upload, 204)


def _source() -> Source:
    """Return who shows its token; who shows none of ours is answered ever more slowly."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    try:
        return push.admit(site(), token.strip() if scheme.lower() == "bearer" else "")
    except NotPaired:
        door = house().limit("push-door", burst=60, every_s=0.5)
        door.take(address_key(request.remote_addr), site().clock)
        raise


def _tus_source() -> Source:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise WrongVersion(_("Program pengirim memakai versi tus lain; yang dikenal 1.0.0."))
    return _source()


def _lines() -> bytes:
    """Return the lines that were sent, unpacked to no more than a part may hold."""
    data = request.get_data(cache=False)
    if request.headers.get("Content-Encoding", "") != "gzip":
        return data
    packer = zlib.decompressobj(31)
    try:
        lines = packer.decompress(data, MAX_PART_BYTES + 1)
    except zlib.error as error:
        raise InvalidInput(_("Kiriman rusak di perjalanan. Kirim sekali lagi.")) from error
    if len(lines) > MAX_PART_BYTES:
        raise TooLarge(_("Kiriman terlalu besar untuk sekali jalan. Kirim sebagian demi sebagian."))
    if not packer.eof:
        raise InvalidInput(_("Kiriman rusak di perjalanan. Kirim sekali lagi."))
    return lines


def _heard() -> Heard:
    born, n = _place(request.headers.get("Desa-Receipts", ""))
    head = request.headers.get("Desa-Head", "")
    gone = request.headers.get("Desa-Gone", "").split(",")[:_MAX_GONE]
    return Heard(born, n, head if is_hash(head) else "", [g for g in gone if is_hash(g)])


def _place(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    match = _POINT.fullmatch(text)
    if match is None:
        raise InvalidInput(_("Tanda terima terakhir ditulis seperti 1795309200000.12."))
    return int(match[1]), int(match[2])


def _json(value: dict[str, Any]) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    # One line of JSON, with the few headers that lines for programs have: half the bytes.
    response = Response(content_type=LINES)
    if len(body) >= _GZIP_FROM_BYTES and wants_gzip(request.headers.get("Accept-Encoding", "")):
        body = gzip.compress(body, 6, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    response.set_data(body)
    return response


def _offset(upload: push_media.Upload, status: int) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(upload.offset_bytes)
    return response


def _number(name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isdigit() or not text.isascii() or len(text) > 12:
        raise InvalidInput(_("Header {name} harus berupa angka.").format(name=name))
    return int(text)


def _digest() -> str:
    """Read the hash from Upload-Metadata: "sha256 <base64 of 64 hex digits>"."""
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        name, _space, encoded = pair.strip().partition(" ")
        if name == "sha256":
            text = _decoded(encoded).decode("ascii", "replace")
            if is_hash(text):
                return text
    raise InvalidInput(_("Upload-Metadata harus menyebut sha256 foto."))


def _checksum() -> str:
    """Read Upload-Checksum: "sha256 <base64>" becomes "sha256 <hex>"."""
    text = request.headers.get("Upload-Checksum", "")
    name, _space, encoded = text.partition(" ")
    return f"{name} {_decoded(encoded).hex()}" if text else ""


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(_("Header kiriman tidak terbaca.")) from error
