"""Where pictures and documents of the old site stood: readers who ask there are led to ours.

    keep(change, "https://lama.desa.id/wp-content/uploads/2020/05/padi-300x200.jpg", "photo", id)
    find("/wp-content/uploads/2020/05/padi.jpg")       Target, None, or Gone is raised

An address counts from the folder of uploads on, in any of the sizes that WordPress and OpenSID
made. It is kept as a hash: when a photo is erased for somebody's privacy, no name of a file stays
behind, and the old address still says that it is gone for good.
"""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import urlsplit

from desa_web.core.errors import Gone
from desa_web.core.i18n import _
from desa_web.core.journal import Change
from desa_web.features.imports import aliases
from desa_web.features.imports.aliases import Target
from desa_web.features.imports.models import AliasRow
from desa_web.features.media import documents
from desa_web.features.media import service as media

# Folders of uploads: of WordPress, of OpenSID, and of its oldest versions.
FOLDERS = ("wp-content/uploads/", "desa/upload/", "assets/files/")
# WordPress makes smaller copies beside every picture, OpenSID two.
SIZED = re.compile(r"-(?:\d{1,5}x\d{1,5}|scaled|rotated|e\d{10,14})(?=\.[A-Za-z0-9]{2,5}$)")
_COPY = re.compile(r"(?:kecil_|sedang_)(?=[^/]*$)")


def keep(change: Change, url: str, kind: str, target: str) -> None:
    """Let the old address of a "photo" or "document" lead to it; the first who has it keeps it."""
    for key in _keys(urlsplit(url).path):
        AliasRow.insert(
            path=key, query="", leads_to=f"{kind}:{target}", created_at=change.at_ms
        ).on_conflict_ignore().execute()


def is_kept(url: str) -> bool:
    """Return whether an old address leads somewhere already."""
    return _kept(urlsplit(url).path) is not None


def find(path: str) -> Target | None:
    """Return where a file of the old site is here, None when it never came. Raises Gone."""
    row = _kept(path)
    if row is None:
        return None
    kind, _colon, target = row.leads_to.partition(":")
    if kind == "document":
        document = documents.get(target)
        if document is None:
            raise Gone(_("Dokumen ini sudah ditarik oleh desa."))
        return Target(document.url, f"document:{target}")
    photo = media.get(target)
    if photo is None:
        raise Gone(_("Foto ini sudah ditarik oleh desa."))
    return Target(f"/media/{photo.master_sha256}/{photo.file_name}", f"media:{target}")


def is_upload(url: str) -> bool:
    """Return whether an address lies in a folder of uploads."""
    return _below(urlsplit(url).path) != ""


def _kept(path: str) -> AliasRow | None:
    """Return the row of exactly this file, else of the picture that it is a size of."""
    rows = (AliasRow.get_or_none(AliasRow.path == key, AliasRow.query == "") for key in _keys(path))
    return next(filter(None, rows), None)


def _keys(path: str) -> list[str]:
    below = _below(path)
    names = dict.fromkeys((below, _COPY.sub("", SIZED.sub("", below)))) if below else ()
    return [f"berkas:{sha256(name.encode()).hexdigest()}" for name in names]


def _below(path: str) -> str:
    """Return an address from its folder of uploads on, in one spelling; "" outside of them."""
    known = aliases.spelled(path)
    spelled = known[0] if known is not None else ""
    for folder in FOLDERS:
        _before, found, rest = spelled.partition(f"/{folder}")
        if found and rest:
            return folder + rest
    return ""
