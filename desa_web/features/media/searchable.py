"""What readers can search of media: albums with their captions, and PDF documents.

A document is public when a live text links to it: what was uploaded for a draft stays unknown.
Captions of photos in articles belong to the articles.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup, escape

from desa_web.core import journal
from desa_web.core.clock import as_utc, to_ms
from desa_web.core.journal import Row
from desa_web.core.registry import adapters
from desa_web.core.site import Site
from desa_web.engines.search import Document
from desa_web.features.media import albums, masters
from desa_web.features.media.models import DocumentRow
from desa_web.features.media.pictures import picture
from desa_web.web.context_parts import Hit

labels: Mapping[str, str] = {"album": "Galeri", "document": "Dokumen"}
_LINK = re.compile(r"/media/([0-9a-f]{64})/[a-z0-9-]+\.pdf")


def touched(site: Site, rows: Sequence[Row]) -> Collection[str]:
    """Return the albums and documents of these rows, and the albums of their photos."""
    found = {row.object_id for row in rows if row.kind in labels}
    for row in rows:
        if row.kind == "media":
            found |= albums.of_photo(row.object_id)
    return found


def documents(site: Site, ids: Collection[str] | None) -> Iterator[Document]:
    """Yield public albums and documents; the text of a file comes from files()."""
    for album in albums.albums():
        if album.count and (ids is None or album.id in ids):
            photos = albums.photos(album.id)
            yield Document(
                kind="album",
                id=album.id,
                url=f"/galeri/{album.slug}",
                title=album.title,
                body=album.intro,
                extra="\n".join(line for p in photos for line in (p.caption, p.credit) if line),
                published_at=to_ms(album.updated_at),
            )
    for document in _public(site, ids):
        yield Document(
            kind="document",
            id=document.id,
            url=_url(document),
            title=document.title,
            published_at=document.created_at,
        )


def hits(site: Site, ids: Collection[str]) -> Mapping[str, Hit]:
    """Return the public albums and documents among `ids` as they are shown now."""
    found = {
        document.id: Hit(
            title=escape(document.title),
            snippet=Markup(),
            url=_url(document),
            published_at=as_utc(document.created_at),
        )
        for document in _public(site, ids)
    }
    for album in albums.albums():
        if album.count and album.id in ids:
            photos = albums.photos(album.id)
            found[album.id] = Hit(
                title=escape(album.title),
                snippet=Markup(),
                url=f"/galeri/{album.slug}",
                published_at=album.updated_at,
                picture=picture(site, photos[0]) if photos else None,
            )
    return found


def files(site: Site, ids: Collection[str] | None) -> Iterator[tuple[str, Path]]:
    """Yield (id, path) of the public documents' files."""
    for document in _public(site, ids):
        yield document.id, masters.path_of(site, document.sha256)


def _public(site: Site, ids: Collection[str] | None) -> list[DocumentRow]:
    """Return the rows of the documents (of these) that a live text links to: one query."""
    if ids is not None and not ids:
        return []
    query = DocumentRow.select().where(DocumentRow.trashed_at.is_null())
    if ids is not None:
        query = query.where(DocumentRow.id.in_(list(ids)))
    found = list(query)
    linked = _linked(site) if found else frozenset()
    return [row for row in found if row.sha256 in linked]


def _url(row: DocumentRow) -> str:
    return f"/media/{row.sha256}/{row.name}"


def _linked(site: Site) -> frozenset[str]:
    """Return the hashes of files that live texts link to, remembered until the next change."""
    from desa_web.features import FEATURES

    head = journal.head(site)
    known: tuple[journal.Cursor, frozenset[str]] | None = getattr(site, "_linked_files", None)
    if known is None or known[0] != head:
        hashes = frozenset(
            digest
            for adapter in adapters(FEATURES, "searchable")
            if hasattr(adapter, "file_links")
            for body in adapter.file_links(site)
            for digest in _LINK.findall(body)
        )
        known = (head, hashes)
        site._linked_files = known  # type: ignore[attr-defined]
    return known[1]
