"""A WordPress export (WXR): read as a stream, twice; nothing of it is trusted.

    export = open_export(Path("sukamaju.xml"), zone)
    export.source                  "wordpress:sukamaju.desa.id"
    for item in export.items(): …

First the authors and pictures are noted, then the texts come one after the other, so that the size
of the file costs no memory. No entity of the document is expanded and nothing outside it is read.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from html import escape, unescape
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from lxml import etree

from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.engines.feeds.reading import markup, moments, pictures
from desa_web.features.imports.item import Item, Kind, Picture, SourceUnreadable
from desa_web.features.imports.notes import Note, Topic
from desa_web.features.imports.wordpress_text import html_of

_HEAD_BYTES = 65_536
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})")
_UNFIT = bytes(n for n in range(32) if n not in (9, 10, 13))
_SIZED = re.compile(r"-(?:\d{1,5}x\d{1,5}|scaled)(?=\.[A-Za-z0-9]{2,5}$)")
_NO_RUBRIC = frozenset({
    "uncategorized", "uncategorised", "tak-berkategori", "tanpa-kategori", "tidak-berkategori",
    "berita", "umum",
})  # fmt: skip
_NOBODY = frozenset({"admin", "administrator", "superadmin", "operator", "root", "user", "desa"})
_METAS = frozenset({"_thumbnail_id", "_wp_attachment_image_alt", "_yoast_wpseo_primary_category"})
_MAX_GALLERY = 60
# No text of people is longer; and one record with its comments is held in memory.
_MAX_CHARS, _MAX_RECORD = 2_000_000, 16 << 20
_LISTENED = ("item", "author", "category", "base_site_url", "base_blog_url", "comment", "postmeta")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture of the library of WordPress, by its id there."""

    url: str
    caption: str
    alt: str
    parent: str


@dataclass(frozen=True, slots=True)
class Export:
    """An opened export. `types`: own kinds of texts that come in as articles.

    is_whole: False when the file ends before its end, as after a broken download.
    """

    file: Path
    source: str
    zone: tzinfo
    home_url: str
    authors: Mapping[str, str]
    terms: Mapping[str, str]
    attachments: Mapping[str, Attachment]
    types: frozenset[str] = frozenset()
    by_url: Mapping[str, Attachment] = field(default_factory=dict)
    by_parent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_whole: bool = True

    def items(self) -> Iterator[Item]:
        """Yield all texts in the order of the file. Raises SourceUnreadable in the middle.

        The last text of a file that was cut may be half a text: it stays out until a whole file.
        """
        held: Item | None = None
        for tag, values in _records(self.file):
            if tag == "item" and values["post_type"] != "attachment":
                if held is not None:
                    yield held
                held = _item(self, values)
        if held is not None:
            yield held if self.is_whole else replace(held, skip=_cut())

    def paths(self) -> list[tuple[str, str]]:
        """Return (old address, path here) of lists and feeds."""
        home = urlsplit(self.home_url).path.rstrip("/")
        found = [(f"{home}/feed", "/rss.xml"), (f"{home}/feed/atom", "/feed.atom")]
        found += [(f"{home}/comments/feed", "/rss.xml"), (f"{home}/rss", "/rss.xml")]
        for term in self.terms.values():
            slug, _colon, name = term.partition(":")
            rubric = slugify(name, fallback="")
            if rubric:
                found.append((f"{home}/category/{slug}", f"/rubrik/{rubric}"))
        return found


def open_export(file: Path, zone: tzinfo, types: Sequence[str] = ()) -> Export:
    """Return the export after a first reading. Raises SourceUnreadable."""
    _refuse_strangers(file)
    authors: dict[str, str] = {}
    terms: dict[str, str] = {}
    attachments: dict[str, Attachment] = {}
    home = ""
    is_export = False
    for tag, values in _records(file):
        if tag in ("base_site_url", "base_blog_url"):
            home = values["text"] if tag == "base_blog_url" or not home else home
        elif tag == "author":
            authors[values["author_login"]] = values["author_display_name"]
        elif tag == "category" and values["cat_name"]:
            terms[values["term_id"]] = f"{values['category_nicename']}:{values['cat_name']}"
        elif tag == "item":
            is_export = is_export or bool(values["post_id"] or values["post_type"])
            if values["post_type"] == "attachment" and values["attachment_url"]:
                attachments[values["post_id"]] = _attachment(values)
    if not is_export:
        raise SourceUnreadable(
            _(
                "Di {file} tidak ada tulisan WordPress. Pakai menu Perkakas, Ekspor, Semua konten."
            ).format(file=file.name)
        )
    host = (urlsplit(home).hostname or "").removeprefix("www.")
    parents: dict[str, list[str]] = {}
    for number, one in attachments.items():
        parents.setdefault(one.parent, []).append(number)
    return Export(
        file, f"wordpress:{host}", zone, home, authors, terms, attachments, frozenset(types),
        {_plain_url(one.url): one for one in attachments.values()},
        {parent: tuple(numbers) for parent, numbers in parents.items()}, _is_whole(file),
    )  # fmt: skip


