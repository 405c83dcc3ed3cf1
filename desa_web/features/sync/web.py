"""What anybody may read: the site's card, and the lines of its publication log.

It is public news, so there is nothing to sign in for; who wants to be sure checks signatures.
"""

from __future__ import annotations

import gzip
import json
import re

from flask import Blueprint, Response, request

from desa_web import __version__
from desa_web.core import settings
from desa_web.core.errors import InvalidInput, NotFound, TooLarge
from desa_web.core.i18n import _
from desa_web.engines.pages.page import wants_gzip
from desa_web.engines.sync import Page, Point, UnknownPoints, log, page
from desa_web.engines.sync.log import MAX_BYTES, SMALL_BYTES
from desa_web.engines.sync.receipt import MAX_PAGE_BYTES, hub_of
from desa_web.features.sync import receipts
from desa_web.web.csrf import cookieless
from desa_web.web.headers import LINES
from desa_web.web.house import house, site
from desa_web.web.public import keep
from desa_web.web.ratelimit import address_key

blueprint = Blueprint("sync", __name__)

_POINT = re.compile(r"([0-9a-f]{16})\.([1-9][0-9]{0,15})\.([0-9a-f]{32,64})")
_TAG = re.compile(r'"([0-9a-f]{32,64})"')
# 1 << 40 lines are reached in 42 points.
_MAX_POINTS = 64
_GZIP_FROM_BYTES = 860


@blueprint.get("/.well-known/desa")
def card() -> Response:
    """Who this site is to other programs: its name, its chain of keys, where its log is."""
    here = site()
    last = log.head(here)
    if last is None:
        raise NotFound(_("Situs ini belum menulis catatan sinkron. Coba lagi sebentar lagi."))
    values = settings.read(here)
    value = {
        "v": 1,
        "program": f"desa-web {__version__}",
        "site": last.site,
        "name": values.full_name,
        "kode_wilayah": values["kode_wilayah"],
        "keys": [{"key": k.public, "endorsement": k.endorsement} for k in log.keys(here)],
        "changes": "/sync/v1/changes",
    }
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    keep({"sync"})
    return Response(text, content_type="application/json; charset=utf-8")


@blueprint.get("/sync/v1/changes")
def changes() -> Response:
    """Lines after what the asker holds: If-None-Match with one hash, or `have` with points.

    have=epoch.seq.hash,… (hash: at least 32 digits) · max=bytes of a page, after a failure.
    """
    here = site()
    last = log.head(here)
    if last is None:
        raise NotFound(_("Situs ini belum menulis catatan sinkron. Coba lagi sebentar lagi."))
    have = _have()
    known = _TAG.findall(request.headers.get("If-None-Match", ""))
    if any(last.point.hash.startswith(tag) for tag in known):
        return _answer(last.point.hash, b"", 304)
    if not have and known:
        place = log.place_of(here, known[0])
        if place is None:
            sentence = _("Titik itu tidak ada di sini. Kirim titik-titik lain dengan have=.")
            raise UnknownPoints(sentence, epoch=last.point.epoch, seq=last.point.seq)
        have = [place]
    found = page(here, have, max_bytes=_max_bytes())
    return _answer(found.end.hash, _packed(found), 200)


@blueprint.post("/sync/v1/receipts")
@cookieless
def receive_receipts() -> Response:
    """What our hub says of our articles, brought by itself; its signature is the proof."""
    here = site()
    door = house().limit("receipts-door", burst=30, every_s=2)
    door.take(address_key(request.remote_addr), here.clock)
    if (request.content_length or 0) > MAX_PAGE_BYTES:
        raise TooLarge(_("Tanda terima lebih panjang dari yang mungkin."))
    letter = request.get_data(cache=False)
    hub = hub_of(letter)
    receipts.take(here, hub, letter)
    born, n = receipts.place(here, hub)
    body = json.dumps({"v": 1, "born": born, "n": n}, separators=(",", ":"))
    return Response(body, content_type=LINES, headers={"Cache-Control": "no-store"})


def _answer(tag: str, body: bytes, status: int) -> Response:
    response = Response(body, status=status, content_type=LINES)
    response.headers["ETag"] = f'"{tag[:32]}"'
    if status != 304:
        # The answer depends on what the asker holds: no cache between may give it to another.
        response.headers["Cache-Control"] = "no-store"
    if body[:2] == b"\x1f\x8b":
        response.headers["Content-Encoding"] = "gzip"
    return response


def _packed(found: Page) -> bytes:
    accepts = wants_gzip(request.headers.get("Accept-Encoding", ""))
    if not accepts or len(found.body) < _GZIP_FROM_BYTES:
        return found.body
    return gzip.compress(found.body, 6, mtime=0)


def _have() -> list[Point]:
    text = request.args.get("have", "")
    points = []
    for part in text.split(",")[:_MAX_POINTS] if text else ():
        match = _POINT.fullmatch(part)
        if match is None:
            raise InvalidInput(_("have ditulis sebagai epoch.seq.hash, dipisah koma."))
        points.append(Point(match[1], int(match[2]), match[3]))
    return points


def _max_bytes() -> int:
    text = request.args.get("max", "")
    if not text:
        return MAX_BYTES
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput(_("max adalah jumlah byte, misalnya 32768."))
    return min(max(int(text), SMALL_BYTES // 8), MAX_BYTES)
