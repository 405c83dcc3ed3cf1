"""What readers get of media: pictures, masters and documents under addresses with a hash.

An address names its bytes, so answers are immutable. Readers get a photo only while something
public shows it (publicity.py); whoever is signed in sees all of the library. What was thrown away
or is shown nowhere answers 410. Gallery and kit have their own modules.
"""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, Response, request, send_file

from desa_web.core.errors import DesaError, Gone, NotFound
from desa_web.core.i18n import _
from desa_web.features.media import documents, emblem, masters, service
from desa_web.features.media.models import PhotoRow
from desa_web.features.media.photo import SUFFIXES, as_photo
from desa_web.features.media.publicity import shown_by
from desa_web.features.media.renditions import KEY_DIGITS, renditions
from desa_web.web import auth
from desa_web.web.house import site

blueprint = Blueprint("media", __name__)

_IMMUTABLE = "public, max-age=31536000, immutable"
_FOR_THE_DESK = "private, max-age=31536000, immutable"
_SHAPE = re.compile(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})\.svg")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,90}\.(jpg|png|pdf)")
_SHA = re.compile(r"[0-9a-f]{64}")
# A document is a stranger's file: whatever it holds may do nothing here.
_NOTHING_RUNS = "default-src 'none'; sandbox"


@blueprint.get("/media/tunggu/<shape>")
def placeholder(shape: str) -> Response:
    """A calm picture in the shape of a photo that is still being worked."""
    found = _SHAPE.fullmatch(shape)
    if found is None:
        raise _unknown()
    width, height = int(found[1]), int(found[2])
    side = min(width, height) / 3
    mark = (
        f'<g transform="translate({(width - side * 1.5) / 2:.0f} {(height - side) / 2:.0f}) '
        f'scale({side / 32:.3f})" fill="#b9ad97"><path d="M2 30 17 9l9 13 5-7 15 15z"/>'
        '<circle cx="36" cy="7" r="4"/></g>'
    )
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" fill="#efe7d7"/>{mark}</svg>'
    )
    response = Response(text, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = _IMMUTABLE
    return response


@blueprint.get("/media/lambang/<key>.webp")
def village_emblem(key: str) -> Response:
    """The village's emblem, small; only the one that is chosen now."""
    found = emblem.chosen(site())
    if found is None or not found.master_sha256.startswith(key) or len(key) != KEY_DIGITS:
        raise _unknown()
    path, mime = emblem.file(site(), found)
    return _file(path, mime, path.name, "site", f"media:{found.id}")


@blueprint.get("/media/<key>/<name>")
def media(key: str, name: str) -> Response:
    """A rendition (key: 20 digits of the master's hash), a master or a document (all 64)."""
    if len(key) == KEY_DIGITS:
        return _rendition(key, name)
    match = _NAME.fullmatch(name)
    if not _SHA.fullmatch(key) or match is None:
        raise _unknown()
    if match[1] == "pdf":
        return _document(key, name)
    row = _row(PhotoRow.master_sha256 == key)
    if SUFFIXES[row.mime] != f".{match[1]}":
        raise _unknown()
    return _photo(row, masters.path_of(site(), key), row.mime, key)


def _rendition(key: str, name: str) -> Response:
    file = renditions(site()).file(key, name)
    if file is None:
        raise _unknown()
    # A prefix search that the unique index can answer: "g" comes after every hex digit.
    row = _row((PhotoRow.master_sha256 >= key) & (PhotoRow.master_sha256 < key + "g"))
    mime = "image/webp" if name.endswith(".webp") else "image/jpeg"
    return _photo(row, file, mime, name.partition("-")[0])


def _photo(row: PhotoRow, path: Path, mime: str, etag: str) -> Response:
    """Answer with a file of this photo, if the one who asks may see it."""
    if auth.session() is not None:
        response = _file(path, mime, etag)
        response.headers["Cache-Control"] = _FOR_THE_DESK
        return response
    places = shown_by(site(), as_photo(row))
    if not places:
        raise Gone(_("Foto ini tidak ditampilkan untuk umum."))
    keys = {f"media:{row.id}", service.file_key(row.master_sha256), *places}
    return _file(path, mime, etag, *keys)


def _document(sha256: str, name: str) -> Response:
    found = documents.by_hash(sha256)
    if found is None:
        raise _unknown()
    if found.trashed_at is not None:
        raise Gone(_("Dokumen ini sudah ditarik oleh desa."))
    path = masters.path_of(site(), sha256)
    response = _file(path, "application/pdf", sha256, f"document:{found.id}")
    response.headers["Content-Security-Policy"] = _NOTHING_RUNS
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _row(condition: object) -> PhotoRow:
    row = PhotoRow.get_or_none(condition)
    if row is None:
        raise _unknown()
    if row.trashed_at is not None:
        raise Gone(_("Foto ini sudah ditarik oleh desa."))
    return row


def _file(path: Path, mime: str, etag: str, *keys: str) -> Response:
    """Answer with a content-named file; with keys the page store may remember where it lies."""
    try:
        response = send_file(path, mimetype=mime, conditional=True, etag=etag)
    except FileNotFoundError as error:
        sentence = _("Foto ini sedang disiapkan. Muat ulang halaman sebentar lagi.")
        raise _Missing(sentence) from error
    response.headers["Cache-Control"] = _IMMUTABLE
    if keys:
        request.environ["desa.file"] = str(path)
        request.environ["desa.surrogate_keys"] = frozenset(keys)
    return response


class _Missing(DesaError):
    """The file of a known photo is not there now: being made again, or lost."""

    code = "foto-belum-siap"
    status = 404


def _unknown() -> NotFound:
    return NotFound(_("Foto atau berkas ini tidak ada."))
