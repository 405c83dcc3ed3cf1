"""Documents: PDF files that people download. Kept as they came, never shown by us.

A PDF can hold scripts and links; readers get it as a download from an address on which nothing
may run (web.py).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath

from desa_web.core import journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc
from desa_web.core.disk import digest_of, sync_file
from desa_web.core.errors import Damaged, Forbidden, InvalidInput, NotFound, TooLarge
from desa_web.core.i18n import _
from desa_web.core.ids import new_id, slugify
from desa_web.features.media import masters, space
from desa_web.features.media.models import DocumentRow
from desa_web.features.media.photo import clean_name, one_line
from desa_web.web import context_parts

TITLE_MAX = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A PDF of the library; `name` is what it is called when somebody saves it."""

    id: str
    sha256: str
    size_bytes: int
    name: str
    title: str
    uploader_id: str | None
    uploader_name: str
    created_at: datetime
    trashed_at: datetime | None

    @property
    def url(self) -> str:
        return f"/media/{self.sha256}/{self.name}"

    @property
    def as_part(self) -> context_parts.Document:
        """The document as page templates show it."""
        return context_parts.Document(
            name=self.title, url=self.url, format="PDF", size_bytes=self.size_bytes
        )


def add(actor: Actor, file: Path, *, title: str = "", name: str = "", sha256: str = "") -> Document:
    """Take a PDF into the library; the same bytes again are the same document.

    Raises InvalidInput, TooLarge, Damaged, DiskFull, ReadOnly.
    """
    actor.require(Permission.WRITE)
    site = actor.site
    name = clean_name(name or file.name)
    title = one_line(title) or one_line(PurePath(name).stem.replace("_", " "))
    if len(title) > TITLE_MAX:
        sentence = _("Terlalu panjang: paling banyak {n} huruf.").format(n=TITLE_MAX)
        raise InvalidInput(fields={"title": sentence})
    limit_mb, size_bytes = site.config.number("max_upload_mb"), file.stat().st_size
    if size_bytes > limit_mb << 20:
        raise TooLarge(_("Dokumen lebih dari {n} MB. Kecilkan dulu.").format(n=limit_mb))
    _require_pdf(file, size_bytes)
    digest = digest_of(file)
    if sha256 and digest != sha256.lower():
        raise Damaged(_("Dokumen berubah di perjalanan. Kirim sekali lagi."))
    known = DocumentRow.get_or_none(DocumentRow.sha256 == digest)
    if known is None:
        space.require_room(site, size_bytes)
    if known is None or not masters.path_of(site, digest).exists():
        with masters.incoming(site) as fresh:
            shutil.copyfile(file, fresh)
            sync_file(fresh)
            masters.settle(site, fresh, digest)
    return _kept(actor, digest, size_bytes, name, title)


def get(document_id: str) -> Document | None:
    """Return a document that is not in the trash, or None."""
    row = DocumentRow.get_or_none(
        (DocumentRow.id == document_id) & DocumentRow.trashed_at.is_null()
    )
    return None if row is None else _document(row)


def by_hash(sha256: str) -> Document | None:
    """Return the document with these bytes, also from the trash."""
    row = DocumentRow.get_or_none(DocumentRow.sha256 == sha256)
    return None if row is None else _document(row)


def documents(limit: int = 200) -> list[Document]:
    """Return the newest documents."""
    rows = (
        DocumentRow.select()
        .where(DocumentRow.trashed_at.is_null())
        .order_by(DocumentRow.created_at.desc(), DocumentRow.id.desc())
        .limit(limit)
    )
    return [_document(row) for row in rows]


def trash(actor: Actor, document_id: str) -> None:
    """Take a document away from readers: its address answers 410."""
    actor.require(Permission.WRITE)
    with journal.change(actor) as change:
        row = DocumentRow.get_or_none(
            (DocumentRow.id == document_id) & DocumentRow.trashed_at.is_null()
        )
        if row is None:
            raise NotFound(_("Dokumen ini tidak ada, atau sudah dibuang."))
        is_own = actor.user_id is not None and row.uploader_id == actor.user_id
        if not (is_own or actor.may(Permission.EDIT_ALL)):
            raise Forbidden(_("Dokumen ini bukan milik Anda. Mintalah bantuan Redaksi."))
        row.trashed_at = change.at_ms
        row.save()
        change.record("document", row.id, "trash", keys=_keys(row.id), digest=_digest(row))


def _require_pdf(file: Path, size_bytes: int) -> None:
    with file.open("rb") as source:
        head = source.read(1024)
        source.seek(max(0, size_bytes - 2048))
        tail = source.read()
    if not head.startswith(b"%PDF-"):
        raise InvalidInput(_("Berkas ini bukan PDF. Simpan sebagai PDF, lalu kirim ulang."))
    if b"%%EOF" not in tail:
        raise InvalidInput(_("PDF ini terpotong: sebagian isinya belum sampai. Kirim ulang."))


def _kept(actor: Actor, digest: str, size_bytes: int, name: str, title: str) -> Document:
    with journal.change(actor) as change:
        row = DocumentRow.get_or_none(DocumentRow.sha256 == digest)
        if row is not None and row.trashed_at is None:
            return _document(row)
        if row is not None:
            row.trashed_at = None
            row.save()
            change.record("document", row.id, "restore", keys=_keys(row.id), digest=_digest(row))
            return _document(row)
        row = DocumentRow(
            id=new_id(change.at_ms),
            sha256=digest,
            mime="application/pdf",
            size_bytes=size_bytes,
            name=slugify(PurePath(name).stem, fallback="dokumen")[:80].strip("-") + ".pdf",
            title=title,
            uploader_id=actor.user_id,
            uploader_name=actor.name,
            created_at=change.at_ms,
        )
        row.save(force_insert=True)
        change.record("document", row.id, "add", keys=_keys(row.id), digest=_digest(row))
    return _document(row)


def _keys(document_id: str) -> set[str]:
    return {f"document:{document_id}", "list:documents"}


def _digest(row: DocumentRow) -> str:
    names = ("id", "sha256", "size_bytes", "name", "title", "trashed_at")
    return journal.digest({name: getattr(row, name) for name in names})


def _document(row: DocumentRow) -> Document:
    return Document(
        id=row.id,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        name=row.name,
        title=row.title,
        uploader_id=row.uploader_id,
        uploader_name=row.uploader_name,
        created_at=as_utc(row.created_at),
        trashed_at=None if row.trashed_at is None else as_utc(row.trashed_at),
    )
