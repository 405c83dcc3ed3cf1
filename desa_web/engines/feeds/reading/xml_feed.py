"""RSS and Atom, well-formed or not: repaired with lxml, understood by feedparser.

feedparser alone falls back to a tolerant parser that takes quadratic time on purpose-made input
(see tests). So the text is made well-formed first: no document type (hence no entities of its
own), no control characters, stray ampersands written out, tags closed by libxml2.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from html.entities import html5
from typing import Any

from lxml import etree

from desa_web.engines.feeds.reading import markup, pictures
from desa_web.engines.feeds.reading.addresses import whole, with_whole_addresses
from desa_web.engines.feeds.reading.model import (
    MAX_HTML_CHARS,
    ForeignEntry,
    ForeignFeed,
    ForeignImage,
)
from desa_web.engines.feeds.reading.moments import moment, of_struct
from desa_web.engines.feeds.text import fit

_PROLOG = re.compile(r"<\?xml[^>]{0,400}\?>")
_FIRST_TAG = re.compile(r"<(?:[A-Za-z]|!DOCTYPE)", re.I)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*)?>", re.I | re.S)
_REFERENCE = re.compile(r"&(?:(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));|&")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
# feedparser looks at every tag for every tag, and at every attribute for every attribute.
_TAG_NAMES = frozenset({"category", "subject", "keywords"})
_MAX_TAGS, _MAX_TAG_CHARS, _MAX_ATTRIBUTES, _MAX_ELEMENTS = 60, 1000, 50, 150_000
_MAIL = re.compile(r"^\s*\S+@\S+\s*(?:\((?P<name>.*)\))?\s*$")


def feed_of(text: str, base_url: str, limit: int) -> ForeignFeed | None:
    """Return the feed, None when the XML is none."""
    import feedparser  # type: ignore[import-untyped]

    source = _repaired(text, limit)
    if source is None:
        return None
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": base_url}
    parsed = feedparser.parse(
        io.BytesIO(source), response_headers=headers, sanitize_html=False,
        resolve_relative_uris=False,
    )  # fmt: skip
    if not parsed.version and not parsed.entries:
        return None
    feed = parsed.feed
    home = whole(_text(feed, "link"), base_url)
    return ForeignFeed(
        title=markup.text_of(_text(feed, "title"))[:300],
        link=home,
        entries=tuple(_entry(entry, home or base_url) for entry in parsed.entries[:limit]),
        next_url=_older(feed, base_url),
        generator=_text(feed, "generator")[:200],
    )


def _repaired(text: str, limit: int) -> bytes | None:
    """Return the document as well-formed UTF-8 with at most `limit` entries."""
    text = _PROLOG.sub("", text[:500], count=1) + text[500:]
    first = _FIRST_TAG.search(text)
    if first is None:
        return None
    doctype = _DOCTYPE.match(text, first.start())
    text = text[doctype.end() if doctype else first.start() :]
    text = _REFERENCE.sub(_reference, fit(text))
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, strip_cdata=False,
    )  # fmt: skip
    root = etree.fromstring(text.encode(), parser)
    if root is None:
        return None
    etree.cleanup_namespaces(root)
    _prune(root, limit)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _prune(root: etree._Element, limit: int) -> None:
    """Leave what a feed can need: feedparser's work grows with the square of the rest.

    Raises ValueError for a document of nothing but tags.
    """
    for element in list(root.iter("{*}item", "{*}entry"))[limit:]:
        above = element.getparent()
        if above is not None:
            above.remove(element)
    named: Counter[etree._Element] = Counter()
    for count, element in enumerate(list(root.iter("*"))):
        if count > _MAX_ELEMENTS:
            raise ValueError("too many elements")
        if len(element.attrib) > _MAX_ATTRIBUTES:
            element.attrib.clear()
        above = element.getparent()
        if above is not None and _is_named(element, _TAG_NAMES):
            named[above] += 1
            if named[above] > _MAX_TAGS or len(element.text or "") > _MAX_TAG_CHARS:
                above.remove(element)


def _is_named(element: etree._Element, names: frozenset[str]) -> bool:
    return etree.QName(element).localname.lower() in names


def _reference(match: re.Match[str]) -> str:
    """Write an HTML entity as its number, a stray ampersand as one."""
    if match[1]:
        return match[0]
    name = match[2]
    if name in _XML_NAMES:
        return match[0]
    letters = html5.get(f"{name};", "") if name else ""
    if letters:
        return "".join(f"&#{ord(letter)};" for letter in letters)
    return "&amp;" + match[0][1:]


def _entry(entry: Mapping[str, Any], home: str) -> ForeignEntry:
    url = whole(_text(entry, "link"), home)
    base = url or home
    html = with_whole_addresses(_html(entry)[:MAX_HTML_CHARS], base)
    title = markup.text_of(_text(entry, "title"))[:300]
    images = {image.url: image for image in _attached(entry, base)}
    for image in pictures.in_html(html, base):
        if not images.get(image.url, ForeignImage("")).alt:
            credit = images[image.url].credit if image.url in images else ""
            images[image.url] = ForeignImage(image.url, image.alt, credit)
    return ForeignEntry(
        guid=_text(entry, "id").strip()[:500],
        url=url,
        title=title or markup.text_of(html)[:120],
        html=html,
        published=_moment(entry, "published") or _moment(entry, "created"),
        updated=_moment(entry, "updated"),
        author=_author(entry),
        tags=tuple(_tags(entry)),
        images=tuple(images.values()),
    )


def _html(entry: Mapping[str, Any]) -> str:
    """Return the fullest text: the content, or the summary when that is all there is."""
    parts = [p for p in entry.get("content") or () if isinstance(p, dict)]
    parts.sort(key=lambda part: len(_text(part, "value")), reverse=True)
    summary = entry.get("summary_detail")
    if isinstance(summary, dict):
        parts.append(summary)
    for part in parts:
        value = _text(part, "value").strip()
        if value:
            is_plain = part.get("type") == "text/plain" and "<" not in value
            return f"<p>{escape(value)}</p>" if is_plain else value
    return ""


def _attached(entry: Mapping[str, Any], base: str) -> Iterable[ForeignImage]:
    """Yield the pictures beside the text, the best one first."""
    credits = [_text(c, "content") for c in _dicts(entry, "media_credit")]
    credit = markup.text_of(credits[0])[:160] if credits else ""
    for part in _dicts(entry, "media_content"):
        kind = f"{_text(part, 'medium')} {_text(part, 'type')}"
        if "image" in kind or not kind.strip():
            yield from _image(_text(part, "url"), base, credit)
    for link in _dicts(entry, "links"):
        if _text(link, "rel") == "enclosure" and _text(link, "type").startswith("image/"):
            yield from _image(_text(link, "href"), base, credit)
    if not _dicts(entry, "media_content"):
        for part in _dicts(entry, "media_thumbnail"):
            yield from _image(_text(part, "url"), base, credit)


def _image(address: str, base: str, credit: str) -> Iterable[ForeignImage]:
    url = whole(address, base)
    if pictures.is_photo(url):
        yield ForeignImage(url, "", credit)


def _author(entry: Mapping[str, Any]) -> str:
    detail = entry.get("author_detail")
    name = _text(detail, "name") if isinstance(detail, dict) else ""
    name = name or _text(entry, "author")
    mail = _MAIL.match(name)
    if mail:
        name = mail["name"] or ""
    return markup.text_of(name)[:120]


def _tags(entry: Mapping[str, Any]) -> list[str]:
    terms = (_text(tag, "label") or _text(tag, "term") for tag in _dicts(entry, "tags"))
    return list(dict.fromkeys(name for term in terms if (name := markup.text_of(term)[:80])))


def _moment(entry: Mapping[str, Any], name: str) -> Any:
    # Not by entry.get: for "updated" feedparser would give "published" and warn about it.
    struct = dict.get(entry, f"{name}_parsed") if isinstance(entry, dict) else None
    text = dict.get(entry, name) if isinstance(entry, dict) else None
    return of_struct(struct) or (moment(text) if isinstance(text, str) else None)


def _older(feed: Mapping[str, Any], base_url: str) -> str:
    links = {_text(link, "rel"): _text(link, "href") for link in _dicts(feed, "links")}
    return whole(links.get("next") or links.get("prev-archive") or "", base_url)


def _dicts(part: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = part.get(name)
    return [one for one in listed[:50] if isinstance(one, dict)] if isinstance(listed, list) else []


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return fit(value) if isinstance(value, str) else ""