class _Values(dict[str, Any]):
    """The values of one record; what is missing is empty."""

    def __missing__(self, name: str) -> str:
        return ""


def _refuse_strangers(file: Path) -> None:
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    if b"<rss" not in head:
        raise SourceUnreadable(
            _(
                "{file} bukan berkas ekspor WordPress. Pakai menu Perkakas, Ekspor di WordPress."
            ).format(file=file.name)
        )
    if re.search(rb"<!(?:DOCTYPE|ENTITY)", head[: head.index(b"<rss")], re.IGNORECASE):
        # WordPress writes none; who does wants something of the reader.
        raise SourceUnreadable(
            _("{file} memuat definisi yang tidak pernah ditulis WordPress. Ekspor ulang.").format(
                file=file.name
            )
        )


def _is_whole(file: Path) -> bool:
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - _HEAD_BYTES))
        return b"</rss>" in opened.read()


def _cut() -> str:
    return _(
        "yang terakhir, karena berkas ini terpotong: ekspor atau unduhannya belum selesai. "
        "Ekspor sekali lagi dari WordPress, lalu ulangi perintah ini; yang belum ada menyusul"
    )


def _records(file: Path) -> Iterator[tuple[str, _Values]]:
    """Yield items, authors and categories; what was read is forgotten at once."""
    with file.open("rb") as opened:
        yield from _records_of(_Clean(opened), file.name)


class _Overlong(Exception):
    """One record is longer than any text of people."""


