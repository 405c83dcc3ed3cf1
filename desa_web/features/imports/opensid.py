"""A dump of OpenSID's database: articles, static pages, categories, galleries.

    dump = open_dump(Path("opensid.sql.gz"), zone)
    for item in dump.items(): …

Only tables of the public site are read; what OpenSID knows of inhabitants is stepped over. The
pictures lie in its folder desa/upload, the larger copies as "sedang_<name>".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote

from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.engines.feeds.reading import markup, moments
from desa_web.features.imports.item import NOWHERE, Item, Kind, Picture, SourceUnreadable
from desa_web.features.imports.mysql_dump import Row, rows
from desa_web.features.imports.notes import Note, Topic

SOURCE = "opensid"
_SMALL_TABLES = frozenset({"kategori", "user", "gambar_gallery"})
# OpenSID's own numbers for what is no news.
_STATIC, _AGENDA, _FINANCE = "999", "1000", "1001"
_NOBODY = frozenset({"admin", "administrator", "superadmin", "super admin", "operator"})
_NO_RUBRIC = frozenset({"berita", "berita-desa", "umum", "artikel"})


@dataclass(frozen=True, slots=True)
class Dump:
    """An opened dump: its small tables are here, its articles are read as a stream."""

    file: Path
    zone: tzinfo
    categories: Mapping[str, Row]
    users: Mapping[str, str]
    gallery: tuple[Row, ...]
    source: str = SOURCE

    def items(self) -> Iterator[Item]:
        """Yield all articles and static pages, then the galleries."""
        for _table, row in rows(self.file, {"artikel"}):
            yield _article(self, row)
        yield from _albums(self)

    def paths(self) -> list[tuple[str, str]]:
        """Return (old address, path here) of lists and feeds."""
        found = [("/feed", "/rss.xml"), ("/first", "/"), ("/first/gallery", "/galeri/")]
        found += [("/galeri", "/galeri/"), ("/first/arsip", "/berita/"), ("/arsip", "/berita/")]
        for number, row in self.categories.items():
            name = unescape(row.get("kategori", ""))
            path = f"/rubrik/{slugify(name, fallback='-')}"
            for old in (f"/first/kategori/{number}", f"/artikel/kategori/{number}"):
                found.append((old, path))
            if slug := row.get("slug", ""):
                found.append((f"/artikel/kategori/{slug}", path))
        return found


def open_dump(file: Path, zone: tzinfo) -> Dump:
    """Return the dump after a first reading. Raises SourceUnreadable."""
    categories: dict[str, Row] = {}
    users: dict[str, str] = {}
    gallery: list[Row] = []
    has_articles = False
    for table, row in rows(file, _SMALL_TABLES | {"artikel"}):
        if table == "artikel":
            has_articles = has_articles or "judul" in row
        elif table == "kategori":
            categories[row.get("id", "")] = row
        elif table == "user":
            # Of the people only the name that stands under their articles.
            users[row.get("id", "")] = row.get("nama", "")
        else:
            gallery.append(row)
    if not has_articles:
        raise SourceUnreadable(
            _("Di {file} tidak ada tabel artikel OpenSID. Ekspor basis datanya lengkap.").format(
                file=file.name
            )
        )
    return Dump(file, zone, categories, users, tuple(gallery))


def _article(dump: Dump, row: Row) -> Item:
    number = row.get("id", "")
    kind = _kind(row)
    at = moments.moment(row.get("tgl_upload", ""), dump.zone)
    name = unescape(dump.users.get(row.get("id_user", ""), "")).strip()
    files = [row.get(column, "") for column in ("gambar", "gambar1", "gambar2", "gambar3")]
    shown = [_picture("artikel", file) for file in files if file.strip()]
    title = unescape(markup.text_of(row.get("judul", "")))
    rubric = "" if kind is Kind.PAGE else _rubric(dump, row)
    skip = _reason_to_skip(row, kind, title)
    notes: list[Note] = []
    return Item(
        key=f"artikel-{number}",
        kind=kind,
        title=title,
        # The pictures beside the text stand below it, as OpenSID shows them.
        html=row.get("isi", "")
        + "".join(f'<p><img src="{p.url}"></p>' for p in shown[1:])
        + _attached(row, notes),
        slug=row.get("slug", ""),
        is_published=row.get("enabled", "1") == "1",
        published_at=at,
        byline="" if name.lower() in _NOBODY else name,
        rubric=rubric,
        base_url=NOWHERE,
        addresses=_addresses(row, at.astimezone(dump.zone) if at else None),
        lead=shown[0] if shown else None,
        notes=tuple(notes),
        skip=skip,
    )


def _attached(row: Row, notes: list[Note]) -> str:
    """Return a link to the document that belongs to an article."""
    file = row.get("dokumen", "").strip().replace("\\", "/").rpartition("/")[2]
    if not file:
        return ""
    if not file.lower().endswith(".pdf"):
        notes.append(Note(Topic.ATTACHMENT, file))
        return ""
    title = unescape(row.get("link_dokumen", "")).strip() or file
    return f'<p><a href="{NOWHERE}desa/upload/dokumen/{quote(file)}">{escape(title)}</a></p>'


def _kind(row: Row) -> Kind:
    is_static = row.get("id_kategori") == _STATIC or row.get("tipe") == "statis"
    return Kind.PAGE if is_static else Kind.ARTICLE


def _reason_to_skip(row: Row, kind: Kind, title: str) -> str:
    number, sort = row.get("id_kategori", ""), row.get("tipe", "")
    if number == _AGENDA or sort == "agenda":
        return _("agenda, yang belum ada tempatnya di sini")
    if number == _FINANCE or sort == "keuangan":
        return _("laporan keuangan, yang belum ada tempatnya di sini")
    if kind is Kind.PAGE and row.get("enabled", "1") != "1":
        return _("halaman yang belum terbit")
    if not title and not row.get("isi", "").strip():
        return _("tulisan kosong")
    return ""


def _rubric(dump: Dump, row: Row) -> str:
    found = dump.categories.get(row.get("id_kategori", ""))
    name = unescape(markup.text_of(found.get("kategori", ""))) if found else ""
    return "" if slugify(name, fallback="") in _NO_RUBRIC else name


def _addresses(row: Row, at: datetime | None) -> tuple[str, ...]:
    """Return all addresses that versions of OpenSID gave an article."""
    number, slug = row.get("id", ""), row.get("slug", "").strip("/")
    found = [f"/first/artikel/{number}", f"/artikel/{number}"] if number else []
    if slug:
        found.append(f"/first/artikel/{slug}")
        if at is not None:
            for day in (f"{at.year}/{at.month}/{at.day}", f"{at:%Y/%m/%d}"):
                found += [f"/artikel/{day}/{slug}", f"/first/artikel/{day}/{slug}"]
    return tuple(dict.fromkeys(found))


def _albums(dump: Dump) -> Iterator[Item]:
    """Yield the galleries: rows without a parent are albums, the others pictures in one."""
    below: dict[str, list[Row]] = {}
    for row in dump.gallery:
        below.setdefault(row.get("parrent", "0") or "0", []).append(row)
    for album in below.get("0", []):
        number = album.get("id", "")
        listed = [row for row in [album, *below.get(number, [])] if row.get("gambar", "").strip()]
        shown = [_picture("galeri", row["gambar"], row.get("nama", "")) for row in listed]
        is_on = album.get("enabled", "1") == "1"
        skip = "" if is_on and shown else _("album kosong atau tidak aktif")
        yield Item(
            key=f"galeri-{number}",
            kind=Kind.ALBUM,
            title=unescape(markup.text_of(album.get("nama", ""))),
            pictures=tuple(dict.fromkeys(shown)),
            skip=skip,
        )


def _picture(folder: str, file: str, caption: str = "") -> Picture:
    name = file.strip().replace("\\", "/").rpartition("/")[2]
    name = name.removeprefix("sedang_").removeprefix("kecil_")
    return Picture(f"{NOWHERE}desa/upload/{folder}/sedang_{quote(name)}", unescape(caption).strip())
