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
        AliasRow.insert(
            path=path,
            query=query,
            article_id=target if kind is Kind.ARTICLE else None,
            page_id=target if kind is Kind.PAGE else None,
            leads_to=target if kind is Kind.PATH else "",
            created_at=change.at_ms,
        )
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
        "SELECT l.article_id, a.slug, l.page_id, p.slug, l.leads_to FROM alias l "
        "LEFT JOIN article a ON a.id = l.article_id AND a.live_revision_id IS NOT NULL "
        "LEFT JOIN page p ON p.id = l.page_id AND p.trashed_at IS NULL "
        "WHERE l.path = ? AND l.query IN (?, '') ORDER BY l.query DESC LIMIT 1"
    )
    row = db.execute(db.current(), sql, *known).fetchone()
    if row is None:
        return None
    article_id, article_slug, page_id, page_slug, path = row
    if article_id:
        return Target(f"/berita/{article_slug}", f"article:{article_id}") if article_slug else None
    if page_id:
        return Target(f"/halaman/{page_slug}", f"page:{page_id}") if page_slug else None
    return Target(path, "")


def targets(addresses: Iterable[str]) -> set[str]:
    """Return the ids of texts to which any of these addresses lead already."""
    found = set()
    for known in filter(None, map(spelled, addresses)):
        row = AliasRow.get_or_none(AliasRow.path == known[0], AliasRow.query == known[1])
        if row is not None and (row.article_id or row.page_id):
            found.add(str(row.article_id or row.page_id))
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