class _Clean:
    """The bytes of a file without what XML cannot hold: old editors and imports left some."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder: codecs.IncrementalDecoder | None = None
        self._since_record = 0
        head = stream.read(200)
        stream.seek(0)
        named = _ENCODING.search(head)
        if named is None or named[1].lower() in (b"utf-8", b"utf8"):
            self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        end = data.rfind(b"</item>")
        self._since_record = len(data) - end if end >= 0 else self._since_record + len(data)
        if self._since_record > _MAX_RECORD:
            raise _Overlong
        clean = data.translate(None, _UNFIT)
        if self._decoder is None:
            return clean if clean or not data else b" "
        text = self._decoder.decode(clean, final=not data)
        # No bytes would mean the end of the file.
        return text.encode() if text or not data else b" "


def _records_of(stream: _Clean, name: str) -> Iterator[tuple[str, _Values]]:
    context = etree.iterparse(
        stream, events=("end",), tag=[f"{{*}}{name}" for name in _LISTENED],
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, recover=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    metas: dict[str, str] = {}
    try:
        for _event, element in context:
            tag = etree.QName(element).localname
            if tag == "postmeta":
                values = _values(element)
                if values["meta_key"] in _METAS:
                    metas[values["meta_key"]] = values["meta_value"]
            elif tag == "comment":
                pass
            elif tag == "category" and element.get("domain") is not None:
                continue  # of an item: read with it
            else:
                yield tag, _values(element, metas)
                metas = {}
            _forget(element)
    except _Overlong as error:
        raise SourceUnreadable(
            _(
                "Satu tulisan di {file} lebih dari {n} MB. Hapus tulisan itu, lalu ekspor ulang."
            ).format(file=name, n=_MAX_RECORD >> 20)
        ) from error
    except etree.XMLSyntaxError as error:
        raise SourceUnreadable(
            _("{file} rusak di baris {line}. Ekspor ulang berkasnya dari WordPress.").format(
                file=name, line=error.lineno or "?"
            )
        ) from error


def _forget(element: etree._Element) -> None:
    """Free a record; what stands before it in the document went the same way."""
    element.clear()
    above = element.getparent()
    if above is not None and etree.QName(above).localname == "channel":
        while element.getprevious() is not None:
            del above[0]


def _values(element: etree._Element, metas: Mapping[str, str] | None = None) -> _Values:
    found = _Values(metas or {})
    found["text"] = (element.text or "").strip()
    found["terms"] = []
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name = etree.QName(child)
        text = child.text or ""
        if name.localname == "category" and child.get("domain"):
            found["terms"].append((child.get("domain"), child.get("nicename") or "", text.strip()))
        elif name.localname == "encoded":
            found["excerpt" if "excerpt" in (name.namespace or "") else "content"] = text
        else:
            found[name.localname] = text.strip()
    return found


def _attachment(values: _Values) -> Attachment:
    return Attachment(
        values["attachment_url"],
        markup.text_of(values["excerpt"])[:1000],
        markup.text_of(values["_wp_attachment_image_alt"])[:300],
        values["post_parent"],
    )


def _item(export: Export, values: _Values) -> Item:
    kind = Kind.PAGE if values["post_type"] == "page" else Kind.ARTICLE
    notes: list[Note] = []
    skip = _reason_to_skip(export, values, kind)
    link = values["link"]
    item = Item(
        key=values["post_id"] or values["guid"] or link,
        kind=kind,
        title=markup.text_of(values["title"]),
        slug=unquote(values["post_name"]),
        is_published=_is_published(values, notes),
        published_at=_moment(export, values),
        base_url=link if urlsplit(link).scheme else export.home_url,
        addresses=_addresses(export, values),
        parent=_parent(values) if kind is Kind.PAGE else "",
        skip=skip,
    )
    return item if skip else _with_text(export, values, item, notes)


def _parent(values: _Values) -> str:
    return "" if values["post_parent"] in ("", "0") else str(values["post_parent"])


def _with_text(export: Export, values: _Values, item: Item, notes: list[Note]) -> Item:
    def gallery_of(ids: Sequence[str]) -> str:
        wanted = list(ids) or export.by_parent.get(values["post_id"], ())
        known = [export.attachments[i] for i in wanted if i in export.attachments]
        return "\n\n" + "".join(map(_figure, known[:_MAX_GALLERY])) + "\n\n"

    html = html_of(values["content"], gallery_of, notes)
    lead = export.attachments.get(values["_thumbnail_id"])
    rubric, tags = _sections(export, values)
    byline = export.authors.get(values["creator"], values["creator"])
    told = []
    for shown in pictures.in_html(html, item.base_url):
        known = export.by_url.get(_plain_url(shown.url))
        if known is not None:
            told += [Picture(u, known.caption, known.alt) for u in (shown.url, known.url)]
    return replace(
        item,
        html=html,
        standfirst=markup.text_of(values["excerpt"]),
        byline="" if byline.strip().lower() in _NOBODY else unescape(byline.strip()),
        rubric=rubric,
        tags=tags,
        lead=Picture(lead.url, lead.caption, lead.alt) if lead else None,
        pictures=tuple(dict.fromkeys(told)),
        notes=tuple(notes),
    )


def _reason_to_skip(export: Export, values: _Values, kind: Kind) -> str:
    post_type, status = values["post_type"], values["status"]
    if post_type not in ("post", "page", *export.types):
        return _("berjenis {name}, bukan berita atau halaman").format(name=post_type or "?")
    if status in ("trash", "auto-draft", "inherit"):
        return _("dari keranjang sampah atau simpanan otomatis")
    if kind is Kind.PAGE and status != "publish":
        return _("halaman yang belum terbit")
    if not values["title"] and not values["content"].strip():
        return _("tulisan kosong")
    if len(values["content"]) > _MAX_CHARS:
        return _("tulisan yang terlalu panjang untuk dibaca program")
    return ""


def _is_published(values: _Values, notes: list[Note]) -> bool:
    if values["post_password"]:
        notes.append(Note(Topic.DRAFT, why=_("di situs lama dikunci kata sandi")))
        return False
    if values["status"] == "future":
        notes.append(Note(Topic.DRAFT, why=_("di situs lama masih terjadwal")))
    elif values["status"] == "private":
        notes.append(Note(Topic.DRAFT, why=_("di situs lama bersifat pribadi")))
    return bool(values["status"] == "publish")


def _moment(export: Export, values: _Values) -> datetime | None:
    # A draft has 0000-00-00 there.
    return (
        moments.moment(values["post_date_gmt"], UTC)
        or moments.moment(values["post_date"], export.zone)
        or moments.moment(values["pubDate"])
    )


def _sections(export: Export, values: _Values) -> tuple[str, tuple[str, ...]]:
    """Return the rubric (the primary category, else the first) and the tags."""
    names = [
        (nice, unescape(name)) for domain, nice, name in values["terms"] if domain == "category"
    ]
    tags = [unescape(name) for domain, _nice, name in values["terms"] if domain == "post_tag"]
    primary = export.terms.get(values["_yoast_wpseo_primary_category"], "").partition(":")[0]
    names.sort(key=lambda term: (term[0] in _NO_RUBRIC, term[0] != primary))
    chosen = [name for nice, name in names if nice not in _NO_RUBRIC]
    rubric = chosen[0] if chosen else ""
    return rubric, tuple(dict.fromkeys([*chosen[1:], *tags]))


def _addresses(export: Export, values: _Values) -> tuple[str, ...]:
    home = urlsplit(export.home_url).path.rstrip("/")
    found = [values["link"], values["guid"]]
    if values["post_id"]:
        found.append(f"{home}/?p={values['post_id']}")
        if values["post_type"] == "page":
            found.append(f"{home}/?page_id={values['post_id']}")
    return tuple(dict.fromkeys(one for one in found if one))


def _figure(one: Attachment) -> str:
    caption = f"<figcaption>{escape(one.caption)}</figcaption>" if one.caption else ""
    return f'<figure><img src="{escape(one.url)}" alt="{escape(one.alt)}">{caption}</figure>\n\n'


def _plain_url(url: str) -> str:
    """Return the address without what differs between a picture and its copies."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    return f"{host}{_SIZED.sub('', unquote(parts.path))}".lower()
