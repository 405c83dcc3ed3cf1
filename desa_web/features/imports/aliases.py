"""Addresses of the old site: kept in one spelling, looked up with one statement.

    keep(change, "https://lama.desa.id/?p=12", Kind.ARTICLE, article.id)
    find("/index.php/first/artikel/12", "utm_source=wa")      Target or None

One spelling: decoded, lower case, no "index.php", no slash at the end; of the query only what
names a text (p, page_id …). Whoever asks gets a 301 from web.py, never for what is not public.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from desa_web.core import db
from desa_web.core.journal import Change
from desa_web.features.imports.models import AliasRow

# What WordPress, OpenSID and other programs name a text by.
_NAMING = frozenset({"p", "page_id", "post", "id", "artikel", "attachment_id", "cat"})
_SLASHES = re.compile(r"/{2,}")
_MAX_CHARS = 500
# Addresses of this program itself: nobody's old address may stand in their way.
_OURS = re.compile(r"/(?:kelola|masuk|keluar|api|sync|media|tema|sehat|robots\.txt|\.well-known)\b")


class Kind(StrEnum):
    ARTICLE = "article"
    PAGE = "page"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Target:
    """Where an old address leads: a path of this site, and the key of what it depends on."""

    path: str
    key: str


def spelled(address: str) -> tuple[str, str] | None:
    """Return (path, query) of an address in its one spelling, None when it is not one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in ("", "http", "https"):
        return None
    return _spelled(parts.path, parts.query)


def keep(change: Change, address: str, kind: Kind, target: str) -> bool:
    """Let an old address lead to `target`; False when it leads somewhere already, or is ours."""
    known = spelled(address)
    if known is None or known == ("/", "") or _OURS.match(known[0]):
        return False
    path, query = known
    made = (
        AliasRow.insert(path=path, query=query, kind=kind, target=target, created_at=change.at_ms)
        .on_conflict_ignore()
        .execute()
    )
    return bool(made)


def find(path: str, query: str) -> Target | None:
    """Return where an address of the old site leads, None when that is unknown or not public."""
    known = _spelled(path, query)
    if known is None:
        return None
    # With its parameter first: "/?p=12" is another text than "/".
    sql = (
        "SELECT l.kind, l.target, a.slug, p.slug FROM alias l "
        "LEFT JOIN article a ON l.kind = 'article' AND a.id = l.target "
        "AND a.live_revision_id IS NOT NULL "
        "LEFT JOIN page p ON l.kind = 'page' AND p.id = l.target AND p.trashed_at IS NULL "
        "WHERE l.path = ? AND l.query IN (?, '') ORDER BY l.query DESC LIMIT 1"
    )
    row = db.execute(db.current(), sql, *known).fetchone()
    if row is None:
        return None
    kind, target, article_slug, page_slug = row
    if kind == Kind.ARTICLE:
        return Target(f"/berita/{article_slug}", f"article:{target}") if article_slug else None
    if kind == Kind.PAGE:
        return Target(f"/halaman/{page_slug}", f"page:{target}") if page_slug else None
    return Target(str(target), "")


def targets(addresses: Iterable[str]) -> set[str]:
    """Return the ids to which any of these addresses lead already."""
    found = set()
    for known in filter(None, map(spelled, addresses)):
        row = AliasRow.get_or_none(AliasRow.path == known[0], AliasRow.query == known[1])
        if row is not None:
            found.add(str(row.target))
    return found


def names_a_text(query: str) -> bool:
    """Return whether a query may name a text of an old site."""
    return bool(_naming(query))


def _spelled(path: str, query: str) -> tuple[str, str] | None:
    decoded = unicodedata.normalize("NFC", unquote(path)).lower()
    decoded = _SLASHES.sub("/", "/" + decoded)
    decoded = decoded.removeprefix("/index.php") or "/"
    naming = _naming(query)
    if len(decoded) + len(naming) > _MAX_CHARS or "\x00" in decoded + naming:
        return None
    return decoded.rstrip("/") or "/", naming


def _naming(query: str) -> str:
    if not query or len(query) > _MAX_CHARS:
        return ""
    try:
        pairs = parse_qsl(query, max_num_fields=20)
    except ValueError:
        return ""
    return "&".join(sorted(f"{n}={v}" for n, v in pairs if n in _NAMING and v))
