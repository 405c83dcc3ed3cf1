"""Photos for a hub: the master of a photo that the log holds public now, by its hash.

Answers are resumable at every byte (Range, If-Range with the hash as ETag). What the log spoke of
once and does not any more is gone (410): whoever collects it stops asking.
"""

from __future__ import annotations

import re

from flask import Blueprint, Response, current_app, send_file

from desa_web.core.errors import Gone, NotFound
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync.named_media import NamedMedia, Standing
from desa_web.features.media import masters
from desa_web.web.house import site

blueprint = Blueprint("sync_media", __name__)

_SHA = re.compile(r"[0-9a-f]{64}")
_EXTENSION = "desa.sync.media"


@blueprint.get("/sync/v1/media/<sha256>")
def master(sha256: str) -> Response:
    """The metadata-free master of a public photo, whole or from a byte on."""
    here = site()
    standing = Standing.UNKNOWN
    if _SHA.fullmatch(sha256):
        standing = _named_of(here).standing(sha256)
    if standing is Standing.PAST:
        raise Gone(_("Foto ini sudah ditarik oleh desa."))
    path = masters.path_of(here, sha256)
    if standing is Standing.UNKNOWN or not path.is_file():
        raise NotFound(_("Foto ini tidak ada di catatan situs ini."))
    response = send_file(
        path, mimetype="application/octet-stream", conditional=True, etag=sha256, max_age=0
    )
    response.headers["Accept-Ranges"] = "bytes"
    # It may be withdrawn tomorrow: nobody between keeps it.
    response.headers["Cache-Control"] = "no-store"
    return response


def _named_of(here: Site) -> NamedMedia:
    named: NamedMedia = current_app.extensions.setdefault(_EXTENSION, NamedMedia(here))
    return named
